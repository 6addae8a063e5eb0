"""Which staged files are not published, because their rows lie in another: a fold over events."""

from collections import Counter
from dataclasses import field

from ingest.core.dataclass import dataclass
from ingest.records.events import Combined


@dataclass(slots=True)
class Combinations:
    """What was combined of what partitions have staged. Memory: about 100 bytes for each of them.

    `saved_files` and `saved_bytes` say by output by how much there are fewer for it. `following` is
    a number that no combined file has yet, or 0 if there is none.
    """

    number: int = 0
    following: int = 0
    saved_files: Counter[str] = field(default_factory=Counter)
    saved_bytes: Counter[str] = field(default_factory=Counter)
    _places: dict[int, int] = field(default_factory=dict)

    def add(self, event: Combined) -> None:
        """Take one into account."""
        self.number += 1
        self.following = max(self.following, event.index + 1)
        self.saved_files[event.output] += len(event.parts) - 1
        self.saved_bytes[event.output] += event.bytes - event.staged.bytes
        for partition, place in event.parts:
            self._places[partition] = self._places.get(partition, 0) | 1 << place

    def has(self, partition: int, place: int) -> bool:
        """Whether a staged file was combined: the partition's index, and the file's place in it."""
        return bool(self._places.get(partition, 0) >> place & 1)
