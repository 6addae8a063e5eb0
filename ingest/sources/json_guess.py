"""Finding the schema of JSON records in a sample, when the plan is made."""

from collections.abc import Container, Iterable
from typing import Any

import polars as pl

from ingest.core.errors import ConfigError
from ingest.core.types import instance, type_name


def guess_fields(
    records: Iterable[dict[str, Any]], wanted: Container[str] | None = None
) -> dict[str, pl.DataType]:
    """Return all fields of the records, in the order in which they first appear.

    A field that is only ever null has the type `null`. Whole and other numbers together are
    float64; all other mixtures are refused, because any choice would reject records. In fields that
    are not among the wanted ones they are no matter, and give the type `null`.

    Raises:
        ConfigError: a field has values of two kinds.
    """
    fields: dict[str, pl.DataType] = {}
    for record in records:
        for name, value in record.items():
            try:
                _merge_fields(fields, {name: value}, "")
            except ConfigError:
                if wanted is None or name in wanted:
                    raise
                fields[name] = pl.Null()
    return fields


def without_nulls(dtype: pl.DataType) -> pl.DataType:
    """Return a type in which string stands for whatever was only ever null or empty."""
    if isinstance(dtype, pl.List):
        return pl.List(without_nulls(instance(dtype.inner)))
    if isinstance(dtype, pl.Struct) and dtype.fields:
        return pl.Struct({f.name: without_nulls(instance(f.dtype)) for f in dtype.fields})
    return pl.String() if isinstance(dtype, pl.Null | pl.Struct) else dtype


def _merge_fields(fields: dict[str, pl.DataType], record: dict[str, Any], place: str) -> None:
    for name, value in record.items():
        known = fields.get(name, pl.Null())
        fields[name] = _merged(known, _type_of(value, f"{place}{name}"), f"{place}{name}")


def _type_of(value: Any, place: str) -> pl.DataType:  # noqa: PLR0911 - one return for each kind
    if value is None:
        return pl.Null()
    if isinstance(value, bool):
        return pl.Boolean()
    if isinstance(value, int):
        return pl.Int64() if -(1 << 63) <= value < 1 << 63 else pl.UInt64()
    if isinstance(value, float):
        return pl.Float64()
    if isinstance(value, str):
        return pl.String()
    if isinstance(value, dict):
        fields: dict[str, pl.DataType] = {}
        _merge_fields(fields, value, f"{place}.")
        return pl.Struct(fields)
    inner: pl.DataType = pl.Null()
    for element in value:
        inner = _merged(inner, _type_of(element, place), place)
    return pl.List(inner)


def _merged(one: pl.DataType, other: pl.DataType, place: str) -> pl.DataType:
    if one == other or isinstance(other, pl.Null):
        return one
    if isinstance(one, pl.Null):
        return other
    if isinstance(one, pl.List) and isinstance(other, pl.List):
        return pl.List(_merged(instance(one.inner), instance(other.inner), place))
    if isinstance(one, pl.Struct) and isinstance(other, pl.Struct):
        fields = {field.name: instance(field.dtype) for field in one.fields}
        for field in other.fields:
            known, inner = fields.get(field.name, pl.Null()), f"{place}.{field.name}"
            fields[field.name] = _merged(known, instance(field.dtype), inner)
        return pl.Struct(fields)
    if {one, other} == {pl.Int64(), pl.Float64()}:
        return pl.Float64()
    raise ConfigError(
        f'columns: "{place}" is {type_name(one)} in some records of the sample and '
        f"{type_name(other)} in others. Say which it is, so that the others are rejected: in "
        f"contract.columns, {{{place}: {type_name(one)}}}"
    )
