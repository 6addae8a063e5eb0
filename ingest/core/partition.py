"""The unit of work: which pieces of which inputs make a partition, and one try at it."""

import hashlib
from collections.abc import Sequence

from ingest.core.dataclass import dataclass
from ingest.core.outcome import Staged

WHOLE = -1


@dataclass(frozen=True, slots=True)
class Slice:
    """A piece of one input, with the identity the input had when the plan was frozen.

    `start` and `end` count in the source's own unit (bytes of text files, row groups of Parquet);
    `end == -1` means the whole input. `version` is the etag, or the modification time in
    nanoseconds where there is no etag. `bytes` estimates what has to be read, as stored.
    `changed_ns` is when the inode of a local file was last changed (ctime), in nanoseconds since
    the epoch; 0 if that is not known, or is not to be compared.
    """

    uri: str
    size: int
    version: str
    start: int = 0
    end: int = WHOLE
    bytes: int = 0
    changed_ns: int = 0


@dataclass(frozen=True, slots=True)
class Partition:
    """The unit of work, retry, checkpoint and accounting.

    `index` is its place in the plan, `id` depends on nothing but its slices.
    """

    index: int
    id: str
    slices: tuple[Slice, ...]

    @property
    def bytes(self) -> int:
        """What has to be read, in bytes, as it lies on storage."""
        return sum(piece.bytes for piece in self.slices)

    def __str__(self) -> str:
        """Say which partition this is, and of which inputs, for messages."""
        uris = list(dict.fromkeys(piece.uri for piece in self.slices))
        more = f" and {len(uris) - 2} more" if len(uris) > 2 else ""
        return f"partition {self.id} ({', '.join(uris[:2])}{more})"


@dataclass(frozen=True, slots=True)
class Small:
    """Small files of one `output` that are to become one: what workers have staged of it."""

    output: str
    files: tuple[Staged, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """One try at a partition, as it is handed to a worker.

    With `search` it is searched for the rows that end its worker, in a guarded child process, and
    worked without them. With `small` nothing is read: these files are put together.
    """

    partition: Partition
    attempt: int
    try_number: int
    search: bool = False
    small: Small | None = None

    @property
    def key(self) -> tuple[int, int, int]:
        """What tells this try from every other of the run: attempt, partition index, try."""
        return self.attempt, self.partition.index, self.try_number


def partition_id(slices: Sequence[Slice]) -> str:
    """Return 16 hex digits that depend only on what the slices are, not on how they were found.

    `changed_ns` is left out: a `chmod` makes no other partition.
    """
    digest = hashlib.sha256()
    for piece in slices:
        line = f"{piece.uri}\0{piece.size}\0{piece.version}\0{piece.start}\0{piece.end}\n"
        digest.update(line.encode())
    return digest.hexdigest()[:16]
