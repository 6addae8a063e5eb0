"""No two rows of a partition may have the same key."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import polars as pl
from pydantic import Field

from ingest.checks.base import BROKEN, Check, Violation
from ingest.checks.options import require


class UniqueInPartition(Check):
    """A key that may occur only once in a partition. The first row with the key is kept.

    Which rows share a partition depends on how the input was split: this finds duplicates within
    one file or part of a file, not between files. Rows that break another rule are ignored, so that
    a bad row does not displace a good one. A key that contains a null is never a duplicate, as in
    SQL's UNIQUE.
    """

    type: Literal["unique_in_partition"]
    scope: ClassVar[Literal["row", "partition"]] = "partition"
    columns: tuple[str, ...] = Field(min_length=1)
    """The columns of the key."""

    def violations(self, schema: Mapping[str, pl.DataType]) -> list[Violation]:
        """Return one violation: a later row with the key of an earlier one."""
        require(self.columns, schema)
        counts = pl.all_horizontal(
            pl.col(BROKEN).is_null(), *(pl.col(column).is_not_null() for column in self.columns)
        )
        key = pl.when(counts).then(pl.struct(self.columns))
        names = ", ".join(self.columns)
        column = self.columns[0] if len(self.columns) == 1 else None
        return [
            Violation(column, f"{names}: unique_in_partition", counts & ~key.is_first_distinct())
        ]
