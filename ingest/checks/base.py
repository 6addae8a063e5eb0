"""What every check promises."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Literal

import polars as pl

from ingest.checks.elsewhere import instead
from ingest.core.dataclass import dataclass
from ingest.core.model import Model

BROKEN = "__ingest_broken"
"""The hidden column that the contract adds: the number of the first rule that a row breaks."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One way in which a row can break a check.

    `broken` is a boolean expression over the columns, true for a row that breaks it; null counts
    as false. `reason` is short and the same for all rows ("distance: range 0..8000").
    """

    column: str | None
    reason: str
    broken: pl.Expr


class Check(Model, ABC):
    """One entry of `contract.checks`: a rule that every row must keep.

    Vectorised: a check is an expression, never a loop over rows. A null keeps every rule but
    `not_null`, as in SQL's CHECK. `scope` as in transforms: checks of scope `partition` are judged
    after all others, see the column `BROKEN`, and leave out the rows where it is not null.
    """

    type: str
    scope: ClassVar[Literal["row", "partition"]] = "row"

    @classmethod
    def instead(cls, name: str) -> str:
        """Return what to write for a rule of another tool; empty if it is not known."""
        return instead(name)

    @abstractmethod
    def violations(self, schema: Mapping[str, pl.DataType]) -> list[Violation]:
        """Return the ways to break this check, for rows of this schema.

        Raises:
            ConfigError: a column does not exist or has a type that cannot be checked so. The text
                begins at the option; the caller puts file, line and check before it.
        """
