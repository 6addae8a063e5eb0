"""Columns that nobody looks at: they are not read, unless rows are rejected and shown."""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager

import polars as pl

from ingest.core.rows import POSITION, record_of, slice_of
from ingest.core.types import Schema
from ingest.formats.parquet.reading import decode
from ingest.formats.parquet.span import Span

_PLACE = "place"


def unread(unused: Iterable[str], planned: Schema, found: Schema) -> frozenset[str]:
    """Return those of the unused columns that need not be read of a file with the columns `found`.

    Values of another type than the plan's are read: they may not fit, and their rows be rejected.
    One column is always read, which says how many rows there are.
    """
    here = [name for name in planned if name in found]
    left = {name for name in unused if name in here and found[name] == planned[name]}
    return frozenset(left.difference(here[:1]) if left.issuperset(here) else left)


class Missing:
    """The columns that were not read of a partition: once somebody asks, all of them are, once.

    `left` are their names by slice, `opened` opens the slice of a number.
    """

    def __init__(
        self,
        left: Sequence[Collection[str]],
        opened: Callable[[int], AbstractContextManager[Span]],
    ) -> None:
        self._left, self._opened = left, opened
        self._frames: dict[int, pl.DataFrame] = {}
        self.faulty = False
        """Whether values were met that do not fit their types, and which are null therefore."""

    def __bool__(self) -> bool:
        """Whether there are any."""
        return any(self._left)

    def completed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows, wherever they stand by now, with the values of these columns."""
        if not any(name in each for each in self._left for name in rows.columns):
            return rows
        if len(self._left) == 1:
            return self._completed(rows, 0)
        parts = [
            self._completed(part, place[0])
            for place, part in rows.with_row_index(_PLACE).group_by(
                slice_of(pl.col(POSITION)), maintain_order=True
            )
        ]
        return pl.concat(parts).sort(_PLACE).drop(_PLACE)

    def _completed(self, part: pl.DataFrame, place: int) -> pl.DataFrame:
        names = [name for name in part.columns if name in self._left[place]]
        if not names:
            return part
        records = part.select(record_of(pl.col(POSITION))).to_series()
        values = self._frame(place)[records].select(names)
        return part.with_columns(values.cast({name: part.schema[name] for name in names}))

    def _frame(self, place: int) -> pl.DataFrame:
        if place not in self._frames:
            with self._opened(place) as span:
                self._frames[place], faults = decode(span, sorted(self._left[place]))
            self.faulty |= bool(faults)
        return self._frames[place]
