"""Putting together what was read all at once, and the few lines that are looked at one by one."""

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from ingest.core.rows import POSITION, record_of
from ingest.sources.text.bits import Bits, Places, Ranks, is_set, positions, where
from ingest.sources.text.bodies import Body, ended, line_counts
from ingest.sources.text.line_rules import LineRules, LineTally
from ingest.sources.text.lines import EMPTY_RECORDS, records_at
from ingest.sources.text.rejecting import Clean, cast_columns

Judge = Callable[[pl.DataFrame, tuple[str, ...]], tuple[pl.DataFrame, pl.DataFrame]]
"""Takes records (see `split_records`) of files with such a header; returns rows in the schema of
the partition, and records that are rejected."""
MOST_ASIDE = 50_000
"""How many records are set aside before they are judged."""


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


class Blocks:
    """Rows and rejects of the blocks of a partition, and the records that were set aside.

    These are judged many at a time: to judge 300 takes hardly longer than to judge one.
    """

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._rows: list[pl.DataFrame] = []
        self._rejects: list[pl.DataFrame] = []
        self._aside: dict[tuple[str, ...], list[pl.DataFrame]] = {}
        self._in_order = True

    def add(self, rows: pl.DataFrame, rejects: pl.DataFrame) -> None:
        """Take the rows and rejects of the next block."""
        self._rows.append(rows)
        self._rejects.append(rejects)

    def set_aside(self, records: pl.DataFrame, header: tuple[str, ...]) -> None:
        """Take records of the same block that are still to be judged."""
        if records.height:
            frames = self._aside.setdefault(header, [])
            frames.append(records)
            if sum(frame.height for frame in frames) > MOST_ASIDE:
                self._settle(header)

    @property
    def rejects(self) -> list[pl.DataFrame]:
        """The records that are rejected so far, in no order."""
        return self._rejects

    def whole(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return all rows and all rejects, in the order of the input."""
        for header in list(self._aside):
            self._settle(header)
        rows, rejects = pl.concat(self._rows), pl.concat(self._rejects)
        return rows if self._in_order else rows.sort(POSITION), rejects.sort("position")

    def _settle(self, header: tuple[str, ...]) -> None:
        good, bad = self._judge(pl.concat(self._aside.pop(header)), header)
        self.add(good, bad)
        self._in_order &= good.is_empty()


def cast(
    data: bytes, clean: Clean, lines: pl.DataFrame, rules: LineRules
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return rows and rejects of a text, and the records that are still to be judged.

    `lines` are the `position` and the `number` of those of its records that `clean` is about.
    """
    doubts = np.asarray(clean.doubts, dtype=np.int64)
    sound = lines[np.delete(np.arange(lines.height), doubts)] if len(doubts) else lines
    rows, unfit = cast_columns(sound, clean.values, clean.schema, clean.parse)
    ends = clean.ends
    if ends is None and (len(doubts) or unfit.height):
        ends = where(data, ord("\n"))
    rejects = records_of(data, unfit, rules, ends)
    rejects = rejects.with_columns(unfit["reason"], unfit["column"])
    return rows, rejects, records_of(data, lines[doubts], rules, ends)


def records_of(
    data: bytes, places: pl.DataFrame, rules: LineRules, ends: Bits | None = None
) -> pl.DataFrame:
    """Return the records of a text by their `number`, with the `position` that each has."""
    if places.is_empty():
        return EMPTY_RECORDS
    records = records_at(data, places["number"].to_numpy(), rules, ends)
    line = record_of(pl.col("position")).cast(pl.Int64).alias("line")
    return records.with_columns(places["position"]).with_columns(line)
