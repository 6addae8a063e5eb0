"""Counting rows between steps, and taking out those that were marked on the way.

Each step is collected before the next begins. A lazy plan of all steps is no faster (columns that
a step leaves alone are shared, not copied), and its optimizer may work a shared part twice, or
leave a part out whose result is not needed, and with it the rows to be counted and rejected.
"""

import time
from collections.abc import Iterator
from dataclasses import field

import polars as pl

from ingest.core.dataclass import dataclass

PORTION_BYTES = 32 * 1024 * 1024
"""How much is worked at a time, decoded. In one piece, 500,000 taxi rows of 60 MB cost 14 ms of 60
for pages that the system has to find and clear; in pieces of 15 or 30 MB, 3 ms."""
SAMPLE_ROWS = 1024
"""By how many rows the size of all is told, about."""


@dataclass(slots=True)
class StepTally:
    """What one place of the flow has seen so far.

    Rows that went on, seconds spent, and for how many of them the processor was busy.
    """

    rows: int = 0
    seconds: float = 0.0
    cpu: float = 0.0


@dataclass(slots=True)
class Tallies:
    """The places of the flow by name, and a watch that runs from one to the next."""

    places: dict[str, StepTally] = field(default_factory=dict)
    since: float = field(default_factory=time.perf_counter)
    busy: float = field(default_factory=time.process_time)

    def passed(self, place: str, rows: int = 0) -> None:
        """Count rows that go on from a place, and the time since the one before."""
        now, busy = time.perf_counter(), time.process_time()
        tally = self.places.setdefault(place, StepTally())
        tally.rows += rows
        tally.seconds += now - self.since
        tally.cpu += busy - self.busy
        self.since, self.busy = now, busy

    @property
    def seconds(self) -> dict[str, float]:
        """The seconds spent at each place."""
        return {name: tally.seconds for name, tally in self.places.items()}

    @property
    def cpu(self) -> dict[str, float]:
        """The seconds of the processor spent at each place."""
        return {name: tally.cpu for name, tally in self.places.items()}


def divert(rows: pl.DataFrame, mark: str, *also_drop: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows that are not marked, without the mark and `also_drop`; and the others.

    The others are as they were, mark and all.
    """
    if mark not in rows.columns:
        return rows, rows.clear()
    marked = rows[mark].is_not_null()
    unmarked = rows.drop(mark, *also_drop)
    if not marked.any():
        return unmarked, rows.clear()
    return unmarked.filter(~marked), rows.filter(marked)


def portions(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Cut rows, in order, into even portions of at most about `PORTION_BYTES`; at least one."""
    number = 1 + _about_bytes(rows) // PORTION_BYTES
    height = max(1, -(-rows.height // number))
    yield rows.slice(0, height)
    for start in range(height, rows.height, height):
        yield rows.slice(start, height)


def _about_bytes(rows: pl.DataFrame) -> int:
    """Return the size of rows, by a sample: to add up the texts of all takes 8 ms a million."""
    if rows.height <= SAMPLE_ROWS:
        return int(rows.estimated_size())
    # the same ones each time, at no even distance: texts may be long in each hundredth row
    sample = rows.sample(SAMPLE_ROWS, with_replacement=True, seed=0)
    return int(sample.estimated_size()) * rows.height // SAMPLE_ROWS
