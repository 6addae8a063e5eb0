"""Leave out rows that lack a value."""

from typing import ClassVar, Literal

import polars as pl
from pydantic import Field

from ingest.core.rows import visible
from ingest.transforms.base import StepContext, Transform
from ingest.transforms.columns import need


class DropNulls(Transform):
    """Leave out the rows in which one of the columns is null. NaN is a value.

    To keep such rows apart with their reason instead, use the check `not_null`.
    """

    drops: ClassVar[str] = "filtered"

    type: Literal["drop_nulls"]
    columns: tuple[str, ...] | None = Field(default=None, min_length=1)
    """The columns that must have a value. Without them: all columns."""

    def apply(self, frame: pl.LazyFrame, context: StepContext) -> pl.LazyFrame:
        """Return the rows that have all these values."""
        schema = frame.collect_schema()
        names = list(self.columns or visible(schema))
        need(schema, names, "columns")
        return frame.drop_nulls(names)
