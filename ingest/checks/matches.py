"""Text must have a pattern."""

import re
from collections.abc import Mapping
from typing import Literal

import numpy as np
import polars as pl
from pydantic import field_validator

from ingest.checks.base import Check, Violation
from ingest.checks.bytewise import byte_pattern
from ingest.checks.options import kind_of
from ingest.core.errors import ConfigError
from ingest.core.types import type_name

_MOSTLY = 0.5
"""With fewer texts that match for certain, the regular expression looks at all."""


class Matches(Check):
    """Text that must match a pattern from its first to its last character."""

    type: Literal["matches"]
    column: str
    """The column, of type string."""
    pattern: str
    r"""A regular expression in Rust's syntax, without look-around: `[A-Z]{2}\d{4}`."""

    @field_validator("pattern")
    @classmethod
    def _readable(cls, pattern: str) -> str:
        try:
            pl.select(pl.lit("").str.contains(_whole(pattern)))
        except pl.exceptions.ComputeError as error:
            found = re.search(r"error: (?!regex)(.*)", str(error))
            reason = found[1] if found else " ".join(str(error).split())
            raise ValueError(
                f'"{pattern}" is not a regular expression: {reason}. Look-around and back '
                "references are not supported. Fix the pattern, or use a check of type expression"
            ) from None
        return pattern

    def violations(self, schema: Mapping[str, pl.DataType]) -> list[Violation]:
        """Return one violation: no match."""
        kind = kind_of(self.column, schema)
        if not isinstance(kind, pl.String):
            raise ConfigError(
                f'column: "{self.column}" is {type_name(kind)}. matches works on strings. Use '
                "range or in_set instead"
            )
        broken = ~_matched(pl.col(self.column), self.pattern)
        return [Violation(self.column, f"{self.column}: matches {self.pattern}", broken)]


def _matched(texts: pl.Expr, pattern: str) -> pl.Expr:
    """Return which texts match; what is not certain by single bytes, a regular expression tells."""
    whole, bytewise = _whole(pattern), byte_pattern(pattern)
    if bytewise is None:
        return texts.str.contains(whole)

    def matched(column: pl.Series) -> pl.Series:
        certain = bytewise.certain(column)
        if certain.all():
            return pl.Series(column.name, certain)
        if np.count_nonzero(certain) < _MOSTLY * len(column):
            return column.str.contains(whole)
        rest = np.flatnonzero(~certain)
        found = pl.Series(column.name, certain)
        return found.scatter(rest, column.gather(rest).str.contains(whole))

    # not called elementwise: then Polars would ask of each chunk, some of them of a few rows
    return texts.map_batches(matched, return_dtype=pl.Boolean())


def _whole(pattern: str) -> str:
    return rf"\A(?:{pattern})\z"
