"""What reading a partition gives: rows, rejects, and where they stand in their files."""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import ClassVar

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.json_rows import NOTHING, Written, json_rows
from ingest.core.types import Schema


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
    records: the rows of `frame`, the rejects and the filtered ones together. `filtered` counts
    those that the source's options leave out, by reason; with `filters` some more are left out by a
    condition, which are counted when the frame is collected. `locate` does what the source's does,
    from what is in memory, but may return structs as `original`: they stand for their JSON, see
    `original_texts`; it is None if reading again is the only way. `completed` takes rows, as a step
    left them, and returns them with the columns that were not read; None if all were read.
    """

    frame: pl.LazyFrame
    records: int
    rejects: Rejects | None = None
    filters: bool = False
    filtered: Mapping[str, int] = field(default_factory=dict)
    locate: Callable[[pl.Series], pl.DataFrame] | None = None
    completed: Callable[[pl.DataFrame], pl.DataFrame] | None = None


LOCATED: Schema = {"position": pl.UInt64(), "line": pl.Int64(), "original": pl.String()}
"""What `Source.locate` returns of rows."""


def original_texts(originals: pl.Series, written: Mapping[str, Written] = NOTHING) -> pl.Series:
    """Return originals as texts; of structs, columns may have been `written` already."""
    if not isinstance(originals.dtype, pl.Struct):
        return originals
    return json_rows(originals.struct.unnest(), written).alias(originals.name)
