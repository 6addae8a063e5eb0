"""Keep a part of the rows, chosen by their values."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import polars as pl
from pydantic import Field

from ingest.core.rows import visible
from ingest.transforms.base import StepContext, Transform
from ingest.transforms.columns import is_text, need


class Sample(Transform):
    """Keep a share of the rows, chosen by a hash of their values and the run's seed.

    The same rows are chosen however the input is split, and equal rows are kept or dropped
    together. Another version of Polars may choose other rows.
    """

    drops: ClassVar[str] = "sampled"

    type: Literal["sample"]
    fraction: float = Field(gt=0, le=1)
    """The share of rows to keep, approximately: 0.1 is a tenth."""
    columns: tuple[str, ...] | None = Field(default=None, min_length=1)
    """The columns to hash. With `[customer]`, all rows of a customer are kept, or none. Default:
    all columns."""

    def apply(self, frame: pl.LazyFrame, context: StepContext) -> pl.LazyFrame:
        """Return the chosen rows."""
        schema = frame.collect_schema()
        names = list(self.columns or visible(schema))
        need(schema, names, "columns")
        # as text: the number behind a category depends on which values were met before
        values = [pl.col(name).cast(pl.String) if is_text(schema[name]) else name for name in names]
        drawn = pl.struct(values).hash(seed=context.seed)
        return frame.filter(drawn <= int(self.fraction * (2**64 - 1)))

    def touches(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return the columns that are hashed."""
        return self.decides(given)

    def decides(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return the columns that are hashed."""
        return frozenset(self.columns or given)
