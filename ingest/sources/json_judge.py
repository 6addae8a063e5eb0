"""Judging a JSON record by Python's own parser: whether it is of a schema, and what is wrong."""

import json
import math
import re
import struct
from collections.abc import Mapping
from typing import Any, NoReturn, Self

import polars as pl

from ingest.core.casting import not_a
from ingest.core.types import instance
from ingest.sources.json_shape import fields_of

Fault = tuple[str | None, str]
"""The column to blame, with the names of nested fields after points, and the reason."""

_EXACT_DIGITS = 15
"""How many digits of a number Polars' JSON reader surely keeps: it makes floats of them."""


_LARGEST_WHOLE = 2**127
"""From here on `core.texts` does not compare whole numbers with floats."""


class _Wrong(ValueError):  # noqa: N818 - a verdict on its way out of nested values
    def __init__(self, column: str | None, reason: str) -> None:
        self.fault: Fault = (column, reason)


class _Float(float):
    """A number with a point or exponent, and how it was written."""

    def __new__(cls, text: str) -> Self:
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str


def load(text: str) -> Any:
    """Parse a record strictly: no `NaN`, no key twice in an object.

    Raises:
        ValueError: it is not JSON. RecursionError: it is nested too deeply.
    """
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_Float)


def judge(text: str, fields: Mapping[str, pl.DataType], *, closed: bool) -> Fault | None:
    """Return what is wrong with a record; None if it is of this schema.

    With `closed`, a field that the schema does not name is a fault; else such fields are ignored.
    """
    try:
        record = load(text)
        if not isinstance(record, dict):
            return None, "not a JSON object"
        _judge_fields("", record, fields, closed=closed)
    except _Wrong as wrong:
        return wrong.fault
    except RecursionError:
        return None, "nested too deeply"
    except ValueError:
        return None, "malformed JSON"
    return None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise _Wrong(next(name for name in names if names.count(name) > 1), "duplicate key")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _judge_fields(
    place: str, record: dict[str, Any], fields: Mapping[str, pl.DataType], *, closed: bool
) -> None:
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
        raise _Wrong(place, not_a(dtype))


def _fits(value: Any, dtype: pl.DataType) -> bool:  # noqa: PLR0911 - one return for each kind
    if isinstance(dtype, pl.Struct | pl.List):
        return False
    if dtype == pl.Boolean:
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    if dtype.is_integer():
        return isinstance(value, int) and _in_range(value, dtype)
    if dtype.is_float():
        return isinstance(value, int | float) and _is_float(value, dtype)
    if isinstance(dtype, pl.Decimal) and isinstance(value, int | float):
        text = value.text if isinstance(value, _Float) else str(value)
        return sum(char.isdigit() for char in text) <= _EXACT_DIGITS
    return isinstance(value, str) and _is_unicode(value)


def _is_float(value: float, dtype: pl.DataType) -> bool:
    """Say what `core.texts` says of such a text: a whole number must be exactly a float."""
    try:
        near = struct.unpack("f", struct.pack("f", value))[0] if dtype == pl.Float32 else +value
        if isinstance(value, _Float):
            zero = not re.search("[1-9]", re.split("[eE]", value.text)[0])
            return math.isfinite(near) and (near == 0) == zero
        return abs(value) < _LARGEST_WHOLE and float(near) == value
    except OverflowError:
        return False


def _in_range(value: int, dtype: pl.DataType) -> bool:
    bits = int(str(dtype).lstrip("UInt"))
    if dtype.is_signed_integer():
        return -(1 << bits - 1) <= value < 1 << bits - 1
    return 0 <= value < 1 << bits


def _is_unicode(text: str) -> bool:
    r"""Say whether a string is text: half a pair of surrogates (`\ud800`) is not."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
