"""Compiled parts of an expression, and how two of them are brought to one type."""

from dataclasses import replace
from decimal import Decimal
from functools import reduce
from typing import Final

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.types import type_name
from ingest.core.values.casting import converted
from ingest.expressions.nodes import Constant


class Unfit(Exception):  # noqa: N818 - becomes a ConfigError with its place in `compiler`
    """Types that do not go together; the text says which, and what would."""


@dataclass(frozen=True, slots=True)
class Value:
    """A compiled part: what computes it, and of which type it is.

    `fails` is true for rows in which it has no value (a cast that fails, a number too large);
    None if there can be none. `constant` is the value of a part that needs no row (`literal`).
    """

    expr: pl.Expr
    dtype: pl.DataType
    fails: pl.Expr | None = None
    literal: bool = False
    constant: Constant = None

    @property
    def is_null(self) -> bool:
        """Whether this is the literal NULL."""
        return isinstance(self.dtype, pl.Null)

    def cast(self, dtype: pl.DataType) -> "Value":
        """Return this value in a type that has room for it."""
        if dtype == self.dtype:
            return self
        return replace(self, expr=self.expr.cast(dtype), dtype=dtype)


FAMILIES: Final = ("text", "boolean", "date", "timestamp", "time", "duration", "binary")


def family(dtype: pl.DataType) -> str:
    """Return what kind of values these are: number, text, boolean, date, timestamp, ..."""
    if dtype.is_numeric():
        return "number"
    kinds = {
        pl.String: "text",
        pl.Datetime: "timestamp",
        pl.Array: "list",
        pl.Categorical: "text",
        pl.Enum: "text",
    }
    return kinds.get(type(dtype), type(dtype).__name__.lower())


def a_type(dtype: pl.DataType) -> str:
    """Return the name of a type with its article: `an int64`, `a timestamp`."""
    name = type_name(dtype)
    return f"{'an' if name[0] in 'aeio' else 'a'} {name}"


def _within(what: str) -> str:
    """Say where types meet: `with "-"`, or `in the branches of CASE`."""
    return f"in {what}" if what[0].isalpha() else f'with "{what}"'


def any_of(*conditions: pl.Expr | None) -> pl.Expr | None:
    """Return where one of the conditions is true; None if there are none."""
    present = [condition for condition in conditions if condition is not None]
    return reduce(lambda left, right: left | right, present) if present else None


def unify(values: "list[Value]", what: str) -> list[Value]:
    """Return the values in one common type.

    Raises:
        Unfit: there is none; nothing is turned into text, and no text into numbers, unasked.
    """
    dtype = values[0].dtype
    for value in values[1:]:
        dtype = _common(Value(pl.lit(None), dtype), value, what)
    exact = [value for value in values if not value.literal] or values
    if len(exact) < len(values) and not exact[0].is_null:
        dtype = _beside_literals(exact, values, dtype, what)
    return [_fitted(value, dtype, what) for value in values]


def _beside_literals(
    exact: list[Value], values: list[Value], dtype: pl.DataType, what: str
) -> pl.DataType:
    """Let literals take the type of the columns beside them, where they fit into it exactly."""
    wanted = exact[0].dtype
    for value in exact[1:]:
        wanted = _common(Value(pl.lit(None), wanted), value, what)
    literals = [value for value in values if value.literal]
    if all(_fits(value, wanted) for value in literals):
        return wanted
    decimals = [value.constant for value in literals if isinstance(value.constant, Decimal)]
    if isinstance(wanted, pl.Decimal) and decimals:
        scale = max(wanted.scale, *(-int(each.as_tuple().exponent) for each in decimals))
        return pl.Decimal(38, scale)
    return dtype


def _fits(value: Value, dtype: pl.DataType) -> bool:
    number = value.constant
    if value.is_null:
        return True
    if isinstance(number, bool) or not isinstance(number, int | float | Decimal):
        return False
    if dtype.is_integer() and isinstance(number, int):
        return bool(pl.select(pl.lit(number).cast(dtype, strict=False).is_not_null()).item())
    return dtype.is_float()


def _common(left: Value, right: Value, what: str) -> pl.DataType:
    one, two = left.dtype, right.dtype
    if one == two or right.is_null:
        return one
    if left.is_null:
        return two
    kinds = {family(one), family(two)}
    if kinds == {"number"}:
        return common_number(one, two)
    if kinds == {"date", "timestamp"}:
        return one if isinstance(one, pl.Datetime) else two
    if isinstance(one, pl.Datetime) and isinstance(two, pl.Datetime):
        return _common_timestamp(one, two, what)
    if "text" in kinds and len(kinds) == 2 and kinds & {"date", "timestamp", "time"}:
        return two if family(one) == "text" else one
    raise Unfit(
        f"{a_type(one)} and {a_type(two)} cannot be combined {_within(what)}. Write CAST(x AS "
        "type) to choose the type"
    )


def _common_timestamp(one: pl.Datetime, two: pl.Datetime, what: str) -> pl.Datetime:
    if bool(one.time_zone) != bool(two.time_zone):
        raise Unfit(
            f"a timestamp with a time zone and one without cannot be combined {_within(what)}. "
            "Write t AT TIME ZONE 'UTC' to choose the zone"
        )
    units = ("ms", "us", "ns")
    return max(one, two, key=lambda kind: units.index(kind.time_unit))


def common_number(one: pl.DataType, two: pl.DataType) -> pl.DataType:
    """Return the number type that both have room in; with a float, that is float64."""
    if one.is_float() or two.is_float():
        both = isinstance(one, pl.Float32) and isinstance(two, pl.Float32)
        return pl.Float32() if both else pl.Float64()
    scales = [kind.scale for kind in (one, two) if isinstance(kind, pl.Decimal)]
    if scales:
        return pl.Decimal(38, max(scales))
    return pl.Int128() if pl.UInt64() in {one, two} else pl.Int64()


def _fitted(value: Value, dtype: pl.DataType, what: str) -> Value:
    """Bring a value to the common type; a written date is read as one."""
    if value.dtype == dtype:
        return value
    if family(value.dtype) == "text" and family(dtype) in {"date", "timestamp", "time"}:
        if not value.literal:
            raise Unfit(
                f"a string and {a_type(dtype)} cannot be combined {_within(what)}. Write CAST(x "
                f"AS {type_name(dtype)}), or strptime(x, format)"
            )
        expr = converted(pl.lit(value.constant), pl.String(), dtype)
        if pl.select(expr).item() is None:
            zoned = getattr(dtype, "time_zone", None)
            example = ". With a time zone, write it as 2013-05-17T14:25Z" if zoned else ""
            raise Unfit(f'{what}: "{value.constant}" is not a {type_name(dtype)}{example}')
        return replace(value, expr=expr, dtype=dtype)
    if isinstance(dtype, pl.Decimal) and isinstance(value.constant, Decimal):
        return replace(value, expr=pl.lit(value.constant, dtype=dtype), dtype=dtype)
    return value.cast(dtype)
