"""Functions that choose between values. IF, CASE, COALESCE and IFNULL are in `conditions`."""

import polars as pl

from ingest.expressions.catalogue import function
from ingest.expressions.values import Value, unify


@function("nullif(any, any)", "nullif(5, 0)", "5")
def nullif(value: Value, other: Value) -> pl.Expr:
    """The first, or null if it equals the second."""
    left, right = unify([value, other], "nullif")
    return pl.when(left.expr.ne_missing(right.expr) | right.expr.is_null()).then(left.expr)


@function("greatest(any, ...)", "greatest(1, NULL, 3)", "3")
def greatest(*values: Value) -> pl.Expr:
    """The largest value; nulls are skipped."""
    return pl.max_horizontal(value.expr for value in unify(list(values), "greatest"))


@function("least(any, ...)", "least('b', 'a')", "'a'")
def least(*values: Value) -> pl.Expr:
    """The smallest value; nulls are skipped."""
    return pl.min_horizontal(value.expr for value in unify(list(values), "least"))
