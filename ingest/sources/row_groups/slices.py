"""Reading a slice of a Parquet file: its rows in the types of the plan, and its rejects."""

import itertools
from collections.abc import Collection
from functools import partial
from typing import NamedTuple

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.partition import Slice
from ingest.core.rows import POSITION, REJECT, position
from ingest.formats.parquet.reading import read_span
from ingest.sources.base import Rejects
from ingest.sources.columns.aligning import Aligner
from ingest.sources.files.schema import Expected
from ingest.sources.row_groups.condition import Condition
from ingest.sources.row_groups.footers import Int96, damaged, open_span
from ingest.sources.row_groups.rows import rejects_of
from ingest.sources.row_groups.unread import unread
from ingest.storage.connections import StoreConnection


class ReadSlice(NamedTuple):
    """A slice as it was read: the rows that are wanted, and the rejects.

    `records` is how many rows it has, `before` how many of its file come before it; `unchanged` is
    whether all that is known of its records is in `frame`, as it is in the file, and `unread` are
    the columns that were not read.
    """

    frame: pl.DataFrame
    bad: pl.DataFrame
    records: int
    before: int
    unchanged: bool
    unread: frozenset[str]


@dataclass(frozen=True, slots=True)
class SliceReader:
    """Reads slices of a partition, all by the same plan.

    `aligner` has the types of the plan, `expected` the columns that files may have; of those that
    are not planned none is looked at if `only_planned`. `unused` are columns that nobody looks at.
    """

    aligner: Aligner
    expected: Expected
    condition: Condition
    int96: Int96
    connection: StoreConnection | None
    unused: Collection[str]
    only_planned: bool

    def read(self, place: int, piece: Slice) -> ReadSlice:
        """Read the slice in that place of its partition.

        Raises:
            BadRowError, FatalError, RetryableError: as `Source.read`.
        """
        planned = self.aligner.planned
        leave = partial(unread, self.unused, planned)
        with open_span(piece, self.int96, planned, self.connection, leave) as span:
            schema = span.footer.schema
            self._check(self.aligner.of(piece.uri, schema))
            left = leave(schema)
            read = {name: dtype for name, dtype in schema.items() if name not in left}
            aligner = self.aligner.of(piece.uri, read)
            unfit: list[Rejects] = []

            def collect(rows: pl.LazyFrame) -> pl.DataFrame:
                frame, rejects = self._wanted(rows, aligner, place, span.first)
                unfit[:] = [rejects] if rejects is not None else []
                return frame

            names = [name for name in planned if name in read]
            whole = not self.condition and not aligner.doubtful
            frame, faults = read_span(span, names, collect, whole=whole)
            bad = rejects_of(span, planned, faults, place)
            rows, before = span.rows, span.first
        unchanged = {name: schema.get(name) for name in planned} == planned
        if not bad.is_empty():
            frame = frame.join(bad, left_on=POSITION, right_on="position", how="anti")
        more = [each.frame.join(bad, on="position", how="anti") for each in unfit]
        bad = pl.concat([bad, *more]).sort("position")
        if not self.condition and frame.height + bad.height != rows:
            raise damaged(
                piece.uri, f"{frame.height + bad.height} rows, but the footer says {rows}"
            )
        return ReadSlice(frame, bad, rows, before, unchanged and bad.is_empty(), left)

    def _check(self, aligner: Aligner) -> None:
        """Check a file's columns and their types against the plan's."""
        names = list(aligner.found)
        if self.only_planned:
            names = [name for name in names if name in aligner.planned]
        self.expected.check(aligner.uri, names)
        aligner.check()

    def _wanted(
        self, frame: pl.LazyFrame, aligner: Aligner, place: int, first_row: int
    ) -> tuple[pl.DataFrame, Rejects | None]:
        """Return the rows that the condition lets through, and those with values that do not fit.

        All have their positions.
        """
        base, planned = position(place), aligner.planned
        filtered = partial(self.condition.filtered, uri=aligner.uri, planned=planned)
        frame = aligner.align(frame)
        if REJECT in frame.collect_schema():
            table, bad = aligner.part(numbered(frame.collect(), base), first_row)
            return filtered(table.lazy()).select(*planned, POSITION), bad
        if not self.condition and planned:
            like = next((name for name in planned if name in aligner.found), "")
            return numbered(frame.collect(), base, like), None
        frame = frame.with_row_index(POSITION).with_columns(pl.col(POSITION).cast(pl.UInt64) + base)
        return filtered(frame).select(*planned, POSITION), None


def numbered(table: pl.DataFrame, first: int, like: str = "") -> pl.DataFrame:
    """Return the rows with their positions, counted from `first`.

    The new column has the chunks of the column `like`, or of the first: else Polars would copy all
    of them into one, which costs a third of reading them.
    """
    column = table[like] if like else table.to_series(0)
    ends = list(itertools.accumulate(column.chunk_lengths(), initial=first))
    chunks = [
        pl.int_range(start, end, dtype=pl.UInt64, eager=True)
        for start, end in itertools.pairwise(ends)
    ]
    return table.with_columns(pl.concat(chunks, rechunk=False).alias(POSITION))
