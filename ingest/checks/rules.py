"""Judging rows: which rule each of them breaks first, and all that the rejected ones break.

Measured on 2 million good rows, one thread: two casts and nine rules take 0.05 s.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from ingest.checks.base import BROKEN, Violation
from ingest.core.casting import lost

if TYPE_CHECKING:
    from polars.expr.whenthen import ChainedThen, Then

RAW_PREFIX = "__ingest_raw_"
"""Begins the names of hidden columns that hold what a cast column was before."""
_RULES_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Cast:
    """A column that has to change its type; `expression` is null where a value does not fit."""

    column: str
    type_name: str
    expression: pl.Expr

    @property
    def raw(self) -> str:
        """The hidden column that keeps what it was."""
        return RAW_PREFIX + self.column

    @property
    def violation(self) -> Violation:
        """The rule that every value fits."""
        broken = lost(pl.col(self.raw), pl.col(self.column))
        return Violation(self.column, f"{self.column}: not {self.type_name}", broken)


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of a contract for rows of one schema, in the order in which they are judged."""

    casts: tuple[Cast, ...]
    row: tuple[Violation, ...]
    partition: tuple[Violation, ...]

    @property
    def all(self) -> list[Violation]:
        """The rules by number."""
        return [*(cast.violation for cast in self.casts), *self.row, *self.partition]

    def mark(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Return the rows cast, with `BROKEN` and, for each cast column, what it was."""
        numbered = list(enumerate(self.all))
        if not numbered:
            return frame
        frame = frame.with_columns(
            *(pl.col(cast.column).alias(cast.raw) for cast in self.casts),
            *(cast.expression.alias(cast.column) for cast in self.casts),
            pl.lit(None, dtype=pl.UInt16).alias(BROKEN),
        )
        alone = len(numbered) - len(self.partition)
        # In groups: all conditions of a group are in memory at once, and one chain of hundreds of
        # them would overflow Polars' stack. A rule of scope `partition` has to see `BROKEN`.
        for start in range(0, alone, _RULES_AT_ONCE):
            group = numbered[start : min(start + _RULES_AT_ONCE, alone)]
            frame = frame.with_columns(_first_broken(group))
        for one in numbered[alone:]:
            frame = frame.with_columns(_first_broken([one]))
        return frame

    def reasons(self, rows: pl.DataFrame) -> tuple[pl.Series, pl.Series, pl.Series]:
        """Return for rejected rows the column and reason of the first rule, and all reasons.

        `rows` are what `mark` returned, hidden columns and all, where `BROKEN` is not null. Of the
        rules of scope `partition`, only one that came first is named.
        """
        rules = self.all
        unfit = {cast.column: cast.violation.broken for cast in self.casts}
        breaks = [cast.violation.broken for cast in self.casts]
        # A value that does not fit its type is not missing: only its cast is broken.
        breaks += (_unless(unfit.get(rule.column or ""), rule.broken) for rule in self.row)
        breaks += itertools.repeat(pl.lit(value=False), len(self.partition))
        listed = [
            pl.when((pl.col(BROKEN) == number) | broken).then(pl.lit(rule.reason))
            for number, (rule, broken) in enumerate(zip(rules, breaks, strict=True))
        ]
        first = rows[BROKEN]
        columns = pl.Series([rule.column for rule in rules], dtype=pl.String).gather(first)
        reasons = pl.Series([rule.reason for rule in rules], dtype=pl.String).gather(first)
        every = rows.select(pl.concat_list(listed).list.drop_nulls()).to_series()
        return columns, reasons, every


def _first_broken(rules: Sequence[tuple[int, Violation]]) -> pl.Expr:
    known = pl.col(BROKEN)
    chain: Then | ChainedThen = pl.when(known.is_not_null()).then(known)
    for number, rule in rules:
        chain = chain.when(rule.broken).then(pl.lit(number, dtype=pl.UInt16))
    return chain.alias(BROKEN)


def _unless(exception: pl.Expr | None, broken: pl.Expr) -> pl.Expr:
    return broken if exception is None else broken & ~exception
