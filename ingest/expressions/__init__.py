"""SQL scalar expressions: what filters, derived columns and checks are written in.

The parser and the compiler are our own, because Polars' `sql_expr` lacks a third of what is
expected of SQL, evaluates `now()` at every try, accepts aggregates and windows, wraps integers
around and kills a batch for one bad cast (figures in docs/reference/expressions.md).
"""

from collections.abc import Mapping
from functools import lru_cache

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError
from ingest.core.types import type_name
from ingest.expressions import functions as functions
from ingest.expressions.compiler import Compiler
from ingest.expressions.nodes import CastNode, ColumnNode, Node
from ingest.expressions.parser import parse_tree

__all__ = ["Compiled", "checked", "columns", "failure", "resolve", "result_type"]

_tree = lru_cache(maxsize=1024)(parse_tree)


@lru_cache(maxsize=1024)
def _compiled(text: str, columns: tuple[tuple[str, pl.DataType], ...]) -> "Compiled":
    value = Compiler(text, dict(columns)).whole(_tree(text))
    return Compiled(value.expr, value.dtype, value.fails)


@dataclass(frozen=True, slots=True)
class Compiled:
    """An expression resolved against a schema.

    `fails` is true for rows in which it has no value: a CAST of a text that is no number, a sum
    that no int64 holds. There, `value` is null. None if the expression has a value for every row.
    """

    value: pl.Expr
    dtype: pl.DataType
    fails: pl.Expr | None


def resolve(text: str, schema: Mapping[str, pl.DataType]) -> Compiled:
    """Compile an expression for rows of a schema, types checked.

    Raises:
        ConfigError: it cannot be parsed, a column does not exist, types do not go together, or it
            cannot be computed from one row alone. The text begins with what is wrong; the caller
            puts the place before it.
    """
    return _compiled(text, tuple(schema.items()))


def checked(text: str) -> str:
    """Return the text if it can be parsed; for validators of options.

    Raises:
        ValueError: it is no SQL expression, or one that cannot be computed from a row alone.
    """
    try:
        _tree(text)
    except ConfigError as error:
        raise ValueError(str(error)) from None
    return text


def failure(text: str) -> str:
    """Say what is wrong with a row for which an expression `fails`."""
    tree = _tree(text)
    if isinstance(tree, CastNode):
        return f"cannot cast value to {type_name(tree.target)}"
    return f"{text}: cannot be computed"


def columns(text: str) -> frozenset[str]:
    """Return the columns that an expression reads; a struct counts as one.

    Raises:
        ConfigError: it cannot be parsed.
    """
    tree: Node = _tree(text)
    return frozenset(node.name for node in tree.walk() if isinstance(node, ColumnNode))


def result_type(text: str, schema: Mapping[str, pl.DataType]) -> pl.DataType:
    """Return the type of an expression over rows of a schema.

    Raises:
        ConfigError: as `resolve`.
    """
    return resolve(text, schema).dtype
