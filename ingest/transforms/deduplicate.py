"""Keep one row of several that agree."""

from typing import ClassVar, Literal

import polars as pl
from pydantic import Field

from ingest.core.rows import HIDDEN_PREFIX, visible
from ingest.transforms.base import Scope, StepContext, Transform
from ingest.transforms.columns import need

_ORDER = f"{HIDDEN_PREFIX}order"


class Deduplicate(Transform):
    """Keep one row of those that agree in the key columns, within a partition.

    Rows of different partitions never meet here: a duplicate in another partition stays. Nulls
    agree with nulls.
    """

    scope: ClassVar[Scope] = "partition"
    drops: ClassVar[str] = "deduplicated"

    type: Literal["deduplicate"]
    within: Literal["partition"]
    """Where duplicates are looked for; written out, because it is less than one might think."""
    columns: tuple[str, ...] | None = Field(default=None, min_length=1)
    """The key columns. Without them: all columns."""
    keep: Literal["first", "last"] = "first"
    """Which of the rows stays, in the order of the input or of `order_by`."""
    order_by: tuple[str, ...] | None = Field(default=None, min_length=1)
    """The columns that say which row is first; a row with a null there gives way to one without.
    Among equals the order of the input decides. The rows that stay keep that order too."""

    def apply(self, frame: pl.LazyFrame, context: StepContext) -> pl.LazyFrame:
        """Return the rows without duplicates."""
        schema = frame.collect_schema()
        keys = list(self.columns or visible(schema))
        need(schema, keys, "columns")
        if self.order_by is None:
            return frame.unique(keys, keep=self.keep, maintain_order=True)
        need(schema, self.order_by, "order_by")
        frame = frame.with_row_index(_ORDER).sort(
            *self.order_by, nulls_last=self.keep == "first", maintain_order=True
        )
        return frame.unique(keys, keep=self.keep, maintain_order=True).sort(_ORDER).drop(_ORDER)
