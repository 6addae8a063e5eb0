"""A text, a list or bytes must be neither too short nor too long."""

from collections.abc import Mapping
from typing import Literal, Self

import polars as pl
from pydantic import Field, model_validator

from ingest.checks.base import Check, Violation
from ingest.checks.options import kind_of
from ingest.checks.views import kept_by_views
from ingest.compiled.texts import Flags, Views, long
from ingest.core.errors import ConfigError
from ingest.core.types import type_name

_ANY = 2**32
"""No text is as long."""


class Length(Check):
    """A length within bounds: characters of a string, elements of a list, bytes of a binary."""

    type: Literal["length"]
    column: str
    """The column."""
    min: int = Field(default=0, ge=0)
    """The smallest length allowed."""
    max: int | None = Field(default=None, ge=0)
    """The largest length allowed."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.min == 0 and self.max is None:
            raise ValueError("length: neither min nor max is set. Set one or both")
        if self.max is not None and self.min > self.max:
            raise ValueError(
                f"length: min {self.min} is more than max {self.max}. Swap or fix them"
            )
        return self

    def violations(self, schema: Mapping[str, pl.DataType]) -> list[Violation]:
        """Return one violation: too short or too long."""
        kind = kind_of(self.column, schema)
        column = pl.col(self.column)
        if isinstance(kind, pl.String):
            length = pl.first().str.len_chars()
        elif isinstance(kind, pl.List):
            length = column.list.len()
        elif isinstance(kind, pl.Binary):
            length = column.bin.size()
        else:
            raise ConfigError(
                f'column: "{self.column}" is {type_name(kind)}. Strings, lists and '
                "binary have a length. Use range for numbers"
            )
        kept = length >= self.min
        if self.max is not None:  # one condition: two would measure every value twice
            kept = length.is_between(self.min, self.max)
        if isinstance(kind, pl.String):
            kept = kept_by_views(column, self._kept, kept)
        most = "" if self.max is None else self.max
        return [Violation(self.column, f"{self.column}: length {self.min}..{most}", ~kept)]

    def _kept(self, texts: Views) -> Flags:
        return long(texts, min(self.min, _ANY), min(_ANY if self.max is None else self.max, _ANY))
