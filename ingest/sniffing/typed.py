"""What the values of a typed format, JSON or Parquet, say of a column."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import isnan
from typing import Any

import polars as pl

from ingest.core.types import parse_type, type_name
from ingest.core.values.iso import clipped
from ingest.sniffing.columns import Column, bounds_of, describe, epoch_of
from ingest.sniffing.kind import TEXT, Kind
from ingest.sniffing.writing import flow

_MOMENTS = ("date", "time", "timestamp")


def describe_values(
    name: str, dtype: pl.DataType, values: Sequence[Any], *, dates: bool = True
) -> Column:
    """Return what the values of a typed column are; with `dates`, texts that are dates become such.

    Nothing is made of other texts: in a typed format a text that looks like a number is a text.
    """
    known = [value for value in values if value is not None]
    if dtype == pl.String and known:
        return _moments_only(describe(name, known, ()), values, dates=dates).reserved(set(known))
    ordered = dtype.is_numeric() or dtype.is_temporal()
    ordered = ordered and not (dtype.is_float() and any(map(isnan, known)))  # NaN has no place
    bounds = bounds_of(known if ordered else [], len(known) // 2)
    return Column(
        name=name,
        kind=Kind(type_name(dtype)),
        rows=len(values),
        nulls=len(values) - len(known),
        **bounds,
        unique=dtype.is_integer() and len(set(known)) == len(values) > 1,
        note=epoch_of(name, type_name(dtype), bounds, text=False),
    ).reserved({str(value) for value in known} if ordered else ())


def values_of(name: str, dtype: pl.DataType, heads: Iterable[pl.DataFrame]) -> list[Any]:
    """Return values that a description is made of: of nested ones only whether they are there."""
    values: list[Any] = []
    for head in heads:
        if name not in head.columns:
            values += [None] * head.height
        elif dtype.is_nested() or isinstance(dtype, pl.Duration | pl.Binary):
            values += [True if there else None for there in head[name].is_not_null()]
        else:
            values += clipped(head[name].cast(dtype)).to_list()
    return values


def _moments_only(column: Column, values: Sequence[Any], *, dates: bool) -> Column:
    """Take back what was made of texts, unless they are dates or times."""
    nulls = sum(value is None for value in values)
    column = replace(column, rows=len(values), nulls=nulls, unique=column.unique and not nulls)
    if dates and column.type.startswith(_MOMENTS) and column.kind.format != "%Y%m%d":
        return column
    note = _number_note(column)
    return replace(column, kind=TEXT, least=None, most=None, falls=False, grows=False, note=note)


def _number_note(column: Column) -> str:
    """Say how to read texts that all look like numbers."""
    if not parse_type(column.type).is_numeric():
        return ""
    if column.type == "int64" and not column.kind.options():
        return ""  # a number of a customer or an article is no quantity
    step = {"type": "cast", "columns": {column.name: column.kind.options() or column.type}}
    return f"text that looks like numbers. To read it as numbers, add the step {flow(step)}"
