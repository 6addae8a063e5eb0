"""Keep one row of several that agree."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import polars as pl
from pydantic import Field

from ingest.core.rows import HIDDEN_PREFIX, visible
from ingest.transforms.base import Scope, StepContext, Transform
from ingest.transforms.columns import need

_ORDER = f"{HIDDEN_PREFIX}order"


class Deduplicate(Transform):
    """Keep one of the rows that have the same key, within a partition.

    Rows of different partitions are not compared: a duplicate in another partition stays. Nulls
    are equal.
    """

    scope: ClassVar[Scope] = "partition"
    drops: ClassVar[str] = "deduplicated"

    hints: ClassVar[Mapping[str, str]] = {
        "within": "Add within: partition. Duplicates are found only among rows of the same "
        "partition (a part of the input)"
    }

    type: Literal["deduplicate"]
    within: Literal["partition"]
    """Where to look for duplicates. There is no default, to make clear that rows in other
    partitions are not compared."""
    columns: tuple[str, ...] | None = Field(default=None, min_length=1)
    """The key columns. Default: all columns."""
    keep: Literal["first", "last"] = "first"
    """Which of the duplicates to keep, in the order of the input or of `order_by`."""
    order_by: tuple[str, ...] | None = Field(default=None, min_length=1)
    """The columns that decide which row is first; nulls come last. Equal rows keep the order of the
    input. The order of the remaining rows does not change."""

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

    def touches(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return the key, and what decides which row is first."""
        return self.decides(given)

    def decides(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return the key, and what decides which row is first."""
        return frozenset(self.columns or given).union(self.order_by or ())
