"""What was handed out and has no answer, between the driver's thread and that of Ray.

This module does not import Ray: work is handed out before it is there.
"""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ingest.core.outcome import Outcome
from ingest.core.partition import Assignment
from ingest.workers.base import Answer, Lost
from ingest.workers.pool import PACK, PACK_S, UNKNOWN, pack
from ingest.workers.sharing import Demand

if TYPE_CHECKING:
    from ingest.workers.on_ray.execution import LiveExecution
    from ingest.workers.on_ray.fleet import Fleet


class Handout:
    """Packs for the live execution, or for the next one while there is none. Safe in all threads.

    A partition that was in a pack of several when its worker died gets a pack of its own from then
    on. `answer` is called with each answer, in the thread in which it comes.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._lock = threading.Lock()
        self._waiting: list[Sequence[Assignment]] = []
        self._alone: set[int] = set()
        self._out: set[int] = set()
        self.demand = Demand()
        self.execution: LiveExecution | None = None
        """The one that is live, if there is one."""
        self.fleet: Fleet | None = None
        """What says how many workers there are, once that is known."""
        self.closed = False
        """Whether no execution is to begin any more."""

    def put(self, assignments: Sequence[Assignment], workers: int) -> None:
        """Hand out work for so many workers; small neighbours share a pack."""
        with self._lock:
            indexes = [each.partition.index for each in assignments]
            doubles = self._out & set(indexes)
            self._out.update(indexes)
            self.demand.out = len(self._out)
            packs = pack(assignments, workers, self._alone | doubles, self._together)
            if self.execution is not None and self.execution.accepts:
                self.execution.put(packs, pause=bool(doubles))
            else:
                self._waiting += packs

    def take(self, answer: Outcome | Lost) -> None:
        """Note an answer, and pass it on."""
        with self._lock:
            self._out.discard(answer.key[1])
            self.demand.out = len(self._out)
            if isinstance(answer, Outcome) and answer.failure is None:
                self.demand.completed(sum(answer.seconds.values()))
            if isinstance(answer, Lost):
                self._alone.add(answer.key[1])
        self._answer(answer)

    def begin(self, execution: "LiveExecution") -> bool:
        """Give an execution what waits; return whether it is live now, or all is to end."""
        with self._lock:
            if self.closed:
                return False
            self.execution = execution
            packs, self._waiting = self._waiting, []
            execution.put(packs)
            return True

    def end(self, execution: "LiveExecution") -> None:
        """Take back what an execution that has ended has not answered."""
        with self._lock:
            self.execution = None
            self._waiting = execution.unanswered() + self._waiting

    def close(self) -> "LiveExecution | None":
        """Let no execution begin any more; return the one that is live."""
        with self._lock:
            self.closed = True
            return self.execution

    @property
    def _together(self) -> int:
        """How many small partitions may share a pack."""
        each_s = self.demand.each_s
        return UNKNOWN if each_s is None else max(1, min(PACK, int(PACK_S / max(each_s, 0.001))))
