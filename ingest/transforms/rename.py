"""Give columns other names."""

from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal

import polars as pl
from pydantic import Field

from ingest.core.rows import visible
from ingest.transforms.base import StepContext, Transform
from ingest.transforms.columns import need, need_free


class Rename(Transform):
    """Rename columns, all at once: two columns may swap names."""

    moves: ClassVar[bool] = True

    type: Literal["rename"]
    columns: dict[str, str] = Field(min_length=1)
    """Old and new names: `{dep_time: departed}`. Two columns cannot get the same name."""

    def apply(self, frame: pl.LazyFrame, context: StepContext) -> pl.LazyFrame:
        """Return the frame with the new names; order and values stay."""
        names = visible(frame.collect_schema())
        need(frame.collect_schema(), self.columns, "columns")
        kept = [name for name in names if name not in self.columns]
        need_free(kept, self.columns.values(), "columns")
        return frame.rename(self.columns)

    def touches(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return the renamed columns."""
        return frozenset(self.columns)

    def origins(
        self, given: Mapping[str, pl.DataType], made: Iterable[str]
    ) -> dict[str, frozenset[str]]:
        """Return for each column the name that it had."""
        old = {new: name for name, new in self.columns.items()}
        return {name: frozenset([old.get(name, name)]) for name in made}

    def writes(self) -> frozenset[str]:
        """Return the new names."""
        return frozenset(self.columns.values())
