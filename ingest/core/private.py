"""Private columns: which they are along a job, and what is shown in place of their values."""

from collections.abc import Collection

import polars as pl

from ingest.core.dataclass import dataclass

REDACTED = "***"
"""What stands for a value that is not shown."""

_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Private:
    """The names of the private columns at the source and after each step.

    `stages` has those of the source first, then those of the rows that leave each step. Without
    any, no column is private.
    """

    stages: tuple[frozenset[str], ...] = ()

    def __bool__(self) -> bool:
        return any(self.stages)

    @property
    def source(self) -> frozenset[str]:
        """The private columns of the input."""
        return self.before(0)

    @property
    def output(self) -> frozenset[str]:
        """The private columns of what is published."""
        return self.stages[-1] if self.stages else _NONE

    def before(self, step: int) -> frozenset[str]:
        """Return those of the rows that a step is given; behind the last: of the contract."""
        return self.stages[step] if self.stages else _NONE

    def after(self, step: int) -> frozenset[str]:
        """Return those of the rows that leave a step."""
        return self.stages[step + 1] if self.stages else _NONE


NOTHING = Private()
"""No column is private."""


def redacted(rows: pl.DataFrame, names: Collection[str]) -> pl.DataFrame:
    """Return rows that show no value of these columns, which become text; nulls stay null."""
    hidden = [name for name in names if name in rows.columns]
    return rows.with_columns(
        pl.when(pl.col(name).is_not_null()).then(pl.lit(REDACTED)).alias(name) for name in hidden
    )
