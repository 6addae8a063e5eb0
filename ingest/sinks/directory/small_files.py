"""Which staged files are so small that they are worth putting together, before any is published.

A partition stages a file for each folder that it has rows for: 200 partitions with rows of a year
make 73,000 files where 365 would do. Writing them once more costs a tenth of what the run has
cost, so it is only done where it pays: a few files, or files of some megabytes, stay as they are.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field

from ingest.core.dataclass import dataclass
from ingest.sinks.base import Part
from ingest.sinks.directory.staged import StagedFile

MANY = 64
"""More files than this are too many, if they are small."""
SMALL_SHARE = 16
"""Files are small that have, on average, less than this part of the target."""
MOST_FILES = 1_000
"""How many are put together at most: it is one worker's work, lost if that dies."""
MOST_WAITING = 100_000
"""For how many, at a time, it is remembered where they are: about 60 MB."""


def are_too_small(files: int, size: int, target_bytes: int) -> bool:
    """Say whether so many files of so many bytes together are worth putting together."""
    return files > MANY and size * SMALL_SHARE < files * target_bytes


def groups(parts: Iterable[Part], target_bytes: int) -> Iterator[Sequence[Part]]:
    """Yield files of one folder each that are to become one, of at most the target.

    They are in the order of their partitions. What is larger than half the target stays.
    """
    waiting: dict[str, _Group] = {}
    held = 0
    for part in parts:
        file = StagedFile.of(part.staged)
        if file.bytes > target_bytes // 2:
            continue
        group = waiting.setdefault(file.folder, _Group())
        if group.bytes + file.bytes > target_bytes or len(group.parts) == MOST_FILES:
            held -= len(group.parts)
            yield from group.taken()
        group.add(part)
        held += 1
        if held > MOST_WAITING:
            group = max(waiting.values(), key=lambda each: len(each.parts))
            held -= len(group.parts)
            yield from group.taken()
    for group in waiting.values():
        yield from group.taken()


@dataclass(slots=True)
class _Group:
    """Files of one folder."""

    parts: list[Part] = field(default_factory=list)
    bytes: int = 0

    def add(self, part: Part) -> None:
        self.parts.append(part)
        self.bytes += part.staged.bytes

    def taken(self) -> Iterator[Sequence[Part]]:
        """Yield what is in it, unless it is a single file, and empty it."""
        if len(self.parts) > 1:
            yield sorted(self.parts, key=lambda part: part[:2])
        self.parts, self.bytes = [], 0
