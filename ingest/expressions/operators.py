"""What the operators of SQL do, in Polars."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial, reduce
from typing import Final

import polars as pl

from ingest.core.types import type_name
from ingest.core.values.casting import in_zone, lost
from ingest.expressions import patterns
from ingest.expressions.conditions import truth
from ingest.expressions.nodes import Interval
from ingest.expressions.values import Unfit, Value, a_type, family, unify

Operator = Callable[[list[Value]], "pl.Expr | Value"]

_SMALL = (pl.Int8(), pl.Int16(), pl.Int32(), pl.UInt8(), pl.UInt16())
_LONG_LIST = 8
_MOVABLE = frozenset({"date", "timestamp", "duration"})
_MOMENT = datetime(2013, 1, 1)  # noqa: DTZ001 - only to try zones on


def compare(symbol: str, values: list[Value]) -> pl.Expr:
    """Compare two values of one kind; null if one of them is null."""
    left, right = (value.expr for value in unify(values, symbol))
    match symbol:
        case "=":
            return left == right
        case "<>":
            return left != right
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case _:
            return left >= right


def among(values: list[Value]) -> pl.Expr:
    """Return IN: true, or null if a null might have been equal, or false."""
    subject, *items = unify(values, "IN")
    constant = [item for item in items if item.literal]
    if len(constant) < len(items) or len(items) < _LONG_LIST:
        return reduce(lambda one, two: one | two, (subject.expr == item.expr for item in items))
    known = pl.select(
        pl.concat([pl.select(item.expr.alias("x")).to_series() for item in constant])
    ).to_series()
    found = subject.expr.is_in(known.drop_nulls().implode())
    return pl.when(found).then(True) if known.null_count() else found


def _numbers(symbol: str, values: list[Value]) -> list[Value]:
    for value in values:
        if not value.is_null and family(value.dtype) != "number":
            raise Unfit(
                f"{symbol} takes numbers, but one side is of type {type_name(value.dtype)}. Cast "
                "it first: CAST(x AS float64)"
            )
    return unify(values, symbol)


def arithmetic(symbol: str, values: list[Value]) -> pl.Expr | Value:
    """Add, subtract or multiply; integers give int64, and one that is too large has no value."""
    left, right = _numbers(symbol, values)
    kinds = [value.dtype for value in values]
    if left.is_null:
        return left.expr
    if isinstance(left.dtype, pl.Decimal):
        return _decimals(symbol, left, right, [_scale(value) for value in values])
    if left.dtype.is_float():
        return _apply(symbol, left.expr, right.expr)
    if left.dtype in _SMALL:
        return _apply(symbol, left.expr.cast(pl.Int64), right.expr.cast(pl.Int64))
    if symbol == "*" and kinds == [pl.UInt64(), pl.UInt64()]:
        raise Unfit(
            "*: the product of two uint64 may exceed every integer type. Cast one to float64"
        )
    return _narrowed(_apply(symbol, left.expr.cast(pl.Int128), right.expr.cast(pl.Int128)))


def _narrowed(wide: pl.Expr) -> Value:
    """Bring an exact result to int64. Polars itself would wrap around in silence."""
    narrow = wide.cast(pl.Int64, strict=False)
    return Value(narrow, pl.Int64(), lost(wide, narrow))


def _decimals(symbol: str, left: Value, right: Value, scales: list[int]) -> pl.Expr:
    """Keep all digits of a product, up to 18 after the point; Polars keeps the larger scale."""
    if symbol != "*":
        return _apply(symbol, left.expr, right.expr)
    target = pl.Decimal(38, max(min(sum(scales), 18), *scales))
    return left.expr.cast(target) * right.expr.cast(target)


def _scale(value: Value) -> int:
    """Return how many digits a number has after the point."""
    if isinstance(value.dtype, pl.Decimal):
        return value.dtype.scale
    written = value.constant
    return -int(written.as_tuple().exponent) if isinstance(written, Decimal) else 0


def _apply(symbol: str, left: pl.Expr, right: pl.Expr) -> pl.Expr:
    if symbol == "+":
        return left + right
    return left - right if symbol == "-" else left * right


def divide(values: list[Value]) -> pl.Expr:
    """Divide as float64, whatever the types; by zero gives infinity or NaN, as IEEE 754 says."""
    left, right = _numbers("/", values)
    return left.expr.cast(pl.Float64) / right.expr.cast(pl.Float64)


def whole(symbol: str, values: list[Value]) -> pl.Expr | Value:
    """Return // or %, cut towards zero as in SQL (Polars rounds down).

    By zero an integer has no value, and a float NaN or infinity.
    """
    left, right = _numbers(symbol, values)
    if left.dtype.is_integer():
        one, two = left.expr.cast(pl.Int128), right.expr.cast(pl.Int128)
    else:
        one, two = left.expr.cast(pl.Float64), right.expr.cast(pl.Float64)
    down = one % two
    rest = pl.when((down != 0) & ((one < 0) != (two < 0))).then(down - two).otherwise(down)
    if not left.dtype.is_integer():
        return rest if symbol == "%" else ((one - rest) / two).round()
    found = _narrowed(rest if symbol == "%" else (one - rest) // two)
    return replace(found, fails=one.is_not_null() & two.is_not_null() & found.expr.is_null())


def add(values: list[Value]) -> pl.Expr | Value:
    """Add numbers, or a length of time to a date or timestamp."""
    left, right = values
    if family(left.dtype) not in {"date", "timestamp"} and family(right.dtype) in _MOVABLE:
        left, right = right, left
    if family(left.dtype) in _MOVABLE:
        return _moved(left, right, 1)
    return arithmetic("+", values)


def subtract(values: list[Value]) -> pl.Expr | Value:
    """Subtract numbers, a length of time, or two dates (days) or timestamps (a duration)."""
    left, right = values
    kinds = family(left.dtype), family(right.dtype)
    if kinds[0] not in _MOVABLE:
        return arithmetic("-", values)
    if "text" in kinds or (kinds[1] in {"date", "timestamp"} and kinds[0] != "duration"):
        one, two = unify(values, "-")
        difference = one.expr - two.expr
        return difference.dt.total_days() if one.dtype == pl.Date() else difference
    return _moved(left, right, -1)


def _moved(moment: Value, step: Value, sign: int) -> pl.Expr:
    length = step.constant
    if isinstance(length, Interval):
        return _by_interval(moment, length, sign)
    if family(moment.dtype) == "date" and step.dtype.is_integer():
        return moment.expr + pl.duration(days=step.expr * sign)
    if family(step.dtype) == "duration" and family(moment.dtype) in {"timestamp", "duration"}:
        return moment.expr + step.expr if sign > 0 else moment.expr - step.expr
    raise Unfit(
        f"{a_type(moment.dtype)} and {a_type(step.dtype)} cannot be combined with "
        f"\"{'+' if sign > 0 else '-'}\". Write lengths of time as INTERVAL '1 day'"
    )


def _by_interval(moment: Value, length: Interval, sign: int) -> pl.Expr:
    expr = moment.expr
    if family(moment.dtype) == "duration":
        if length.months:
            raise Unfit("a month has no fixed length, so it cannot be added to a duration")
        return expr + sign * pl.duration(days=length.days, microseconds=length.microseconds)
    if family(moment.dtype) == "date" and length.microseconds:
        expr = expr.cast(pl.Datetime("us"))
    parts = ((length.months, "mo"), (length.days, "d"), (length.microseconds, "us"))
    for amount, unit in parts:
        if amount:
            expr = expr.dt.offset_by(f"{sign * amount}{unit}")
    return expr


def negate(values: list[Value]) -> pl.Expr | Value:
    """Return the number with the other sign."""
    return arithmetic(
        "-", [Value(pl.lit(0, pl.Int64), pl.Int64(), literal=True, constant=0), *values]
    )


def join(values: list[Value]) -> pl.Expr:
    """Return || of texts: null if one of them is null."""
    for value in values:
        if family(value.dtype) not in {"text", "null"}:
            raise Unfit(
                f"||: {type_name(value.dtype)} is not text. Write CAST(x AS string), or concat(...)"
            )
    return pl.concat_str([value.expr.cast(pl.String) for value in values])


def at_time_zone(values: list[Value]) -> Value:
    """Say in which zone a plain timestamp is meant, or show a zoned one on clocks elsewhere."""
    moment, zone = values
    if not (zone.literal and isinstance(zone.constant, str)):
        raise Unfit("AT TIME ZONE needs the name of a time zone as a constant: 'UTC'")
    if family(moment.dtype) == "date":
        moment = moment.cast(pl.Datetime("us"))
    if not isinstance(moment.dtype, pl.Datetime):
        raise Unfit(f"AT TIME ZONE is for timestamps, but this is {type_name(moment.dtype)}")
    try:
        pl.Series([_MOMENT]).dt.replace_time_zone(zone.constant)
    except pl.exceptions.PolarsError:
        raise Unfit(f'no such time zone "{zone.constant}". Example: America/New_York') from None
    if moment.dtype.time_zone:
        there = moment.expr.dt.convert_time_zone(zone.constant).dt.replace_time_zone(None)
        return replace(moment, expr=there, fails=None)
    there = in_zone(moment.expr, zone.constant)
    return replace(moment, expr=there, fails=lost(moment.expr, there))


OPERATORS: Final[dict[str, Operator]] = {
    **{symbol: partial(compare, symbol) for symbol in ("=", "<>", "<", "<=", ">", ">=")},
    "+": add,
    "-": subtract,
    "*": partial(arithmetic, "*"),
    "/": divide,
    "//": partial(whole, "//"),
    "%": partial(whole, "%"),
    "||": join,
    "~": partial(patterns.matches, "~"),
    "~*": partial(patterns.matches, "~*"),
    "!~": lambda values: ~patterns.matches("!~", values),
    "!~*": lambda values: ~patterns.matches("!~*", values),
    "like": partial(patterns.like, "LIKE"),
    "ilike": partial(patterns.like, "ILIKE"),
    "in": among,
    "at time zone": at_time_zone,
    "negate": negate,
    "not": lambda values: ~truth(values[0], "NOT"),
    "is null": lambda values: values[0].expr.is_null(),
    "is true": lambda values: truth(values[0], "IS TRUE").eq_missing(pl.lit(True)),
    "is false": lambda values: truth(values[0], "IS FALSE").eq_missing(pl.lit(False)),
    "is not distinct": lambda values: _same(unify(values, "IS DISTINCT FROM")),
}
"""Operators by the name the parser gives them; AND, OR and COALESCE are in `conditions`."""


def _same(values: list[Value]) -> pl.Expr:
    return values[0].expr.eq_missing(values[1].expr)
