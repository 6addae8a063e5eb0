"""Leave out rows that lack a value."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import polars as pl
from pydantic import Field

from ingest.core.rows import visible
from ingest.transforms.base import StepContext, Transform
from ingest.transforms.columns import need


class DropNulls(Transform):
    """Drop rows in which one of the columns is null. NaN is not null.

    To quarantine such rows instead, use the check `not_null`.
    """

    drops: ClassVar[str] = "filtered"

    type: Literal["drop_nulls"]
    columns: tuple[str, ...] | None = Field(default=None, min_length=1)
    """The columns that must not be null. Default: all columns."""

    def apply(self, frame: pl.LazyFrame, context: StepContext) -> pl.LazyFrame:
        """Return the rows that have all these values."""
        schema = frame.collect_schema()
        names = list(self.columns or visible(schema))
        need(schema, names, "columns")
        return frame.drop_nulls(names)

    def touches(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return the columns that must not be null."""
        return self.decides(given)

    def decides(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return the columns that must not be null."""
        return frozenset(self.columns or given)
