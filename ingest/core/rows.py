"""The hidden columns that travel with a row: where it came from, and why it must not go on.

`POSITION` is a 64-bit number: which slice of the partition (the upper 24 bits) and which record of
that slice (the lower 40 bits; in text files the line, from 0, in which it begins). A step that
makes new rows out of several (`sql`) drops it; the place of such rows is the partition.

`REJECT` and `REJECT_COLUMN` are there only after a step that had to refuse rows: the reason (null
for rows that are fine) and the column it is about. The framework takes such rows out right after
the step and gives them to the contract's `on_error`, with the record as it lay in the input.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import polars as pl

HIDDEN_PREFIX = "__ingest_"
POSITION = "__ingest_position"
REJECT = "__ingest_reject"
REJECT_COLUMN = "__ingest_reject_column"
_RECORD_BITS = 40


def position(slice_index: int, record: int = 0) -> int:
    """Return the position of a record of a slice."""
    return (slice_index << _RECORD_BITS) | record


def slice_of(column: pl.Expr) -> pl.Expr:
    """Return which slice of the partition a position lies in."""
    return column // (1 << _RECORD_BITS)


def record_of(column: pl.Expr) -> pl.Expr:
    """Return which record of its slice a position is, from 0."""
    return column % (1 << _RECORD_BITS)


def visible(names: Iterable[str]) -> list[str]:
    """Return the names without the hidden ones."""
    return [name for name in names if not name.startswith(HIDDEN_PREFIX)]


def hidden(names: Iterable[str]) -> list[str]:
    """Return the hidden ones of the names."""
    return [name for name in names if name.startswith(HIDDEN_PREFIX)]


def aligned(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows all of whose columns have the same chunks.

    Else each query copies all of them first, to the same end: three of them took 25 ms for 500,000
    rows of CSV, of which numbers come in other chunks than dates.
    """
    return rows.rechunk() if len(set(rows.n_chunks("all"))) > 1 else rows


def filled(portions: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Leave out portions without rows; none is held here while the next one is made."""
    return filter(_has_rows, portions)


def _has_rows(portion: pl.DataFrame) -> bool:
    return not portion.is_empty()


class Fault(NamedTuple):
    """Why rows must not go on: where `broken` is true, for a reason, about a column (or None)."""

    broken: pl.Expr
    reason: str
    column: str | None


def reject(frame: pl.LazyFrame, broken: pl.Expr, reason: str, column: str | None) -> pl.LazyFrame:
    """Mark the rows for which `broken` is true; a row that is marked already keeps its reason.

    The rows stay in the frame, so that the framework can take them out and count them.
    """
    return reject_any(frame, [Fault(broken, reason, column)])


def reject_any(frame: pl.LazyFrame, faults: Sequence[Fault]) -> pl.LazyFrame:
    """Mark the rows that have any of these faults, each with its first; see `reject`."""
    for start in range(0, len(faults), _FAULTS_AT_ONCE):
        earlier = REJECT in frame.collect_schema()
        reason, column = (pl.col(REJECT), pl.col(REJECT_COLUMN)) if earlier else (_NONE, _NONE)
        for fault in reversed(faults[start : start + _FAULTS_AT_ONCE]):
            broken = fault.broken.fill_null(value=False)
            if earlier:
                broken &= pl.col(REJECT).is_null()
            reason = pl.when(broken).then(pl.lit(fault.reason)).otherwise(reason)
            column = pl.when(broken).then(pl.lit(fault.column, pl.String)).otherwise(column)
        frame = frame.with_columns(reason.alias(REJECT), column.alias(REJECT_COLUMN))
    return frame


_NONE = pl.lit(None, pl.String)
_FAULTS_AT_ONCE = 16  # a chain of hundreds of conditions would overflow Polars' stack
