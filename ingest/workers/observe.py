"""Nodes in a lazy plan that count the rows going by and take rejected ones out.

One linear plan with one collect: no row is read twice to be counted, and no count depends on what
the optimizer does, because every node sees every row exactly once.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl


@dataclass(slots=True)
class Counter:
    """Counts the rows at one place of the plan and notes when the last of them went by.

    Lets unused columns be dropped before it, and no predicate be moved before it.
    """

    rows: int = 0
    at: float = 0.0

    def observe(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Return the frame with this counter in its way."""
        return frame.map_batches(
            self._see, predicate_pushdown=False, projection_pushdown=True, slice_pushdown=False
        )

    def _see(self, batch: pl.DataFrame) -> pl.DataFrame:
        self.rows += batch.height
        self.at = time.perf_counter()
        return batch


@dataclass(slots=True)
class Diversion:
    """Takes out the rows whose mark is set and keeps them; lets the others go on without the mark.

    Sees all columns: with projection pushed through it, the mark itself would be optimized away,
    and the rejects with it.
    """

    mark: str
    taken: list[pl.DataFrame] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows were taken out."""
        return sum(batch.height for batch in self.taken)

    def observe(self, frame: pl.LazyFrame, *also_drop: str) -> pl.LazyFrame:
        """Return the frame without the marked rows, without the mark and without `also_drop`."""
        drop = (self.mark, *also_drop)
        names = frame.collect_schema()
        schema = pl.Schema({name: kind for name, kind in names.items() if name not in drop})
        return frame.map_batches(
            self._divert(drop),
            predicate_pushdown=False,
            projection_pushdown=False,
            slice_pushdown=False,
            schema=schema,
        )

    def _divert(self, drop: tuple[str, ...]) -> Callable[[pl.DataFrame], pl.DataFrame]:
        def divert(batch: pl.DataFrame) -> pl.DataFrame:
            marked = batch[self.mark].is_not_null()
            if marked.any():
                self.taken.append(batch.filter(marked))
                batch = batch.filter(~marked)
            return batch.drop(drop)

        return divert
