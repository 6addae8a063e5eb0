"""Turn lists into rows."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import polars as pl

from ingest.transforms.base import StepContext, Transform
from ingest.transforms.columns import need_kind


class Explode(Transform):
    """Make one row for each element of a list; the other columns are repeated.

    In the row counts, the additional rows are `added`.
    """

    drops: ClassVar[str] = "filtered"
    adds: ClassVar[bool] = True

    type: Literal["explode"]
    column: str
    """The column with the list. Afterwards it contains one element."""
    empty: Literal["keep", "drop"] = "keep"
    """What to do with a row whose list is empty or null: keep it, with null as the element, or drop
    it (counted as filtered)."""

    def apply(self, frame: pl.LazyFrame, context: StepContext) -> pl.LazyFrame:
        """Return one row for each element."""
        schema = frame.collect_schema()
        need_kind(
            schema,
            [self.column],
            "column",
            "a list",
            lambda kind: isinstance(kind, pl.List | pl.Array),
        )
        if isinstance(schema[self.column], pl.Array):
            frame = frame.with_columns(pl.col(self.column).arr.to_list())
        keep = self.empty == "keep"  # said out loud: Polars 2 drops empty lists unless told not to
        return frame.explode(self.column, empty_as_null=keep, keep_nulls=keep)

    def touches(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return the lists."""
        return frozenset([self.column])

    def writes(self) -> frozenset[str]:
        """Return the list's column."""
        return frozenset({self.column})

    def decides(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return the list's column: empty lists may be dropped, and elements make rows."""
        return frozenset({self.column})
