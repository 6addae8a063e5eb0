"""What the options of checks say, compared with the columns that are there."""

from collections.abc import Mapping
from typing import Any

import polars as pl
from pydantic import StrictBool, StrictFloat, StrictInt, StrictStr

from ingest.core.errors import ConfigError
from ingest.core.names import no_such_column
from ingest.core.types import type_name
from ingest.core.values.casting import converted

Scalar = StrictBool | StrictInt | StrictFloat | StrictStr
Bound = StrictInt | StrictFloat | StrictStr

_AS_THEY_ARE = ((str, pl.String()), (int, pl.Int64()), (float, pl.Float64()))
"""Values of YAML that are values of a type already."""


def kind_of(column: str, schema: Mapping[str, pl.DataType], option: str = "column") -> pl.DataType:
    """Return the type of a column that an option names.

    Raises:
        ConfigError: there is no such column; the nearest name is suggested.
    """
    if column not in schema:
        raise ConfigError(f"{option}: {no_such_column(column, schema)}")
    return schema[column]


def require(columns: tuple[str, ...], schema: Mapping[str, pl.DataType]) -> None:
    """Refuse a list of columns that are not all there, naming each that is not.

    Raises:
        ConfigError: one line for each missing column.
    """
    missing = [column for column in columns if column not in schema]
    if missing:
        raise ConfigError(*(f"columns: {no_such_column(column, schema)}" for column in missing))


def fitted(value: Scalar, column: str, kind: pl.DataType, option: str) -> Any:
    """Return a value from YAML as a value of a column's type, never None.

    Dates and times are written as text, decimals as numbers or text.

    Raises:
        ConfigError: the value is of another kind, or does not fit the type without being changed.
    """
    if (type(value), kind) in _AS_THEY_ARE:
        return value  # a query for each of a thousand values would cost a tenth of a second
    found = None
    if _same_kind(value, kind):
        given = pl.Series("value", [value])
        found = given.to_frame().select(converted(pl.col("value"), given.dtype, kind)).item()
    if found is None:
        raise ConfigError(
            f'{option}: "{value}" is not of type {type_name(kind)}, the type of column '
            f'"{column}". Write a value of that type{_example(kind)}'
        )
    return found


def _same_kind(value: Scalar, kind: pl.DataType) -> bool:
    if isinstance(value, bool):
        return isinstance(kind, pl.Boolean)
    if isinstance(value, str):
        return isinstance(kind, pl.String | pl.Decimal) or kind.is_temporal()
    return kind.is_numeric()


def _example(kind: pl.DataType) -> str:
    if isinstance(kind, pl.Date):
        return ", such as 2013-12-31"
    if isinstance(kind, pl.Time):
        return ', such as "05:15:00"'
    if isinstance(kind, pl.Datetime):
        return f', such as "2013-12-31 05:15:00{"Z" if kind.time_zone else ""}"'
    return ", in quotes" if isinstance(kind, pl.String) else ""
