"""What the settled partitions of a run come to: a fold that grows with the steps only."""

from dataclasses import field
from typing import Any

from ingest.core.dataclass import dataclass
from ingest.core.outcome import Book, Outcome

EXAMPLES = 10


@dataclass(slots=True)
class Totals:
    """Sums over outcomes. The order in which outcomes are added makes no difference to the sums."""

    partitions: int = 0
    books: dict[str, Book] = field(default_factory=dict)
    staged: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    bytes_read: int = 0
    bytes_written: dict[str, int] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    examples: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    peak_bytes: int = 0
    nulls: set[str] = field(default_factory=set)
    """The partition columns of the main output that are null in some row."""

    def add(self, outcome: Outcome) -> None:
        """Add one settled partition."""
        self.partitions += 1
        for book in outcome.books:
            self.books[book.step] = _sum(self.books.get(book.step), book)
        for staged in outcome.staged:
            _count(self.staged, staged.output, 1)
            self.nulls.update(staged.nulls)
            _count(self.rows, staged.output, staged.rows)
            _count(self.bytes_written, staged.output, staged.bytes)
        for reason, count in outcome.errors.items():
            _count(self.errors, reason, count)
        self.examples.extend(outcome.examples[: EXAMPLES - len(self.examples)])
        for sums, taken in ((self.seconds, outcome.seconds), (self.cpu, outcome.cpu)):
            for part, seconds in taken.items():
                sums[part] = sums.get(part, 0.0) + seconds
        self.bytes_read += outcome.bytes
        self.peak_bytes = max(self.peak_bytes, outcome.peak_bytes)

    @property
    def summary(self) -> dict[str, int]:
        """How many records were read, and what became of them."""
        return {
            "read": self.records,
            "written": self.rows.get("main", 0),
            "filtered": self.dropped("filtered"),
            "rejected": self.rejected,
        }

    @property
    def records(self) -> int:
        """How many records were read."""
        return next(iter(self.books.values())).rows if self.books else 0

    @property
    def rejected(self) -> int:
        """How many rows were rejected, quarantined or skipped."""
        return self.dropped("quarantined") + self.dropped("skipped")

    def dropped(self, reason: str) -> int:
        """How many rows went for one reason, over all steps."""
        return sum(book.dropped.get(reason, 0) for book in self.books.values())


def _sum(one: Book | None, other: Book) -> Book:
    if one is None:
        return other
    return Book(
        other.step,
        one.rows + other.rows,
        one.out + other.out,
        one.added + other.added,
        _together(one.dropped, other.dropped),
        _together(one.filtered, other.filtered),
    )


def _together(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    if not other:
        return one
    sums = dict(one)
    for name, number in other.items():
        _count(sums, name, number)
    return sums


def _count(counts: dict[str, int], name: str, number: int) -> None:
    counts[name] = counts.get(name, 0) + number
