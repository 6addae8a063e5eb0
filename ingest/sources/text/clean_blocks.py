"""Putting together what was read all at once, and the few lines that were looked at one by one."""

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from ingest.core.rows import POSITION, record_of
from ingest.sources.text.bits import Bits, Places, Ranks, is_set, positions, where
from ingest.sources.text.bodies import Body, ended, line_counts
from ingest.sources.text.line_rules import LineRules, LineTally
from ingest.sources.text.lines import EMPTY_RECORDS, records_at
from ingest.sources.text.rejecting import Clean, cast_columns

Judge = Callable[[pl.DataFrame], tuple[pl.DataFrame, pl.DataFrame]]
"""Takes records (see `split_records`); returns rows, and records that are rejected."""


def covers(block: Sequence[Body], ends: Bits | None, most_bytes: int) -> bool:
    """Say whether each body ends with a record, and no record is longer than `most_bytes`.

    `ends` are where records of several lines end; records of one line are.
    """
    if ends is None:
        return True
    last = np.cumsum([len(ended(body.data)) for body in block if body.data]) - 1
    if not is_set(ends, last).all():
        return False
    if last[-1] < most_bytes:
        return True
    return int(np.diff(positions(ends), prepend=-1).max()) <= most_bytes


def numbered(
    block: Sequence[Body], data: bytes, clean: Clean, aside: Places, tally: LineTally
) -> pl.DataFrame:
    """Return the `position` and the `number` of each record of bodies, and let `tally` know.

    The numbers are those of the joined `data`, in which the lines `aside` are no records.
    """
    total = clean.values.height + len(clean.doubts)
    if clean.ends is not None:
        _, places = tally.number(block, line_counts(block))
        starts = np.concatenate([[0], positions(clean.ends)[:-1] + 1])
        first = Ranks(where(data, ord("\n"))).before(starts)
        return pl.DataFrame({"position": places.gather(first), "number": np.arange(total)})
    lines = total + len(aside)
    _, places = tally.number(block, [lines] if len(block) == 1 else line_counts(block))
    table = pl.DataFrame({"position": places, "number": np.arange(lines)})
    return table[np.delete(np.arange(lines), aside)] if len(aside) else table


def together(
    data: bytes, clean: Clean, lines: pl.DataFrame, rules: LineRules, judge: Judge
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return rows and rejects of a text.

    `lines` are the `position` and the `number` of those of its records that `clean` is about.
    """
    doubts = np.asarray(clean.doubts, dtype=np.int64)
    sound = lines[np.delete(np.arange(lines.height), doubts)] if len(doubts) else lines
    rows, unfit = cast_columns(sound, clean.values, clean.schema, clean.parse)
    rejects = records_of(data, unfit, rules, clean.ends)
    rejects = rejects.with_columns(unfit["reason"], unfit["column"])
    if len(doubts):
        good, bad = judge(records_of(data, lines[doubts], rules, clean.ends))
        rows = pl.concat([rows, good]).sort(POSITION)
        rejects = pl.concat([rejects, bad]).sort("position")
    return rows, rejects


def records_of(
    data: bytes, places: pl.DataFrame, rules: LineRules, ends: Bits | None = None
) -> pl.DataFrame:
    """Return the records of a text by their `number`, with the `position` that each has."""
    if places.is_empty():
        return EMPTY_RECORDS
    records = records_at(data, places["number"].to_numpy(), rules, ends)
    line = record_of(pl.col("position")).cast(pl.Int64).alias("line")
    return records.with_columns(places["position"]).with_columns(line)
