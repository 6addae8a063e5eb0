"""A value must be there."""

from collections.abc import Mapping
from typing import Literal

import polars as pl
from pydantic import Field

from ingest.checks.base import Check, Violation
from ingest.checks.options import require


class NotNull(Check):
    """Columns that must not be null. Empty text and NaN count as values."""

    type: Literal["not_null"]
    columns: tuple[str, ...] = Field(min_length=1)
    """The columns. Each one is a separate rule."""

    def violations(self, schema: Mapping[str, pl.DataType]) -> list[Violation]:
        """Return one violation for each column."""
        require(self.columns, schema)
        return [
            Violation(column, f"{column}: not_null", pl.col(column).is_null())
            for column in self.columns
        ]
