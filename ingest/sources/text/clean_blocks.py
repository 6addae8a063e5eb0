"""Putting together what was read all at once, and the few lines that are looked at one by one."""

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.rows import POSITION, aligned, record_of
from ingest.core.types import Schema
from ingest.sources.text.bits import FEEDS, Bits, Places, Ranks, is_set, positions
from ingest.sources.text.bodies import Body, ended, line_counts
from ingest.sources.text.line_rules import LineRules, LineTally
from ingest.sources.text.lines import EMPTY_RECORDS, bounds, records_in
from ingest.sources.text.rejecting import Clean, cast_columns, filled, with_column

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
        first = Ranks(FEEDS.of(data)).before(starts)
        return pl.DataFrame({"position": places.gather(first), "number": np.arange(total)})
    lines = total + len(aside)
    _, places = tally.number(block, [lines] if len(block) == 1 else line_counts(block))
    table = pl.DataFrame({"position": places, "number": np.arange(lines)})
    return table[np.delete(np.arange(lines), aside)] if len(aside) else table


@dataclass(frozen=True, slots=True)
class Lines:
    """Records as they stand in the input: each ended, and what is known of it.

    `frame` has their `position`; of rejects the `reason` and the `column` besides. To make texts of
    many at once takes hardly longer than of one.
    """

    raw: Sequence[bytes]
    frame: pl.DataFrame

    def records(self, rules: LineRules) -> pl.DataFrame:
        """Return them as `split_records` does, with the reasons that `frame` knows."""
        if self.frame.is_empty():
            return EMPTY_RECORDS.join(self.frame.clear(), on="position", how="left")
        position, *known = self.frame.get_columns()
        line = pl.select(record_of(pl.lit(position)).cast(pl.Int64)).to_series()
        return records_in(self.raw, line.to_numpy(), rules).with_columns(position, *known)


class Blocks:
    """Rows and rejects of the blocks of a partition, and the records that were set aside.

    These are judged many at a time: to judge 300 takes hardly longer than to judge one.
    """

    def __init__(self, judge: Judge, rules: LineRules) -> None:
        self._judge = judge
        self._rules = rules
        self._rows: list[pl.DataFrame] = []
        self._rejects: list[pl.DataFrame] = []
        self._unfit: list[Lines] = []
        self._aside: dict[tuple[str, ...], list[Lines]] = {}
        self._in_order = True

    def add(self, rows: pl.DataFrame, rejects: pl.DataFrame) -> None:
        """Take the rows and rejects of the next block."""
        self._rows.append(aligned(rows))
        self._rejects.append(rejects)

    def add_clean(self, clean: "Cast", schema: Schema, header: tuple[str, ...]) -> None:
        """Take the next block as `cast` returns it; rows get the columns that their file has not.

        Records in doubt are still to be judged.
        """
        self._rows.append(aligned(filled(clean.rows, schema)))
        if clean.unfit.raw:
            self._unfit.append(clean.unfit)
        if clean.doubts.raw:
            lines = self._aside.setdefault(header, [])
            lines.append(clean.doubts)
            if sum(len(each.raw) for each in lines) > MOST_ASIDE:
                self._settle(header)

    @property
    def rejects(self) -> list[pl.DataFrame]:
        """The records that are rejected so far, in no order: their positions and reasons."""
        return [*self._rejects, *(lines.frame for lines in self._unfit)]

    def whole(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return all rows and all rejects, in the order of the input."""
        for header in list(self._aside):
            self._settle(header)
        if self._unfit:
            self._rejects.append(_joined(self._unfit).records(self._rules))
        rows = pl.concat(self._rows)
        rejects = pl.concat([with_column(EMPTY_RECORDS), *self._rejects])
        return rows if self._in_order else rows.sort(POSITION), rejects.sort("position")

    def _settle(self, header: tuple[str, ...]) -> None:
        records = _joined(self._aside.pop(header)).records(self._rules)
        good, bad = self._judge(records, header)
        self.add(good, bad)
        self._in_order &= good.is_empty()


def _joined(lines: Sequence[Lines]) -> Lines:
    raw = list(itertools.chain.from_iterable(each.raw for each in lines))
    return Lines(raw, pl.concat(each.frame for each in lines))


class Cast(NamedTuple):
    """The rows of a text, its records with a value that does not fit, and those in doubt."""

    rows: pl.DataFrame
    unfit: Lines
    doubts: Lines


def cast(data: bytes, clean: Clean, lines: pl.DataFrame) -> Cast:
    """Return the rows and the other records of a text.

    `lines` are the `position` and the `number` of those of its records that `clean` is about.
    """
    doubts = np.asarray(clean.doubts, dtype=np.int64)
    sound = lines[np.delete(np.arange(lines.height), doubts)] if len(doubts) else lines
    rows, unfit = cast_columns(sound, clean.values, clean.schema, clean.parse)
    ranks = None
    if len(doubts) or unfit.height:
        ranks = Ranks(FEEDS.of(data) if clean.ends is None else clean.ends)
    return Cast(
        rows,
        _lines(data, unfit.select("position", "number", "reason", "column"), ranks),
        _lines(data, lines[doubts], ranks),
    )


def _lines(data: bytes, places: pl.DataFrame, ranks: Ranks | None) -> Lines:
    """Return the records of a text by their `number`."""
    if ranks is None or places.is_empty():
        return Lines((), places.drop("number"))
    starts, stops = bounds(ranks, places["number"].to_numpy())
    spans = zip(starts.tolist(), stops.tolist(), strict=True)
    return Lines([data[start : stop + 1] for start, stop in spans], places.drop("number"))


def records_of(data: bytes, places: pl.DataFrame, rules: LineRules, ends: Bits) -> pl.DataFrame:
    """Return the records of a text by their `number`, with the `position` that each has."""
    return _lines(data, places.select("position", "number"), Ranks(ends)).records(rules)
