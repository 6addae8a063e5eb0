"""Rows that can be printed and handed to Python, whatever dates and times are in them."""

import polars as pl

from ingest.core.iso import beyond, iso_texts
from ingest.core.json_rows import json_values
from ingest.core.types import instance


def showable(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows without dates that Python has no room for: such columns become texts.

    Nested ones become JSON. Polars panics when it prints a date 262,143 years away, and Python
    knows the years 1 to 9999.
    """
    return rows.with_columns(
        (json_values(column) if column.dtype.is_nested() else iso_texts(column))
        for column in rows.get_columns()
        if _has_far(column)
    )


def _has_far(values: pl.Series) -> bool:
    kind = values.dtype
    if isinstance(kind, pl.Struct):
        return any(_has_far(values.struct.field(field.name)) for field in kind.fields)
    if isinstance(kind, pl.List | pl.Array):
        return _may_have_far(kind) and _has_far(values.explode())
    if isinstance(kind, pl.Duration):
        return bool((values.dt.total_days().abs() > _MOST_DAYS).any())
    return isinstance(kind, pl.Date | pl.Datetime) and bool(beyond(values).any())


def _may_have_far(kind: pl.DataType) -> bool:
    if isinstance(kind, pl.List | pl.Array):
        return _may_have_far(instance(kind.inner))
    if isinstance(kind, pl.Struct):
        return any(_may_have_far(instance(field.dtype)) for field in kind.fields)
    return kind.is_temporal()


_MOST_DAYS = 999_999_998
"""What Python's durations hold."""
