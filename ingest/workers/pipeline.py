"""What happens to the rows of one partition: steps and contract, every row counted on its way."""

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
    """The rows of one partition on their way, with a counter after each step."""

    steps: Steps
    read: Read
    context: StepContext
    counters: list[Counter] = field(default_factory=list)
    diversions: list[Diversion] = field(default_factory=list)

    def collect(self) -> pl.DataFrame:
        """Run all steps and return the good rows, in the frozen output schema."""
        rows = self._counted(self.read.frame.collect())
        for step in self.steps.transforms:
            rows = step.apply(rows.lazy(), self.context).collect()
            rows = self._counted(self._diverted(rows, REJECT, REJECT_COLUMN))
        contract = self.steps.contract.apply(rows.lazy(), self.steps.before_contract)
        good = self._diverted(contract.collect(), BROKEN).select(*self.steps.output)
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
        filtered = self.read.records - unread - rows if self.read.filters else 0
        yield Book(
            "source", self.read.records, rows, 0, _known(filtered=filtered, **{reason: unread})
        )
        steps = zip(
            self.steps.names,
            self.steps.transforms,
            self.counters[1:],
            self.diversions,
            strict=False,
        )
        for name, step, counter, diversion in steps:
            left = rows - diversion.rows - counter.rows
            dropped = {step.drops: left} if step.drops and left > 0 else {}
            added = -left if step.adds and left < 0 else 0
            dropped[reason] = diversion.rows
            yield Book(name, rows, counter.rows, added, _known(**dropped))
            rows = counter.rows
        yield Book("contract", rows, out, 0, _known(**{reason: self.diversions[-1].rows}))

    def rejected(self) -> list[Rejected]:
        """Return the rows that steps and contract took out, with their reasons."""
        parts = []
        for name, diversion in zip(self.steps.names, self.diversions, strict=False):
            if diversion.rows:
                reason, column = diversion.taken[REJECT], diversion.taken[REJECT_COLUMN]
                one = reason.to_frame("reason").select(pl.concat_list("reason")).to_series()
                parts.append(Rejected.of_rows(name, diversion.taken, column, reason, one))
        if self.diversions[-1].rows:
            taken = self.diversions[-1].taken
            column, reason, reasons = self.steps.contract.reasons(taken, self.steps.before_contract)
            parts.append(Rejected.of_rows("contract", taken, column, reason, reasons))
        return parts

    def seconds(self, began: float, ended: float) -> dict[str, float]:
        """Return how long each step took: steps run one after the other, up to their counter."""
        taken = {}
        for name, counter in zip(("decode", *self.steps.names), self.counters, strict=False):
            taken[name] = counter.at - began
            began = counter.at
        taken["contract"] = ended - began
        return taken

    def _counted(self, rows: pl.DataFrame) -> pl.DataFrame:
        self.counters.append(Counter.of(rows))
        return rows

    def _diverted(self, rows: pl.DataFrame, mark: str, *also_drop: str) -> pl.DataFrame:
        self.diversions.append(Diversion(mark))
        return self.diversions[-1].divert(rows, *also_drop)


def _known(**dropped: int) -> dict[str, int]:
    return {reason: count for reason, count in dropped.items() if count}
