r"""Regular expressions that know a JSON record to be of a schema, without taking it apart.

Polars' JSON reader is fast and lenient in silence: it writes numbers into string columns, drops
unknown fields, takes the first of two equal keys, and turns `\ud800` into a NUL. So a record goes
to it unseen only if it matches a pattern made from the schema: known keys, each at most once and in
one order, and values of the right kind. Records that do not match are judged one by one
(`json_judge`), at a tenth of the speed.

A pattern takes `,` and `}` for one another, and `,` and `]`: so each type stands in it once, and it
grows with the schema's levels and not with powers of them. That is sound because Polars refuses
what is not JSON: there, a key or a value follows a comma and never a bracket that closes, and what
the pattern wants where it has lost count is the other of the two.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import polars as pl

from ingest.core.types import instance

_LONGEST = 500_000
"""So many characters are more than compile: 2,000 fields of strings have them."""
_WS = r"[ \t\r]*"
_HEX = "[0-9a-fA-F]"
_ESCAPE = (
    rf'\\(?:["\\/bfnrt]|u(?:[0-9a-ce-fA-CE-F]{_HEX}{{3}}|[dD][0-7]{_HEX}{{2}}'
    rf"|[dD][89abAB]{_HEX}{{2}}\\u[dD][c-fC-F]{_HEX}{{2}}))"
)
_STRING = rf'"(?:[^"\\\x00-\x1f]|{_ESCAPE})*"'
_DIGITS: dict[pl.DataType, int] = {
    # one digit less than the type's largest number has, so that no match overflows
    pl.Int8(): 2,
    pl.Int16(): 4,
    pl.Int32(): 9,
    pl.Int64(): 18,
    pl.UInt8(): 2,
    pl.UInt16(): 4,
    pl.UInt32(): 9,
    pl.UInt64(): 18,
}


def pattern(fields: Mapping[str, pl.DataType], *, lines: bool = False) -> str:
    """Return the pattern of records that have these fields, or some of them, in this order.

    With `lines`, it is the pattern of a text of such records, each ended by a line feed.
    """
    record = f"{_WS}{_object(fields)}{_WS}"
    return rf"^(?:{record}\n)*$" if lines else f"^{record}$"


@lru_cache(maxsize=64)
def compiles(text: str) -> bool:
    """Say whether a pattern is small enough for Polars' regular expressions.

    Trying takes 160 bytes for each of its characters, and as many of them as there are.
    """
    if len(text) > _LONGEST:
        return False
    try:
        pl.Series([""]).str.contains(text)
    except pl.exceptions.ComputeError:
        return False
    return True


def reordered(
    fields: Mapping[str, pl.DataType], record: Mapping[str, Any]
) -> dict[str, pl.DataType]:
    """Return the fields in the order of a record's keys, nested ones too; the others come last."""
    ordered: dict[str, pl.DataType] = {}
    for name in [*(key for key in record if key in fields), *fields]:
        dtype, value = fields[name], record.get(name)
        if isinstance(dtype, pl.Struct) and isinstance(value, dict) and name not in ordered:
            dtype = pl.Struct(reordered(fields_of(dtype), value))
        ordered.setdefault(name, dtype)
    return ordered


def fields_of(dtype: pl.Struct) -> dict[str, pl.DataType]:
    """Return a struct's fields by name."""
    return {field.name: instance(field.dtype) for field in dtype.fields}


def _object(fields: Mapping[str, pl.DataType]) -> str:
    members = (
        rf"(?:{re.escape(json.dumps(name, ensure_ascii=False))}{_WS}:{_WS}"
        rf"{_value(dtype)}{_WS}[,}}]{_WS})?"
        for name, dtype in fields.items()
    )
    return rf"\{{{_WS}(?:\}}|{''.join(members)})"


def _value(dtype: pl.DataType) -> str:
    return f"(?:null|{_known(dtype)})"


def _known(dtype: pl.DataType) -> str:  # noqa: PLR0911 - one return for each kind
    if isinstance(dtype, pl.Null):
        return rf"\{{{_WS}\}}"
    if isinstance(dtype, pl.Struct):
        return _object(fields_of(dtype))
    if isinstance(dtype, pl.List):
        return rf"\[{_WS}(?:\]|(?:{_value(instance(dtype.inner))}{_WS}[,\]]{_WS})+)"
    if dtype in _DIGITS:
        sign = "-?" if dtype.is_signed_integer() else ""
        return rf"{sign}(?:0|[1-9][0-9]{{0,{_DIGITS[dtype] - 1}}})"
    if dtype.is_float():
        digits = 7 if dtype == pl.Float32 else 15  # whole numbers of so many are floats
        exponent = r"(?:[eE][+-]?[0-9]{1,2})?" if dtype == pl.Float64 else ""
        return rf"-?(?:0|[1-9][0-9]{{0,{digits - 1}}})(?:\.[0-9]{{1,30}})?{exponent}"
    if isinstance(dtype, pl.Decimal):
        return rf"(?:{_STRING}|-?(?:0|[1-9][0-9]{{0,6}})(?:\.[0-9]{{1,8}})?)"
    return "(?:true|false)" if dtype == pl.Boolean else _STRING
