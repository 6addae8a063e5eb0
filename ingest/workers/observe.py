"""Counting rows between steps, and taking out those that were marked on the way.

Each step is collected before the next begins. A lazy plan of all steps is no faster (columns that
a step leaves alone are shared, not copied), and its optimizer may work a shared part twice, or
leave a part out whose result is not needed, and with it the rows to be counted and rejected.
"""

import time
from dataclasses import dataclass, field

import polars as pl


@dataclass(frozen=True, slots=True)
class Counter:
    """How many rows stood at one place of the flow, and when they stood there."""

    rows: int
    at: float

    @classmethod
    def of(cls, rows: pl.DataFrame) -> "Counter":
        """Count rows, now."""
        return cls(rows.height, time.perf_counter())


@dataclass(slots=True)
class Diversion:
    """Takes out the rows whose mark is set and keeps them; lets the others go on without it."""

    mark: str
    taken: pl.DataFrame = field(default_factory=pl.DataFrame)

    @property
    def rows(self) -> int:
        """How many rows were taken out."""
        return self.taken.height

    def divert(self, rows: pl.DataFrame, *also_drop: str) -> pl.DataFrame:
        """Return the rows that are not marked, without the mark and without `also_drop`."""
        if self.mark not in rows.columns:
            return rows
        marked = rows[self.mark].is_not_null()
        if marked.any():
            self.taken = rows.filter(marked)
            rows = rows.filter(~marked)
        return rows.drop(self.mark, *also_drop)
