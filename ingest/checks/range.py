"""A value must lie between bounds."""

import re
from collections.abc import Mapping
from typing import Literal, Self

import polars as pl
from pydantic import model_validator

from ingest.checks.base import Check, Violation
from ingest.checks.options import Bound, fitted, kind_of
from ingest.core.errors import ConfigError
from ingest.core.types import type_name

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


class Range(Check):
    """A number, date, time or timestamp within bounds. The bounds are allowed, NaN is not."""

    type: Literal["range"]
    column: str
    """The column."""
    min: Bound | None = None
    """The smallest value allowed; dates and times as text (`2013-01-01`)."""
    max: Bound | None = None
    """The largest value allowed."""
    exclusive: bool = False
    """Whether to exclude the bounds themselves."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("range: neither min nor max is set. Set one or both")
        least, most = self.min, self.max
        if isinstance(least, int | float) and isinstance(most, int | float):
            if not (least < most if self.exclusive else least <= most):
                raise ValueError(f"range: {self._empty()}")
        elif _is_day(least) and _is_day(most) and str(least) > str(most):
            raise ValueError(f"range: {self._empty()}")
        return self

    def violations(self, schema: Mapping[str, pl.DataType]) -> list[Violation]:
        """Return one violation: outside the bounds."""
        kind = kind_of(self.column, schema)
        if not (kind.is_numeric() or isinstance(kind, pl.Date | pl.Time | pl.Datetime)):
            raise ConfigError(
                f'column: "{self.column}" is {type_name(kind)}. range works on numbers, dates, '
                "times and timestamps. Cast the column, or use in_set, matches or length"
            )
        values = pl.col(self.column)
        broken = values.is_nan() if kind.is_float() else pl.lit(value=False)
        least, most = self._bound("min", kind), self._bound("max", kind)
        if least is not None:
            broken |= values <= least if self.exclusive else values < least
        if most is not None:
            broken |= values >= most if self.exclusive else values > most
        self._refuse_empty(least, most)
        return [Violation(self.column, self._reason(), broken)]

    def _bound(self, option: Literal["min", "max"], kind: pl.DataType) -> pl.Expr | None:
        value = self.min if option == "min" else self.max
        if value is None:
            return None
        return pl.lit(fitted(value, self.column, kind, option), dtype=kind)

    def _refuse_empty(self, least: pl.Expr | None, most: pl.Expr | None) -> None:
        if least is None or most is None:
            return
        possible = least < most if self.exclusive else least <= most
        if not pl.select(possible).item():
            raise ConfigError(f"min: {self._empty()}")

    def _empty(self) -> str:
        both = " if both are excluded" if self.exclusive else ""
        return (
            f'no value can be between min "{self.min}" and max "{self.max}"{both}. Swap or correct '
            "them"
        )

    def _reason(self) -> str:
        least = "" if self.min is None else self.min
        most = "" if self.max is None else self.max
        return f"{self.column}: range {least}..{most}{' exclusive' if self.exclusive else ''}"


def _is_day(bound: Bound | None) -> bool:
    return isinstance(bound, str) and _DAY.fullmatch(bound) is not None
