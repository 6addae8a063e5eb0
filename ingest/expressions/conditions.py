"""CASE, AND, OR and COALESCE: where one part decides whether another one matters.

Polars computes every branch for every row. A cast that fails in a branch that is not taken must
not count, or `CASE WHEN s ~ '^[0-9]+$' THEN CAST(s AS int) END` would reject what it guards.
"""

import polars as pl

from ingest.core.types import type_name
from ingest.expressions.values import Unfit, Value, any_of, family, unify


def truth(value: Value, what: str) -> pl.Expr:
    """Return a condition.

    Raises:
        Unfit: it is not boolean.
    """
    if value.is_null:
        return value.expr.cast(pl.Boolean)
    if family(value.dtype) != "boolean":
        raise Unfit(f"{what} must be true or false, but is {type_name(value.dtype)}")
    return value.expr


def case(pairs: list[tuple[Value, Value]], otherwise: Value) -> Value:
    """Return the result of the first pair whose condition is true."""
    results = unify([*(result for _, result in pairs), otherwise], "the branches of CASE")
    expr, fails = results[-1].expr, results[-1].fails
    for (test, _), result in zip(reversed(pairs), reversed(results[:-1]), strict=True):
        condition = truth(test, "the condition of CASE")
        expr = pl.when(condition).then(result.expr).otherwise(expr)
        branch = _if(condition, result.fails, fails)
        fails = any_of(test.fails, branch)
    literal = all(value.literal for pair in pairs for value in pair) and otherwise.literal
    return Value(expr, results[-1].dtype, fails, literal)


def _if(condition: pl.Expr, yes: pl.Expr | None, no: pl.Expr | None) -> pl.Expr | None:
    if yes is None and no is None:
        return None
    never = pl.lit(False)
    return (
        pl.when(condition)
        .then(never if yes is None else yes)
        .otherwise(never if no is None else no)
    )


def guarded(name: str, values: list[Value]) -> Value:
    """Return AND, OR, COALESCE or IFNULL: later parts matter if earlier ones settle nothing."""
    if name == "ifnull" and len(values) != 2:
        raise Unfit(f"ifnull: got {len(values)} arguments. Write it as ifnull(any, any)")
    if not values:
        raise Unfit("coalesce needs at least one argument")
    if name in {"and", "or"}:
        parts = [truth(value, name.upper()) for value in values]
        expr = parts[0] & parts[1] if name == "and" else parts[0] | parts[1]
        settled = ~parts[0] if name == "and" else parts[0]
        fails = any_of(values[0].fails, _unless([settled], values[1].fails))
        return Value(expr, pl.Boolean(), fails, all(value.literal for value in values))
    values = unify(values, name)
    fails = values[0].fails
    for place, value in enumerate(values[1:], start=1):
        known = [earlier.expr.is_not_null() for earlier in values[:place]]
        fails = any_of(fails, _unless(known, value.fails))
    expr = pl.coalesce(*(value.expr for value in values))
    return Value(expr, values[0].dtype, fails, all(value.literal for value in values))


def _unless(settled: list[pl.Expr], fails: pl.Expr | None) -> pl.Expr | None:
    if fails is None:
        return None
    return fails & ~pl.any_horizontal(settled).fill_null(value=False)
