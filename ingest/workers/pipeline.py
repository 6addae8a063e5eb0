"""What happens to the rows of one partition: steps and contract, every row counted on its way."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import polars as pl

from ingest.checks.contract import BROKEN, Contract
from ingest.core.errors import FatalError
from ingest.core.outcome import Book
from ingest.core.rows import POSITION, REJECT, REJECT_COLUMN
from ingest.core.types import Schema
from ingest.sources.base import Read
from ingest.transforms.base import StepContext, Transform
from ingest.workers.observe import Counter, Diversion
from ingest.workers.poison import Poison
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
    """The rows of one partition on their way, with a counter after each step.

    `poison` are records that are taken out right before the step that they would break, where all
    rows go that were made of them. `begins` is told the number of each step before anything of it
    is done; the contract's comes behind the last.
    """

    steps: Steps
    read: Read
    context: StepContext
    poison: Sequence[Poison] = ()
    begins: Callable[[int], None] | None = None
    counters: list[Counter] = field(default_factory=list)
    poisoned: list[Diversion] = field(default_factory=list)
    diversions: list[Diversion] = field(default_factory=list)

    def collect(self) -> pl.DataFrame:
        """Run all steps and return the good rows, in the frozen output schema."""
        rows = self._counted(self.read.frame.collect())
        for number, step in enumerate(self.steps.transforms):
            rows = self._begun(rows, number)
            rows = step.apply(rows.lazy(), self.context).collect()
            rows = self._counted(self._diverted(rows, REJECT, REJECT_COLUMN))
        rows = self._begun(rows, len(self.steps.transforms))
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
            self._rejected_by_step(),
            strict=False,
        )
        for name, step, counter, rejected in steps:
            left = rows - rejected - counter.rows
            dropped = {step.drops: left} if step.drops and left > 0 else {}
            added = -left if step.adds and left < 0 else 0
            dropped[reason] = rejected
            yield Book(name, rows, counter.rows, added, _known(**dropped))
            rows = counter.rows
        yield Book("contract", rows, out, 0, _known(**{reason: self._rejected_by_step()[-1]}))

    def rejected(self) -> list[Rejected]:
        """Return the rows that steps and contract took out, with their reasons."""
        names = (*self.steps.names, "contract")
        parts = []
        for name, *marked in zip(names, self.poisoned, self.diversions, strict=True):
            for diversion in marked:
                if diversion.rows and diversion.mark == REJECT:
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

    def _begun(self, rows: pl.DataFrame, number: int) -> pl.DataFrame:
        """Return the rows that a step may be given."""
        if self.begins:
            self.begins(number)
        reasons = {row.position: row.reason for row in self.poison if row.step == number}
        self.poisoned.append(Diversion(REJECT))
        if not reasons:
            return rows
        why = rows[POSITION].replace_strict(reasons, default=None, return_dtype=pl.String)
        nowhere = pl.lit(None, pl.String).alias(REJECT_COLUMN)
        return self.poisoned[-1].divert(
            rows.with_columns(why.alias(REJECT), nowhere), REJECT_COLUMN
        )

    def _rejected_by_step(self) -> list[int]:
        pairs = zip(self.poisoned, self.diversions, strict=True)
        return [poisoned.rows + diversion.rows for poisoned, diversion in pairs]

    def _counted(self, rows: pl.DataFrame) -> pl.DataFrame:
        self.counters.append(Counter.of(rows))
        return rows

    def _diverted(self, rows: pl.DataFrame, mark: str, *also_drop: str) -> pl.DataFrame:
        self.diversions.append(Diversion(mark))
        return self.diversions[-1].divert(rows, *also_drop)


def _known(**dropped: int) -> dict[str, int]:
    return {reason: count for reason, count in dropped.items() if count}
