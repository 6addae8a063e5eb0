"""Judging a JSON record by Python's own parser: whether it is of a schema, and what is wrong."""

import json
import math
import re
import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import polars as pl

from ingest.core.names import is_unicode
from ingest.core.types import MOST_LEVELS, instance
from ingest.core.values.casting import not_a
from ingest.sources.json.shape import fields_of
from ingest.sources.json.text import Deep, Doubled, Number, load

Fault = tuple[str | None, str]
"""The column to blame, with the names of nested fields after points, and the reason."""

_EXACT_DIGITS = 15
"""How many digits of a number Polars' JSON reader surely keeps: it makes floats of them."""
_LARGEST_WHOLE = 2**127
"""From here on `core.texts` does not compare whole numbers with floats."""
_TOO_DEEP = "nested too deeply"


class _Wrong(ValueError):  # noqa: N818 - a verdict on its way out of nested values
    def __init__(self, column: str | None, reason: str) -> None:
        named = column if column is None or is_unicode(column) else json.dumps(column)[1:-1]
        self.fault: Fault = (named, reason)


def judge(text: str, fields: Mapping[str, pl.DataType], *, closed: bool) -> Fault | None:
    """Return what is wrong with a record; None if it is of this schema.

    With `closed`, a field that the schema does not name is a fault; else such fields are ignored,
    and may hold whatever JSON allows. The type `null` is that of objects without fields.
    """
    try:
        record = load(text)
        if not isinstance(record, dict):
            return None, "not a JSON object"
        _judge_fields("", record, fields, closed=closed)
    except _Wrong as wrong:
        return wrong.fault
    except ValueError:
        return None, "malformed JSON"
    return None


def fits(value: Any, dtype: pl.DataType) -> bool:
    """Say whether a value, as `load` gives it, is of a type: what `judge` says of a field."""
    try:
        _judge("", value, dtype, closed=False)
    except _Wrong:
        return False
    return True


def _judge_fields(
    place: str, record: dict[str, Any], fields: Mapping[str, pl.DataType], *, closed: bool
) -> None:
    if isinstance(record, Doubled):
        for name in record.twice:
            if closed or name in fields:
                raise _Wrong(f"{place}{name}", "duplicate key")
    for name, value in record.items():
        dtype = fields.get(name)
        if dtype is not None:
            _judge(f"{place}{name}", value, dtype, closed=closed)
        elif closed:
            raise _Wrong(f"{place}{name}", "unknown field")


def _judge(place: str, value: Any, dtype: pl.DataType, *, closed: bool) -> None:
    if value is None:
        return
    if isinstance(dtype, pl.Struct) and isinstance(value, dict):
        _judge_fields(f"{place}.", value, fields_of(dtype), closed=closed)
    elif isinstance(dtype, pl.List) and isinstance(value, list):
        for element in value:
            _judge(place, element, instance(dtype.inner), closed=closed)
    elif not _fits(value, dtype):
        raise _Wrong(place, _TOO_DEEP if _is_deep(value) else _not_a(dtype))


def _not_a(dtype: pl.DataType) -> str:
    return "not an empty object" if isinstance(dtype, pl.Null) else not_a(dtype)


def _fits(value: Any, dtype: pl.DataType) -> bool:  # noqa: PLR0911 - one return for each kind
    match _kind(dtype):
        case "null":
            return isinstance(value, dict) and not value
        case "nested":
            return False
        case "boolean":
            return isinstance(value, bool)
        case _ if isinstance(value, bool):
            return False
        case "integer":
            least, limit = _range(dtype)
            return isinstance(value, int) and least <= value < limit
        case "float":
            return isinstance(value, int | float) and _is_float(value, dtype)
        case "decimal" if isinstance(value, int | float):
            text = value.text if isinstance(value, Number) else str(value)
            return sum(char.isdigit() for char in text) <= _EXACT_DIGITS
    return isinstance(value, str) and is_unicode(value)


@lru_cache(maxsize=1024)  # to ask Polars of each value takes longer than to judge it
def _kind(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.Null):
        return "null"
    if isinstance(dtype, pl.Struct | pl.List):
        return "nested"
    if dtype == pl.Boolean:
        return "boolean"
    if dtype.is_integer():
        return "integer"
    if dtype.is_float():
        return "float"
    return "decimal" if isinstance(dtype, pl.Decimal) else "string"


@lru_cache(maxsize=64)
def _range(dtype: pl.DataType) -> tuple[int, int]:
    """Return the least integer of a type, and the first that is too large for it."""
    bits = int(str(dtype).lstrip("UInt"))
    return (-(1 << bits - 1), 1 << bits - 1) if dtype.is_signed_integer() else (0, 1 << bits)


def _is_float(value: float, dtype: pl.DataType) -> bool:
    """Say what `core.texts` says of such a text: a whole number must be exactly a float."""
    try:
        near = struct.unpack("f", struct.pack("f", value))[0] if dtype == pl.Float32 else +value
        if isinstance(value, Number):
            zero = not re.search("[1-9]", re.split("[eE]", value.text)[0])
            return math.isfinite(near) and (near == 0) == zero
        return abs(value) < _LARGEST_WHOLE and float(near) == value
    except OverflowError:
        return False


def _is_deep(value: Any) -> bool:
    """Say whether a value has more levels than any type."""
    level = [value]
    for _ in range(MOST_LEVELS):
        level = [inner for outer in level for inner in _parts(outer)]
    return bool(level)


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, Deep):
        return [value]
    return value if isinstance(value, list) else []
