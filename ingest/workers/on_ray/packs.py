"""The packs that an execution was given and has not answered, by their index."""

import threading
import time
from collections.abc import Mapping, Sequence

from ingest.core.partition import Assignment


class OpenPacks:
    """Packs by index, counted from 0 as they come; and which are being worked. Safe in all threads.

    What is being worked is known to about a second.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[int, Sequence[Assignment]] = {}
        self._begun: dict[int, float] = {}
        self.next = 0
        """The index of the next pack."""

    def add(self, packs: Sequence[Sequence[Assignment]]) -> int:
        """Keep packs until they are answered; return the index of the first."""
        with self._lock:
            first = self.next
            self._open.update(enumerate(packs, first))
            self.next += len(packs)
        return first

    def of(self, index: int) -> Sequence[Assignment]:
        """Return a pack; empty if it is answered."""
        return self._open.get(index, ())

    def close(self, index: int) -> bool:
        """Note that a pack is answered; return whether it was not yet."""
        with self._lock:
            return self._open.pop(index, None) is not None

    def unanswered(self) -> list[Sequence[Assignment]]:
        """Return what has not been answered, in order."""
        return [self._open[index] for index in sorted(self._open)]

    def begun(self, worked_s: Mapping[int, float]) -> float:
        """Note for how many seconds packs have been worked by now.

        Returns for how long the slowest partition has: packs of several take longer.
        """
        now = time.monotonic()
        with self._lock:
            self._begun = {index: now - seconds for index, seconds in worked_s.items()}
            packs = [(self._open.get(index), seconds) for index, seconds in worked_s.items()]
        return max((seconds / len(pack) for pack, seconds in packs if pack), default=0.0)

    def worked_s(self, key: tuple[int, int, int]) -> float:
        """Return for how many seconds a try has been worked; 0 if it has not begun."""
        with self._lock:
            for index, began in self._begun.items():
                pack = self._open.get(index, ())
                if any(each.key == key for each in pack):
                    return (time.monotonic() - began) / len(pack)
        return 0.0
