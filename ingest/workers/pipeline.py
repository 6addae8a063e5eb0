"""The lazy plan of one partition: steps and contract, with every row counted on its way."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from ingest.checks.contract import BROKEN, Contract
from ingest.core.errors import FatalError
from ingest.core.outcome import Book
from ingest.core.rows import REJECT, REJECT_COLUMN
from ingest.core.types import Schema
from ingest.sources.base import Read
from ingest.transforms.base import StepContext, Transform
from ingest.workers.observe import Counter, Diversion
from ingest.workers.quarantine import Rejected


@dataclass(frozen=True, slots=True)
class Steps:
    """What happens to rows between source and sink, and the schemas that the plan froze for it.

    `names` are the steps' names in the books, `before_contract` is what the contract receives,
    `output` what is published.
    """

    transforms: tuple[Transform, ...]
    names: tuple[str, ...]
    contract: Contract
    before_contract: Schema
    output: Schema


@dataclass(slots=True)
class Pipeline:
    """The lazy plan of one partition, with a counter after each step."""

    steps: Steps
    read: Read
    context: StepContext
    counters: list[Counter] = field(default_factory=list)
    diversions: list[Diversion] = field(default_factory=list)

    def collect(self) -> pl.DataFrame:
        """Run the plan and return the good rows, in the frozen output schema."""
        frame = self._count(self.read.frame)
        for step in self.steps.transforms:
            frame = step.apply(frame, self.context)
            diversion = Diversion(REJECT)
            if REJECT in frame.collect_schema():
                frame = diversion.observe(frame, REJECT_COLUMN)
            self.diversions.append(diversion)
            frame = self._count(frame)
        diversion = Diversion(BROKEN)
        frame = self.steps.contract.apply(frame, self.steps.before_contract)
        if BROKEN in frame.collect_schema():
            frame = diversion.observe(frame)
        self.diversions.append(diversion)
        good = frame.select(*self.steps.output).collect()
        if (found := dict(good.schema)) != self.steps.output:
            raise FatalError(
                f"the rows came out as {found}, the plan says {self.steps.output}. A step gives "
                "another schema for data than for an empty frame; mend the step"
            )
        return good

    def books(self, out: int) -> Iterator[Book]:
        """Return what became of the rows in each step: source, transforms, contract."""
        reason = "quarantined" if self.steps.contract.on_error == "quarantine" else "skipped"
        unread = self.read.rejects.frame.height if self.read.rejects else 0
        rows = self.counters[0].rows
        yield _book("source", self.read.records, rows, {reason: unread}, "filtered")
        steps = zip(
            self.steps.names,
            self.steps.transforms,
            self.counters[1:],
            self.diversions,
            strict=False,
        )
        for name, step, counter, diversion in steps:
            yield _book(name, rows, counter.rows, {reason: diversion.rows}, step.drops)
            rows = counter.rows
        yield _book("contract", rows, out, {reason: self.diversions[-1].rows}, "")

    def rejected(self) -> list[Rejected]:
        """Return the rows that steps and contract took out, with their reasons."""
        parts = []
        for name, diversion in zip(self.steps.names, self.diversions, strict=False):
            for rows in diversion.taken:
                reason, column = rows[REJECT], rows[REJECT_COLUMN]
                one = reason.to_frame("reason").select(pl.concat_list("reason")).to_series()
                parts.append(Rejected.of_rows(name, rows, column, reason, one))
        for rows in self.diversions[-1].taken:
            column, reason, reasons = self.steps.contract.reasons(rows, self.steps.before_contract)
            parts.append(Rejected.of_rows("contract", rows, column, reason, reasons))
        return parts

    def seconds(self, began: float, ended: float) -> dict[str, float]:
        """Return how long each step took: steps run one after the other, up to their counter."""
        taken = {}
        for name, counter in zip(("decode", *self.steps.names), self.counters, strict=False):
            if counter.at:
                taken[name] = max(0.0, counter.at - began)
                began = max(began, counter.at)
        taken["contract"] = max(0.0, ended - began)
        return taken

    def _count(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        counter = Counter()
        self.counters.append(counter)
        return counter.observe(frame)


def _book(step: str, rows: int, out: int, dropped: dict[str, int], rest: str) -> Book:
    """Make a book; rows that no named reason accounts for go to `rest`, new ones to `added`."""
    known = {reason: count for reason, count in dropped.items() if count}
    missing = rows - out - sum(known.values())
    if missing > 0 and rest:
        known[rest] = known.get(rest, 0) + missing
    return Book(step, rows, out, added=max(0, -missing), dropped=known)
