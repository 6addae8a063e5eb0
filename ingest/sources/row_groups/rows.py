"""Single rows of Parquet files: where they stand, and what they are, as JSON."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl

from ingest.core.json_rows import json_columns, json_objects
from ingest.core.rows import POSITION, position, record_of, slice_of
from ingest.core.types import instance, type_name
from ingest.formats.parquet.reading import decode
from ingest.formats.parquet.span import Span, ValueFault
from ingest.sources.base import Rejects


class _Picked(NamedTuple):
    """Rows of a row group, and by column what stands there where a value does not fit its type."""

    rows: pl.DataFrame
    raw: dict[str, pl.Series]

    def raw_of(self, name: str) -> pl.Series:
        """Return what stands in a column as JSON, null where the value fits."""
        if name in self.raw:
            return self.raw[name]
        return pl.repeat(None, self.rows.height, dtype=pl.String, eager=True)


def located(span: Span, names: Iterable[str], positions: pl.Series) -> pl.DataFrame:
    """Return the numbers of rows in their file, from 1, and what they are; positions are sorted.

    Only the row groups are decoded in which such rows lie.
    """
    records = _records(positions)
    return pl.DataFrame(
        {
            "position": positions.cast(pl.UInt64),
            "line": records.cast(pl.Int64) + span.first + 1,
            "original": _texts(_pieces(span, names, records)),
        }
    )


def located_in(
    rows: pl.DataFrame,
    before: Sequence[int],
    completed: Callable[[pl.DataFrame], pl.DataFrame],
    positions: pl.Series,
) -> pl.DataFrame:
    """Return what `located` does, of rows that were read and are as they are in their files.

    The originals are structs, see `Read.locate`. `rows` have their positions besides, in order;
    `before` is how many rows of its file come before each slice, and `completed` adds the columns
    that were not read.
    """
    known, position = positions.cast(pl.UInt64), pl.col("position")
    here = completed(rows[_places(rows[POSITION], known)]).drop(POSITION)
    above = pl.lit(pl.Series(before, dtype=pl.Int64)).gather(slice_of(position))
    return known.to_frame("position").select(
        "position",
        (record_of(position).cast(pl.Int64) + above + 1).alias("line"),
        here.to_struct("original"),
    )


def _places(known: pl.Series, wanted: pl.Series) -> pl.Series:
    """Return where positions stand among those known, all in order."""
    first: int = known[0] if len(wanted) else 0
    if len(wanted) and known[-1] - first == len(known) - 1:  # none is left out
        return wanted - first
    return known.search_sorted(wanted)


def in_json(dtype: pl.DataType) -> str:
    """Return the name of the type as which JSON Lines are read that hold values of a type.

    Binary is Base64 there, and durations are text: they stay text.
    """
    return type_name(_in_json(dtype))


def _in_json(dtype: pl.DataType) -> pl.DataType:
    if isinstance(dtype, pl.Binary | pl.Duration):
        return pl.String()
    if isinstance(dtype, pl.List):
        return pl.List(_in_json(instance(dtype.inner)))
    if isinstance(dtype, pl.Struct):
        return pl.Struct({field.name: _in_json(instance(field.dtype)) for field in dtype.fields})
    return dtype


def rejects_of(
    span: Span, names: Iterable[str], faults: Sequence[ValueFault], place: int
) -> pl.DataFrame:
    """Return the rows at fault as rejects of the slice in that place, each for its first fault."""
    if not faults:
        return pl.DataFrame(schema=Rejects.SCHEMA)
    rows = np.flatnonzero(np.logical_or.reduce([fault.rows for fault in faults]))
    first = [next(fault for fault in faults if fault.rows[row]) for row in rows]
    return pl.DataFrame(
        {
            "position": rows.astype(np.uint64) + np.uint64(position(place)),
            "line": rows + span.first + 1,
            "column": [fault.column for fault in first],
            "reason": [fault.reason for fault in first],
            "original": located(span, names, pl.Series(rows))["original"],
        },
        schema=Rejects.SCHEMA,
    )


def _records(positions: pl.Series) -> pl.Series:
    return positions.to_frame("position").select(record_of(pl.col("position"))).to_series()


def _pieces(span: Span, names: Iterable[str], records: pl.Series) -> list[_Picked]:
    """Return rows by their numbers in the span, those of a row group together."""
    return [
        _picked(piece, names, here.cast(pl.Int64) - first)
        for piece, first in _groups(span)
        if len(here := records.filter(records.is_between(first, first + piece.rows, closed="left")))
    ]


def _groups(span: Span) -> Iterator[tuple[Span, int]]:
    """Return the row groups one by one, each with the number of rows before it in the slice."""
    rows = span.footer.rows[span.start : span.end]
    before = itertools.accumulate(rows, initial=0)
    for group, first in zip(range(span.start, span.end), before, strict=False):
        yield replace(span, start=group, end=group + 1), first


def _picked(span: Span, names: Iterable[str], rows: pl.Series) -> _Picked:
    """Return rows of a row group."""
    frame, faults = decode(span, [name for name in names if name in span.footer.forms])
    raw = {
        fault.column: pl.repeat(None, frame.height, dtype=pl.String, eager=True)
        .scatter(np.flatnonzero(fault.rows), pl.Series(fault.raw, dtype=pl.String))
        .gather(rows)
        for fault in faults
    }
    return _Picked(frame[rows], raw)


def _texts(pieces: Sequence[_Picked]) -> pl.Series:
    """Return rows as JSON; what does not fit its type is what stands there."""
    if not pieces:
        return pl.Series(dtype=pl.String)
    rows = pl.concat(piece.rows for piece in pieces)
    texts = json_columns(rows)
    for name in {name for piece in pieces for name in piece.raw}:
        raw = pl.concat(piece.raw_of(name) for piece in pieces)
        texts[name] = raw.zip_with(raw.is_not_null(), texts[name])
    return json_objects(texts, rows.height)
