"""Putting together what was read all at once, and the few lines that were looked at one by one."""

from collections.abc import Callable

import numpy as np
import polars as pl

from ingest.core.rows import POSITION, record_of
from ingest.sources.bits import Places
from ingest.sources.line_rules import LineRules
from ingest.sources.lines import EMPTY_RECORDS, records_at
from ingest.sources.rejecting import Clean, cast_columns

Judge = Callable[[pl.DataFrame], tuple[pl.DataFrame, pl.DataFrame]]
"""Takes records (see `split_records`); returns rows, and records that are rejected."""


def together(
    data: bytes, clean: Clean, lines: pl.DataFrame, rules: LineRules, judge: Judge
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return rows and rejects of a text.

    `lines` are the `position` and the `number` of those of its lines that `clean` is about.
    """
    doubts = np.asarray(clean.doubts, dtype=np.int64)
    sound = lines[np.delete(np.arange(lines.height), doubts)] if len(doubts) else lines
    rows, unfit = cast_columns(sound, clean.values, clean.schema, clean.parse)
    rejects = lines_at(data, unfit["number"].to_numpy(), unfit["position"], rules)
    rejects = rejects.with_columns(unfit["reason"], unfit["column"])
    if len(doubts):
        doubtful = lines[doubts]
        records = lines_at(data, doubtful["number"].to_numpy(), doubtful["position"], rules)
        good, bad = judge(records)
        rows = pl.concat([rows, good]).sort(POSITION)
        rejects = pl.concat([rejects, bad]).sort("position")
    return rows, rejects


def lines_at(data: bytes, numbers: Places, positions: pl.Series, rules: LineRules) -> pl.DataFrame:
    """Return these lines of a text as records of these positions."""
    if not len(numbers):
        return EMPTY_RECORDS
    records = records_at(data, numbers.astype(np.int64), rules)
    line = record_of(pl.col("position")).cast(pl.Int64).alias("line")
    return records.with_columns(positions).with_columns(line)
