"""What every source promises."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import polars as pl

from ingest.core.model import Model
from ingest.core.partition import Partition, Slice
from ingest.core.types import Schema


@dataclass(frozen=True, slots=True)
class Layout:
    """What the plan freezes of a source: its input schema and what its reader needs besides.

    `columns` are the columns that `read` returns, in order and with their types. `facts` is plain
    data of the type's own (the header of CSV files, say); it is stored in the plan as JSON.
    `notes` say, for a person, how each column got its type.
    """

    columns: Schema
    facts: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rejects:
    r"""Records that could not be read as rows, in file order.

    `frame` has the columns `position` (uint64, see `core.rows`), `line` (int64, from 1 within the
    file; null where a format has no lines), `column` (string, null if it is the whole record),
    `reason` (string, a short stable phrase such as "too few fields") and `original` (string: the
    raw text, undecodable bytes as \xNN).
    """

    frame: pl.DataFrame

    SCHEMA: ClassVar[Schema] = {
        "position": pl.UInt64(),
        "line": pl.Int64(),
        "column": pl.String(),
        "reason": pl.String(),
        "original": pl.String(),
    }


@dataclass(frozen=True, slots=True)
class Read:
    """A partition as it was read.

    `frame` has the columns of the layout plus `core.rows.POSITION`. `records` is the number of
    records found: the rows of `frame` and the rejects together, and with `filters` also those that
    the source's own condition has left out.
    """

    frame: pl.LazyFrame
    records: int
    rejects: Rejects | None = None
    filters: bool = False


class Source(Model, ABC):
    """Where rows come from.

    On the driver, once per run and in this order: `slices`, then `layout`. In workers, any number
    of times and in any order: `read`, and `locate` if rows of that partition were rejected. The
    object is pickled between the two and holds no state.

    Guarantees that every source gives, and that `ingest.testing` tries to break:
    a record belongs to exactly one slice, whichever way the input is cut; reading the same slice
    again gives the same records in the same order, or an error if the input has changed meanwhile
    (never a mixture); nothing is skipped: a record is a row, a reject, or part of an error.
    """

    type: str

    @abstractmethod
    def slices(self, target_bytes: int) -> Iterable[Slice]:
        """List the input, each large piece cut into slices of about `target_bytes`.

        In a stable order (by URI, then start). Reads no more than names, sizes and, of files
        larger than the target, what is needed to cut them.

        Raises:
            ConfigError: nothing is there, or it may not be read.
        """

    @abstractmethod
    def layout(self, sample: Sequence[Slice], types: Mapping[str, pl.DataType]) -> Layout:
        """Freeze the input schema, looking into a few slices.

        `types` are the types that the contract gives to columns of the source that no step
        writes; the source's own `columns` go before them.

        Raises:
            ConfigError: the sample cannot be read, or `columns` names what is not there.
        """

    @abstractmethod
    def read(self, partition: Partition, layout: Layout) -> Read:
        """Read a partition. The result is the same whenever and wherever it is read.

        Raises:
            FatalError: an input has changed since the plan, has vanished or cannot be read.
            BadRowError: a whole file breaks its format (another header, a truncated archive).
            RetryableError: the storage did not answer.
        """

    @abstractmethod
    def locate(self, partition: Partition, layout: Layout, positions: pl.Series) -> pl.DataFrame:
        """Say where rows stand: columns `position`, `line` and `original`, one row for each.

        `positions` are sorted and come from the frame that `read` returned. `line` and `original`
        are null where the format has neither.
        """

    @property
    def roots(self) -> tuple[str, ...]:
        """The places below which this source reads, so that no sink is put there."""
        return ()
