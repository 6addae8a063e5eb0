"""Whether a Delta table can hold columns as they are, and whether they go with those it has."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from ingest.core.names import no_such_column
from ingest.core.types import instance, type_name
from ingest.sinks.directory.hive import names_folders

_REFUSED_IN_NAMES = " ,;{}()\n\t="
_LEAVE_OUT = "Cast it to string or int64, or leave it out with a select step"
_OTHERS: dict[type[pl.DataType], str] = {
    pl.Array: "Cast it to list<…>",
    pl.Time: _LEAVE_OUT,
    pl.Duration: _LEAVE_OUT,
    pl.Null: _LEAVE_OUT,
}


def problems(schema: Mapping[str, pl.DataType], partition_by: Sequence[str]) -> Iterator[str]:
    """Say which columns cannot be written to a Delta table so that every reader reads the same."""
    for name, kind in schema.items():
        if any(char in _REFUSED_IN_NAMES for char in name):
            yield (
                f"type: column {json.dumps(name)} has a name that Delta tables do not allow: no "
                "spaces and none of , ; {} () =. Rename it with a rename step"
            )
        if instead := _instead(kind):
            yield (
                f'type: column "{name}" is {type_name(kind)}, which Delta tables cannot store '
                f"exactly. {instead}"
            )
    for name, times in Counter(name.lower() for name in schema).items():
        if times > 1:
            yield (
                f'type: {times} columns are called "{name}" but for capitals, which Delta tables '
                "do not allow. Rename one with a rename step"
            )
    for column in partition_by:
        if column not in schema:
            yield f"partition_by: {no_such_column(column, schema)}"
        elif not names_folders(schema[column]):
            yield (
                f'partition_by: column "{column}" is {type_name(schema[column])}. Only '
                "integers, strings, booleans and dates can be partition columns. Derive such a "
                "column first"
            )
    if not set(schema) - set(partition_by):
        yield "partition_by: no column is left for the files. Remove one from partition_by"


def key_problems(schema: Mapping[str, pl.DataType], key: Sequence[str]) -> Iterator[str]:
    """Say which columns cannot tell rows apart."""
    for column in key:
        if column not in schema:
            yield f"primary_key: {no_such_column(column, schema)}"
        elif schema[column].is_nested() or schema[column].is_float():
            yield (
                f'primary_key: column "{column}" is {type_name(schema[column])}. Floats and nested '
                "values do not tell rows apart reliably. Use other columns, or cast it"
            )


def differences(
    here: Mapping[str, Any], there: Mapping[str, Any], *, may_add: bool
) -> Iterator[str]:
    """Say how the columns of a run differ from those of the table, as its log describes them."""
    for name, field in here.items():
        if name not in there:
            if not may_add:
                yield (
                    f'columns: "{name}" ({_kind(field)}) is not in the table. Remove it with a '
                    "select step, or write schema_evolution: add_columns"
                )
        elif _kind(field) != _kind(there[name]):
            yield (
                f'columns: "{name}" is {_kind(field)} here, {_kind(there[name])} in the table. '
                "Change it with a cast step"
            )
        elif not there[name]["nullable"]:
            yield (
                f'columns: "{name}" is NOT NULL in the table, which is not supported. Drop that '
                "constraint of the table"
            )
    for name, field in there.items():
        if name not in here:
            yield (
                f'columns: "{name}" ({_kind(field)}) of the table is missing here. Add it with a '
                "derive step, as null if necessary: CAST(NULL AS …)"
            )


def _kind(field: Mapping[str, Any]) -> str:
    kind = field["type"]
    return kind if isinstance(kind, str) else json.dumps(kind, sort_keys=True)


def _instead(kind: pl.DataType) -> str:
    """Say what to write instead of a type that a table cannot hold; empty if it can."""
    if isinstance(kind, pl.List):
        return _instead(instance(kind.inner))
    if isinstance(kind, pl.Struct):
        return next(
            (text for field in kind.fields if (text := _instead(instance(field.dtype)))), ""
        )
    if isinstance(kind, pl.Datetime):
        exact = kind.time_unit == "us" and kind.time_zone in {None, "UTC"}
        return "" if exact else f"Cast it to timestamp(us{', UTC' if kind.time_zone else ''})"
    if kind.is_unsigned_integer():
        return "Delta has no unsigned integers: cast it to int64 or decimal(20,0)"
    return next((text for other, text in _OTHERS.items() if isinstance(kind, other)), "")
