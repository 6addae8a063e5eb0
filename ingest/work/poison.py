"""Rows that end or break their worker: what is known of them, and how they are narrowed down."""

from typing import NamedTuple

from ingest.core.dataclass import dataclass

COARSE = 4096
FINE = 64


@dataclass(frozen=True, slots=True)
class Limits:
    """What a search for poison rows may cost.

    `max_poison_rows` is how many rows of a partition may be set aside, `memory_bytes` what the
    steps may take beyond what the partition itself takes, `timeout_s` how long a whole partition
    may take.
    """

    max_poison_rows: int = 20
    memory_bytes: int | None = None
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class Poison:
    """A record that ends or breaks its worker: where it lies, in which step it does so, and how.

    `step` counts the transforms from 0; the contract comes behind the last. `traceback` is what
    Python, or else the dying process, said of it.
    """

    position: int
    step: int
    reason: str
    traceback: str = ""


class ChunkMark(NamedTuple):
    """What a guarded process is about to do: which chunk, in which step; and its frontier.

    `position` is that of the chunk's first record.
    """

    at: int
    fine: int
    single: int
    length: int
    position: int
    step: int

    @property
    def chunk(self) -> tuple[int, int]:
        """What tells the chunk from all others: where it begins, and its length."""
        return self.at, self.length


@dataclass(slots=True)
class Frontier:
    """How far the rows of a partition are known, and how closely the next ones are looked at.

    Rows before `at` have passed or are found guilty. Those before `single` are worked one by one,
    those before `fine` in chunks of 64, all others in chunks of 4,096: three failures find a row.
    """

    at: int = 0
    fine: int = 0
    single: int = 0

    def length(self, rows: int) -> int:
        """Return how many of the partition's `rows` are worked next."""
        if self.at < self.single:
            return 1
        if self.at < self.fine:
            return min(FINE, self.fine - self.at)
        return min(COARSE, rows - self.at)

    def passed(self, length: int) -> None:
        """Move on behind a chunk that was worked."""
        self.at += length

    def broke(self, length: int) -> bool:
        """Look closer at the chunk that failed; if it was one row, move on behind it.

        Returns whether it was.
        """
        if length > FINE:
            self.fine = self.at + length
        elif length > 1:
            self.single = self.at + length
        else:
            self.at += 1
        return length == 1
