"""Types that differ from file to file: what may be widened without losing anything."""

from typing import Literal

import polars as pl

from ingest.core.types import instance

_INTEGERS = (
    (pl.Int8(), pl.Int16(), pl.Int32(), pl.Int64()),
    (pl.UInt8(), pl.UInt16(), pl.UInt32(), pl.UInt64()),
    (pl.UInt8(), pl.Int16(), pl.Int32(), pl.Int64()),
    (pl.UInt16(), pl.Int32(), pl.Int64()),
    (pl.UInt32(), pl.Int64()),
    (pl.Int8(), pl.Int16(), pl.Float32(), pl.Float64()),
    (pl.UInt8(), pl.UInt16(), pl.Float32(), pl.Float64()),
    (pl.Int32(), pl.Float64()),
    (pl.UInt32(), pl.Float64()),
)
_CANDIDATES = (pl.Int16(), pl.Int32(), pl.Int64(), pl.Float32(), pl.Float64())
"""Types, the narrower first, that may hold what two others hold."""
_DIGITS: dict[pl.DataType, int] = {
    pl.Int8(): 3, pl.UInt8(): 3, pl.Int16(): 5, pl.UInt16(): 5, pl.Int32(): 10, pl.UInt32(): 10,
    pl.Int64(): 19, pl.UInt64(): 20,
}  # fmt: skip
MOST_DIGITS = 38
_UNITS: tuple[Literal["ms", "us", "ns"], ...] = ("ms", "us", "ns")


def widens(narrow: pl.DataType, wide: pl.DataType) -> bool:
    """Say whether every value of one type is a value of the other, and means the same."""
    if narrow == wide or isinstance(narrow, pl.Null):
        return True
    if isinstance(wide, pl.Decimal):
        whole, scale = digits(narrow)
        room = wide.precision - wide.scale >= whole and wide.scale >= scale
        return is_exact(narrow) and room
    if isinstance(narrow, pl.List) and isinstance(wide, pl.List):
        return widens(instance(narrow.inner), instance(wide.inner))
    if isinstance(narrow, pl.Struct) and isinstance(wide, pl.Struct):
        pairs = list(zip(narrow.fields, wide.fields, strict=False))
        return len(narrow.fields) == len(wide.fields) and all(
            one.name == other.name and widens(instance(one.dtype), instance(other.dtype))
            for one, other in pairs
        )
    return any(
        narrow in row and wide in row and row.index(narrow) < row.index(wide) for row in _INTEGERS
    )


def common(one: pl.DataType, other: pl.DataType) -> pl.DataType | None:
    """Return the narrowest type that holds the values of both; None if there is none.

    It holds all of them, but for timestamps of different units: there the finer unit, which does
    not reach as far. Whoever reads them has to look.
    """
    for narrow, wide in ((one, other), (other, one)):
        if widens(narrow, wide):
            return wide
    if isinstance(one, pl.Decimal) or isinstance(other, pl.Decimal):
        return _decimal(one, other)
    if isinstance(one, pl.Datetime) and isinstance(other, pl.Datetime):
        unit = finer(one, other)
        return pl.Datetime(unit, one.time_zone) if one.time_zone == other.time_zone else None
    return _nested(one, other) or next(
        (to for to in _CANDIDATES if widens(one, to) and widens(other, to)), None
    )


def finer(one: pl.Datetime, other: pl.Datetime) -> Literal["ms", "us", "ns"]:
    """Return the finer of the units of two timestamps."""
    return max(one.time_unit, other.time_unit, key=_UNITS.index)


def _nested(one: pl.DataType, other: pl.DataType) -> pl.DataType | None:
    if isinstance(one, pl.List) and isinstance(other, pl.List):
        inner = common(instance(one.inner), instance(other.inner))
        return None if inner is None else pl.List(inner)
    if isinstance(one, pl.Struct) and isinstance(other, pl.Struct):
        return _struct(one, other)
    return None


def is_exact(dtype: pl.DataType) -> bool:
    """Say whether values are whole numbers or decimals."""
    return isinstance(dtype, pl.Decimal) or dtype in _DIGITS


def digits(dtype: pl.DataType) -> tuple[int, int]:
    """Return how many digits values have before and after the point, if they are exact numbers."""
    if isinstance(dtype, pl.Decimal):
        return dtype.precision - dtype.scale, dtype.scale
    return _DIGITS.get(dtype, 0), 0


def _decimal(one: pl.DataType, other: pl.DataType) -> pl.DataType | None:
    (left, scale), (right, other_scale) = digits(one), digits(other)
    whole, scale = max(left, right), max(scale, other_scale)
    exact = is_exact(one) and is_exact(other)
    return pl.Decimal(whole + scale, scale) if exact and whole + scale <= MOST_DIGITS else None


def _struct(one: pl.Struct, other: pl.Struct) -> pl.DataType | None:
    """Return structs of the same fields, in the same order, each as wide as both have it."""
    if [field.name for field in one.fields] != [field.name for field in other.fields]:
        return None
    fields = {
        mine.name: common(instance(mine.dtype), instance(yours.dtype))
        for mine, yours in zip(one.fields, other.fields, strict=True)
    }
    known = {name: dtype for name, dtype in fields.items() if dtype is not None}
    return pl.Struct(known) if len(known) == len(fields) else None
