"""Columns that nobody looks at: they are not read, unless rows are rejected and shown."""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager

import polars as pl

from ingest.core.rows import POSITION, slice_of
from ingest.core.types import Schema
from ingest.formats.parquet.span import Span
from ingest.sources.row_groups.rows import values_at

_PLACE = "place"


def unread(unused: Iterable[str], planned: Schema, found: Schema) -> frozenset[str]:
    """Return those of the unused columns that need not be read of a file with the columns `found`.

    Values of another type than the plan's are read: they may not fit, and their rows be rejected.
    One column is always read, which says how many rows there are.
    """
    left = {name for name in unused if name in found and found[name] == planned[name]}
    if left.issuperset(name for name in planned if name in found):
        left -= {next(iter(planned))}
    return frozenset(left)


def completed(
    left: Sequence[Collection[str]],
    opened: Callable[[int], AbstractContextManager[Span]],
    rows: pl.DataFrame,
) -> pl.DataFrame:
    """Return rows with the values of what is `left` unread of each slice; `opened` opens one."""
    if not any(name in each for each in left for name in rows.columns):
        return rows
    rows = rows.with_row_index(_PLACE)
    parts = [
        _read(part, [name for name in rows.columns if name in left[place[0]]], place[0], opened)
        for place, part in rows.group_by(slice_of(pl.col(POSITION)), maintain_order=True)
    ]
    return pl.concat(parts).sort(_PLACE).drop(_PLACE)


def _read(
    part: pl.DataFrame,
    names: Sequence[str],
    place: int,
    opened: Callable[[int], AbstractContextManager[Span]],
) -> pl.DataFrame:
    if not names:
        return part
    positions = part[POSITION].unique().sort()
    with opened(place) as span:
        values = values_at(span, names, positions)
    values = values.cast({name: part.schema[name] for name in names})
    found = positions.to_frame().hstack(values)
    return part.drop(names).join(found, on=POSITION, how="left").select(part.columns)
