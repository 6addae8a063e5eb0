"""The names of column types, as they are written in YAML, and what they are in Polars.

    int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64
    boolean string binary date time timestamp decimal(precision, scale)
    timestamp(unit)  timestamp(unit, zone)  list<type>  struct<name: type, ...>

A timestamp without a unit is in microseconds and without a zone. SQL's names are understood too,
see `core.type_aliases`.
"""

import re
from collections.abc import Mapping

import polars as pl
from polars.datatypes import DataTypeClass

from ingest.core.names import hint
from ingest.core.type_aliases import ALIASES, standard

Schema = dict[str, pl.DataType]
"""Column names and types, in order."""

_SIMPLE: dict[str, pl.DataType] = {
    "int8": pl.Int8(),
    "int16": pl.Int16(),
    "int32": pl.Int32(),
    "int64": pl.Int64(),
    "uint8": pl.UInt8(),
    "uint16": pl.UInt16(),
    "uint32": pl.UInt32(),
    "uint64": pl.UInt64(),
    "float32": pl.Float32(),
    "float64": pl.Float64(),
    "boolean": pl.Boolean(),
    "string": pl.String(),
    "binary": pl.Binary(),
    "date": pl.Date(),
    "time": pl.Time(),
    "timestamp": pl.Datetime("us"),
    "null": pl.Null(),
}
_NAMES = {dtype: name for name, dtype in _SIMPLE.items()}
TYPE_NAMES = (*(name for name in _SIMPLE if name != "null"), "decimal(p,s)", "list<…>", "struct<…>")


def parse_type(text: str) -> pl.DataType:
    """Return the Polars type that a type name stands for.

    Raises:
        ValueError: there is no such type; the text lists those that there are.
    """
    name = standard(text)
    if name in _SIMPLE:
        return _SIMPLE[name]
    if match := re.fullmatch(r"decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)", name):
        precision, scale = int(match[1]), int(match[2])
        if not 1 <= precision <= 38 or scale > precision:
            raise ValueError(f'"{text}": a decimal has 1 to 38 digits and no more after the point')
        return pl.Decimal(precision, scale)
    if match := re.fullmatch(r"timestamp\(\s*(ms|us|ns)\s*(?:,\s*([\w/+:-]+)\s*)?\)", name):
        return pl.Datetime(match[1], match[2])  # type: ignore[arg-type]  # the pattern limits it
    if name.startswith("list<") and name.endswith(">"):
        return pl.List(parse_type(name[5:-1]))
    if name.startswith("struct<") and name.endswith(">"):
        fields = [part.partition(":") for part in _split(name[7:-1])]
        return pl.Struct({field.strip(): parse_type(kind) for field, _, kind in fields})
    raise ValueError(
        f'no such type "{text}". {hint(name, [*_SIMPLE, *ALIASES])}Known types: '
        f"{', '.join(TYPE_NAMES)}"
    )


def type_name(dtype: pl.DataType) -> str:
    """Return the name that `parse_type` reads back; Polars' own where there is none."""
    if dtype in _NAMES:
        return _NAMES[dtype]
    if isinstance(dtype, pl.Decimal):
        return f"decimal({dtype.precision},{dtype.scale})"
    if isinstance(dtype, pl.Datetime):
        zone = f", {dtype.time_zone}" if dtype.time_zone else ""
        return f"timestamp({dtype.time_unit}{zone})"
    if isinstance(dtype, pl.List):
        return f"list<{type_name(instance(dtype.inner))}>"
    if isinstance(dtype, pl.Struct):
        inner = ", ".join(f"{f.name}: {type_name(instance(f.dtype))}" for f in dtype.fields)
        return f"struct<{inner}>"
    return str(dtype)


def schema_to_json(schema: Mapping[str, pl.DataType]) -> dict[str, str]:
    """Return the schema as plain data, for plans and receipts."""
    return {name: type_name(dtype) for name, dtype in schema.items()}


def schema_from_json(names: Mapping[str, str]) -> Schema:
    """Build a schema from what `schema_to_json` returned."""
    return {name: parse_type(kind) for name, kind in names.items()}


def instance(dtype: pl.DataType | DataTypeClass) -> pl.DataType:
    """Return a type as an instance: Polars also takes classes inside lists and structs."""
    return dtype if isinstance(dtype, pl.DataType) else dtype()


def _split(text: str) -> list[str]:
    """Split at the commas that stand outside brackets."""
    parts, depth, start = [], 0, 0
    for place, char in enumerate(text):
        depth += (char in "<(") - (char in ">)")
        if char == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]
