"""The names of column types in YAML, and their Polars types.

    int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64
    boolean string binary date time timestamp decimal(precision, scale)
    timestamp(unit)  timestamp(unit, zone)  duration(unit)
    list<type>  array<type, length>  struct<name: type, ...>

A timestamp without a unit is in microseconds and without a zone. Field names that contain
characters of this notation need double quotes, as in JSON: `struct<"a:b": int64>`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

import polars as pl
from polars.datatypes import DataTypeClass

from ingest.core.names import hint
from ingest.core.type_aliases import standard

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
MOST_LEVELS = 32
"""How deep lists and structs may be nested in one another: more is an attack or a mistake."""
TYPE_NAMES = (
    *(name for name in _SIMPLE if name != "null"),
    "decimal(12,2)", "duration(us)", "list<int64>", "array<int64, 3>", "struct<a: int64, b: date>",
)  # fmt: skip
_UNQUOTED = re.compile(r"[^\s:,<>()\"](?:[^:,<>()\"]*[^\s:,<>()\"])?")
"""Names of fields that need no quotes."""


def parse_type(text: str) -> pl.DataType:
    """Return the Polars type that a type name stands for.

    Raises:
        ValueError: there is no such type; the text lists those that there are.
    """
    if _levels(text) > MOST_LEVELS:
        raise ValueError(
            f'"{text[:40]}…": lists and structs nested more than {MOST_LEVELS} levels deep. '
            "Flatten them, or leave the column out"
        )
    return _parsed(text)


def _parsed(text: str) -> pl.DataType:
    name = standard(text)
    if name in _SIMPLE:
        return _SIMPLE[name]
    if match := re.fullmatch(r"decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)", name):
        precision, scale = int(match[1]), int(match[2])
        if not 1 <= precision <= 38 or scale > precision:
            raise ValueError(
                f'"{text}": a decimal has 1 to 38 digits, and no more of them after the point. '
                "Example: decimal(10,2)"
            )
        return pl.Decimal(precision, scale)
    found = _timed(name) or _nested(name)
    if found is not None:
        return found
    raise ValueError(
        f'no such type "{text}". {hint(name, _SIMPLE)}Known types: {", ".join(TYPE_NAMES)}'
    )


def _timed(name: str) -> pl.DataType | None:
    if match := re.fullmatch(r"timestamp\(\s*(ms|us|ns)\s*(?:,\s*([\w/+:-]+)\s*)?\)", name):
        return pl.Datetime(match[1], _zone(match[2]))  # type: ignore[arg-type]  # the pattern limits it
    if match := re.fullmatch(r"duration\(\s*(ms|us|ns)\s*\)", name):
        return pl.Duration(match[1])  # type: ignore[arg-type]  # the pattern limits it
    return None


def _nested(name: str) -> pl.DataType | None:
    if name.startswith("list<") and name.endswith(">"):
        return pl.List(_parsed(name[5:-1]))
    if match := re.fullmatch(r"array<(.*),\s*(\d+)\s*>", name, re.DOTALL):
        return pl.Array(_parsed(match[1]), int(match[2]))
    if name.startswith("struct<") and name.endswith(">"):
        return pl.Struct({field: _parsed(kind) for field, kind in _fields(name[7:-1])})
    return None


def type_name(dtype: pl.DataType) -> str:
    """Return the name that `parse_type` reads back; Polars' own where there is none."""
    if dtype in _NAMES:
        return _NAMES[dtype]
    if isinstance(dtype, pl.Decimal):
        return f"decimal({dtype.precision},{dtype.scale})"
    if isinstance(dtype, pl.Datetime):
        zone = f", {dtype.time_zone}" if dtype.time_zone else ""
        return f"timestamp({dtype.time_unit}{zone})"
    if isinstance(dtype, pl.Duration):
        return f"duration({dtype.time_unit})"
    return _nested_name(dtype)


def _nested_name(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.List):
        return f"list<{type_name(instance(dtype.inner))}>"
    if isinstance(dtype, pl.Array):
        return f"array<{type_name(instance(dtype.inner))}, {dtype.size}>"
    if isinstance(dtype, pl.Struct):
        inner = ", ".join(
            f"{_field_name(field.name)}: {type_name(instance(field.dtype))}"
            for field in dtype.fields
        )
        return f"struct<{inner}>"
    return str(dtype)


@lru_cache(maxsize=1024)
def known_zone(name: str) -> str | None:
    """Return a time zone as Polars calls it; None if it knows none of that name.

    Offsets such as `+05:30` are no names; to compute with them, Polars panics.
    """
    try:
        found = pl.Series([0]).cast(pl.Datetime("us", name)).dtype
    except pl.exceptions.PolarsError:
        return None
    return found.time_zone if isinstance(found, pl.Datetime) else None


def schema_to_json(schema: Mapping[str, pl.DataType]) -> dict[str, str]:
    """Return the schema as plain data, for plans and receipts."""
    return {name: type_name(dtype) for name, dtype in schema.items()}


def schema_from_json(names: Mapping[str, str]) -> Schema:
    """Build a schema from what `schema_to_json` returned."""
    return {name: parse_type(kind) for name, kind in names.items()}


def instance(dtype: pl.DataType | DataTypeClass) -> pl.DataType:
    """Return a type as an instance: Polars also takes classes inside lists and structs."""
    return dtype if isinstance(dtype, pl.DataType) else dtype()


def levels(dtype: pl.DataType) -> int:
    """Return how many lists and structs are nested in one another, at most `MOST_LEVELS` + 1."""
    row, count = [dtype], 0
    while count <= MOST_LEVELS and (row := [each for each in row if each.is_nested()]):
        row, count = [inner for outer in row for inner in _inside(outer)], count + 1
    return count


def field_names(dtype: pl.DataType) -> Iterator[str]:
    """Yield the names of all fields of structs within a type."""
    if isinstance(dtype, pl.Struct):
        yield from (field.name for field in dtype.fields)
    for inner in _inside(dtype):
        yield from field_names(inner)


def _inside(dtype: pl.DataType) -> list[pl.DataType]:
    if isinstance(dtype, pl.Struct):
        return [instance(field.dtype) for field in dtype.fields]
    return [instance(dtype.inner)] if isinstance(dtype, pl.List | pl.Array) else []


def _levels(text: str) -> int:
    """Return how deep the brackets of a type's name are nested."""
    depth = deepest = 0
    for char in text:
        depth += (char == "<") - (char == ">")
        deepest = max(deepest, depth)
    return deepest


def _zone(name: str | None) -> str | None:
    zone = known_zone(name) if name else None
    if name and zone is None:
        raise ValueError(
            f'no such time zone "{name}". Write UTC, or a name such as Europe/Berlin; for a '
            "fixed offset write Etc/GMT-5 (five hours east of UTC)"
        )
    return zone


def _field_name(name: str) -> str:
    return name if _UNQUOTED.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Return names and types of a struct's fields."""
    for part in _split(text) if text.strip() else ():
        field = part.strip()
        if field.startswith('"'):
            try:
                name, end = json.JSONDecoder(strict=False).raw_decode(field)
            except ValueError:
                raise ValueError(
                    f'"{text}": a quoted name is not closed. Add the missing quote'
                ) from None
            yield name, field[end:].lstrip().removeprefix(":")
        else:
            name, _, kind = field.partition(":")
            yield name.strip(), kind


def _split(text: str) -> list[str]:
    """Split at the commas that stand outside brackets and quotes."""
    parts, depth, start = [], 0, 0
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"|[<(]|[>)]|,', text):
        sign = match[0]
        depth += (sign in "<(") - (sign in ">)")
        if sign == "," and depth == 0:
            parts.append(text[start : match.start()])
            start = match.end()
    return [*parts, text[start:]]
