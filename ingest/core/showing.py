"""Rows that can be printed and handed to Python, whatever dates and times are in them."""

from collections.abc import Callable

import polars as pl

from ingest.core.json_rows import json_values
from ingest.core.types import instance
from ingest.core.values.iso import beyond, iso_texts, outside


def showable(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows without dates that Python has no room for: such columns become texts.

    Nested ones become JSON. Polars panics when it prints a date 262,143 years away, and Python
    knows the years 1 to 9999.
    """
    return rows.with_columns(
        (json_values(column) if column.dtype.is_nested() else iso_texts(column))
        for column in rows.get_columns()
        if _any(column, _is_far)
    )


def has_no_text(values: pl.Series) -> bool:
    """Say whether a column holds a date, however deep, that Polars panics on when it writes it."""
    return _any(values, lambda leaf: not isinstance(leaf.dtype, pl.Duration) and outside(leaf))


def _any(values: pl.Series, test: Callable[[pl.Series], pl.Series | bool]) -> bool:
    """Say whether a test is true for any date, timestamp or duration of a column."""
    kind = values.dtype
    if isinstance(kind, pl.Struct):
        return any(_any(values.struct.field(field.name), test) for field in kind.fields)
    if isinstance(kind, pl.List | pl.Array):
        return _has_moments(kind) and _any(values.explode(), test)
    if not isinstance(kind, pl.Date | pl.Datetime | pl.Duration):
        return False
    found = test(values)
    return found if isinstance(found, bool) else bool(found.any())


def _is_far(values: pl.Series) -> pl.Series:
    if isinstance(values.dtype, pl.Duration):
        return values.dt.total_days().abs() > _MOST_DAYS
    return beyond(values)


def _has_moments(kind: pl.DataType) -> bool:
    if isinstance(kind, pl.List | pl.Array):
        return _has_moments(instance(kind.inner))
    if isinstance(kind, pl.Struct):
        return any(_has_moments(instance(field.dtype)) for field in kind.fields)
    return kind.is_temporal()


_MOST_DAYS = 999_999_998
"""What Python's durations hold."""
