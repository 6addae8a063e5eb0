"""Functions of numbers. Results are float64 unless they say otherwise."""

import math
from collections.abc import Callable

import polars as pl

from ingest.expressions import operators
from ingest.expressions.catalogue import function
from ingest.expressions.values import Unfit, Value


def _zero() -> Value:
    return Value(pl.lit(0, pl.Int64), pl.Int64(), literal=True, constant=0)


@function("abs(number)", "abs(-3)", "3")
def absolute(number: Value) -> pl.Expr | Value:
    """The absolute value."""
    if not number.dtype.is_integer():
        return number.expr.abs()
    wide = operators.arithmetic("+", [number, _zero()])
    other = operators.arithmetic("-", [_zero(), number])
    if isinstance(wide, pl.Expr) or isinstance(other, pl.Expr):
        return number.expr.cast(pl.Int64).abs()
    return Value(
        pl.when(number.expr < 0).then(other.expr).otherwise(wide.expr), pl.Int64(), other.fails
    )


@function("round(number[, 'integer'])", "round(2.345, 1)", "2.3")
def rounded(number: Value, digits: Value | None = None) -> pl.Expr:
    """The number rounded to n digits after the point (0); halves away from zero. Keeps the type."""
    places = 0 if digits is None else int(str(digits.constant))
    if places < 0:
        raise Unfit("round: the number of digits must be 0 or more")
    if number.dtype.is_integer():
        return number.expr
    return number.expr.round(places, mode="half_away_from_zero")


@function("floor(number)", "floor(-1.5)", "-2.0")
def floor(number: Value) -> pl.Expr:
    """The next whole number down. Keeps the type."""
    return number.expr.floor()


@function("ceil(number)", "ceil(1.2)", "2.0", "ceiling")
def ceil(number: Value) -> pl.Expr:
    """The next whole number up. Keeps the type."""
    return number.expr.ceil()


@function("trunc(number)", "trunc(-1.7)", "-1.0", "truncate")
def trunc(number: Value) -> pl.Expr:
    """The number without its fraction."""
    return pl.when(number.expr < 0).then(number.expr.ceil()).otherwise(number.expr.floor())


@function("mod(number, number)", "mod(-7, 3)", "-1")
def mod(left: Value, right: Value) -> pl.Expr | Value:
    """The remainder of a division, with the sign of the first: `%`."""
    return operators.whole("%", [left, right])


@function("div(number, number)", "div(-7, 2)", "-3")
def div(left: Value, right: Value) -> pl.Expr | Value:
    """A division cut to a whole number: `//`."""
    return operators.whole("//", [left, right])


@function("power(number, number)", "power(2, 10)", "1024.0", "pow")
def power(base: Value, exponent: Value) -> pl.Expr:
    """The first to the power of the second."""
    return base.expr.cast(pl.Float64).pow(exponent.expr.cast(pl.Float64))


@function("sign(number)", "sign(-2.5)", "-1")
def sign(number: Value) -> pl.Expr:
    """-1, 0 or 1."""
    return number.expr.cast(pl.Float64).sign().cast(pl.Int8, strict=False)


@function("log('number', number)", "log(2, 8)", "3.0")
def log(base: Value, number: Value) -> pl.Expr:
    """The logarithm to a base; `log10` and `ln` have their own."""
    return number.expr.cast(pl.Float64).log(float(str(base.constant)))


@function("isnan(number)", "isnan(1.0)", "FALSE")
def isnan(number: Value) -> pl.Expr:
    """Whether the number is NaN."""
    return number.expr.cast(pl.Float64).is_nan()


@function("pi()", "round(pi(), 2)", "3.14")
def pi() -> pl.Expr:
    """3.14159..."""
    return pl.lit(math.pi)


@function("atan2(number, number)", "atan2(0, 1)", "0.0")
def atan2(y: Value, x: Value) -> pl.Expr:
    """The angle of the point (y, x), in radians."""
    return pl.arctan2(y.expr.cast(pl.Float64), x.expr.cast(pl.Float64))


def _plain(apply: Callable[[pl.Expr], pl.Expr], meaning: str) -> Callable[[Value], pl.Expr]:
    def build(number: Value) -> pl.Expr:
        return apply(number.expr.cast(pl.Float64))

    build.__doc__ = meaning
    return build


for _name, _meaning, _example, _gives, _apply in (
    ("sqrt", "The square root; NaN for a negative number.", "sqrt(9)", "3.0", pl.Expr.sqrt),
    ("exp", "e to the power of x.", "exp(0)", "1.0", pl.Expr.exp),
    ("ln", "The natural logarithm; -infinity for 0, NaN below.", "ln(1)", "0.0", pl.Expr.log),
    ("log10", "The logarithm to base 10.", "log10(100)", "2.0", pl.Expr.log10),
    ("sin", "The sine of an angle in radians.", "sin(0)", "0.0", pl.Expr.sin),
    ("cos", "The cosine of an angle in radians.", "cos(0)", "1.0", pl.Expr.cos),
    ("tan", "The tangent of an angle in radians.", "tan(0)", "0.0", pl.Expr.tan),
    ("asin", "The angle in radians that has this sine.", "asin(0)", "0.0", pl.Expr.arcsin),
    ("acos", "The angle in radians that has this cosine.", "acos(1)", "0.0", pl.Expr.arccos),
    ("atan", "The angle in radians that has this tangent.", "atan(0)", "0.0", pl.Expr.arctan),
    ("radians", "Degrees to radians.", "round(radians(180), 2)", "3.14", pl.Expr.radians),
    ("degrees", "Radians to degrees.", "degrees(pi())", "180.0", pl.Expr.degrees),
):
    function(f"{_name}(number)", _example, _gives)(_plain(_apply, _meaning))
