"""Columns of JSON Lines that are refused when a plan is made."""

import difflib
from collections.abc import Iterator, Sequence

import polars as pl

from ingest.core.errors import ConfigError
from ingest.core.names import shown
from ingest.core.types import Schema, instance, type_name
from ingest.sources.columns.options import is_nameable


def refuse_typing_errors(declared: Schema, known: Sequence[str]) -> None:
    """Refuse columns that are not in the sample but are nearly named like one that is.

    Others may be rare fields, and are allowed.

    Raises:
        ConfigError: one line for each such column.
    """
    lines = [
        f'columns: no field "{name}" in the sample. Did you mean "{near[0]}"?'
        for name in declared
        if name not in known and (near := difflib.get_close_matches(name, known, 1, cutoff=0.85))
    ]
    if lines:
        raise ConfigError(*lines)


def refuse_unreadable(columns: Schema) -> None:
    """Refuse columns of types that no plan can hold, or that JSON has no values of.

    Raises:
        ConfigError: one line for each such column.
    """
    lines = []
    for name, dtype in columns.items():
        if not is_nameable(dtype):
            lines.append(
                f'columns: "{name}": the field names of {shown(type_name(dtype))} cannot be '
                "stored in a plan. Leave the column out by naming the others"
            )
        elif dtype.is_nested() and not all(map(_is_json, _leaves(dtype))):
            lines.append(
                f'columns: "{name}": lists and structs can only contain numbers, booleans and '
                f"strings, not {type_name(dtype)}. Read strings there, and cast them in a step"
            )
    if lines:
        raise ConfigError(*lines)


def _leaves(dtype: pl.DataType) -> Iterator[pl.DataType]:
    if isinstance(dtype, pl.List):
        yield from _leaves(instance(dtype.inner))
    elif isinstance(dtype, pl.Struct):
        for field in dtype.fields:
            yield from _leaves(instance(field.dtype))
    else:
        yield dtype


def _is_json(dtype: pl.DataType) -> bool:
    return dtype.is_integer() or dtype.is_float() or dtype in {pl.Boolean(), pl.String()}
