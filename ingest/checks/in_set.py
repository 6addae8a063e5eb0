"""A value must be one of a few."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal

import polars as pl
from pydantic import Field

from ingest.checks.base import Check, Violation
from ingest.checks.options import Scalar, fitted, kind_of
from ingest.checks.views import kept_by_views
from ingest.compiled.texts import INLINE_BYTES, among
from ingest.core.errors import ConfigError
from ingest.core.types import type_name

_FEW = 8
"""So many texts are compared one by one in less time than it takes to hash each value."""


class InSet(Check):
    """A value that must be one of those listed."""

    type: Literal["in_set"]
    column: str
    """The column."""
    values: tuple[Scalar, ...] = Field(min_length=1)
    """The allowed values, of the column's type; dates and times as text. Null is always allowed."""

    def violations(self, schema: Mapping[str, pl.DataType]) -> list[Violation]:
        """Return one violation: not in the set."""
        kind = kind_of(self.column, schema)
        if kind.is_nested() or isinstance(kind, pl.Binary):
            raise ConfigError(
                f'column: "{self.column}" is {type_name(kind)}. in_set compares single values. '
                "Flatten or explode the column in an earlier step"
            )
        allowed = [fitted(value, self.column, kind, "values") for value in self.values]
        column = pl.col(self.column)
        if isinstance(kind, pl.String) and len(allowed) <= _FEW:
            kept = _kept_one_by_one(column, [str(value) for value in allowed])
        else:
            kept = column.is_in(pl.Series(allowed, dtype=kind).implode())
        return [Violation(self.column, f"{self.column}: in_set", ~kept)]


def _kept_one_by_one(column: pl.Expr, allowed: Sequence[str]) -> pl.Expr:
    if any(len(text.encode()) > INLINE_BYTES for text in allowed):
        return pl.any_horizontal(column == text for text in allowed)

    any_of = pl.any_horizontal(pl.first() == text for text in allowed)
    return kept_by_views(column, partial(among, allowed=allowed), any_of)
