"""What is decoded at a time: some row groups of one file, and the rows of them at fault."""

from typing import NamedTuple

from ingest.core.dataclass import dataclass
from ingest.core.errors import BadRowError
from ingest.formats.parquet.arrays import Mask
from ingest.formats.parquet.footer import Footer, first_line


@dataclass(frozen=True, slots=True)
class Span:
    """Row groups of one file, which can be read at a local path."""

    uri: str
    path: str
    footer: Footer
    start: int
    end: int

    @property
    def first(self) -> int:
        """How many rows of the file come before."""
        return sum(self.footer.rows[: self.start])

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return sum(self.footer.rows[self.start : self.end])

    @property
    def groups(self) -> list[int]:
        """The numbers of its row groups."""
        return list(range(self.start, self.end))

    @property
    def whole(self) -> bool:
        """Whether these are all row groups of the file."""
        return self.start == 0 and self.end == len(self.footer.groups)

    def nulls(self, name: str) -> int | None:
        """Return how many nulls a flat column has, if the file says so."""
        counts = [chunk.nulls for chunk in self.footer.chunks(name, self.start, self.end)]
        return None if None in counts else sum(count or 0 for count in counts)


class ValueFault(NamedTuple):
    """Rows that hold a value which their column's type has no room for, and why.

    `raw` is what stands there, as JSON, for each of these rows.
    """

    column: str
    reason: str
    rows: Mask
    raw: list[str]


def damaged_pages(where: str, what: str) -> BadRowError:
    """Make the error for pages that cannot be decoded."""
    return BadRowError(
        f"{where}: damaged Parquet: {first_line(what)}. Download or copy the file again, or "
        "have it rewritten"
    )
