"""Which rejected rows have siblings that went on: rows that a step made of the same record.

To read such a record again would publish those twice, so the quarantine says it. Only jobs with a
step that makes rows out of one pay for it.
"""

from dataclasses import field

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.rows import POSITION


@dataclass(slots=True)
class Siblings:
    """Records, by position, of which some rows were rejected and some were not."""

    parted: list[pl.Series] = field(default_factory=list)
    _taken: list[pl.Series] = field(default_factory=list)

    def took(self, rows: pl.DataFrame) -> None:
        """Note rows that were rejected, before those go on of which `went_on` tells."""
        if POSITION in rows.columns:
            self._taken.append(rows[POSITION])

    def went_on(self, rows: pl.DataFrame, broken: pl.DataFrame) -> None:
        """Compare rows that reached the contract, and those of them that it rejected."""
        taken, self._taken = self._taken, []
        if not taken or POSITION not in rows.columns:
            return
        left = rows.select(POSITION).filter(
            pl.col(POSITION).is_in(pl.concat(taken).unique().implode())
        )
        counts = (
            left.group_by(POSITION)
            .len()
            .join(broken.group_by(POSITION).len(), on=POSITION, how="left")
        )
        kept = counts.filter(pl.col("len") > pl.col("len_right").fill_null(0))
        self.parted.append(kept[POSITION])

    def of(self, rows: pl.DataFrame) -> pl.Series:
        """Say which rejected rows have such siblings; null for rows of no single record."""
        if POSITION not in rows.columns:
            return pl.repeat(None, rows.height, dtype=pl.Boolean, eager=True)
        if not self.parted:
            return pl.repeat(value=False, n=rows.height, dtype=pl.Boolean, eager=True)
        return rows[POSITION].is_in(pl.concat(self.parted).implode())
