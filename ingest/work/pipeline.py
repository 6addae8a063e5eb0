"""What happens to the rows of one partition: steps and contract, every row counted on its way."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field, fields, replace
from enum import IntEnum
from functools import cached_property
from typing import Any

import polars as pl

from ingest.checks.contract import Contract
from ingest.checks.rules import Rules
from ingest.core.dataclass import dataclass
from ingest.core.errors import JobError
from ingest.core.outcome import Book
from ingest.core.private import NOTHING, Private
from ingest.core.rows import POSITION, REJECT, REJECT_COLUMN
from ingest.core.types import Schema
from ingest.sources.base import Read
from ingest.transforms.base import StepContext, Transform
from ingest.work.observe import Tallies, divert, portions
from ingest.work.poison import Poison
from ingest.work.quarantine import Rejected
from ingest.work.reading import Sum
from ingest.work.siblings import Siblings

DECODE, CONTRACT, STAGE = "decode", "contract", "stage"
"""Places of the flow besides the steps, as they are called in books and timings."""
WRITTEN_AT = "in the step at "
"""What a note begins with that says of an error where its step was written."""


@dataclass(frozen=True)
class Steps:
    """What happens to rows between source and sink, and the schemas that the plan froze for it.

    `names` are the steps' names in the books, `before_contract` is what the contract receives,
    `output` what is published. `private` are the columns whose values are not to be shown.
    `places` are where the transforms were written: file, line and path; empty if nobody knows.
    """

    transforms: tuple[Transform, ...]
    names: tuple[str, ...]
    contract: Contract
    before_contract: Schema
    output: Schema
    private: Private = NOTHING
    places: tuple[str, ...] = ()

    @cached_property
    def rules(self) -> Rules:
        """The rules by which the contract judges: to make ten takes 6 ms."""
        return self.contract.rules(self.before_contract)

    def __getstate__(self) -> dict[str, Any]:
        """Return what is to be pickled: rules are made where they are used."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @property
    def adds(self) -> bool:
        """Whether a step may make several rows of one record."""
        return any(step.adds for step in self.transforms)

    @property
    def by_row(self) -> bool:
        """Whether the rows of a part of a partition come to the same as within the whole."""
        checks = all(check.scope == "row" for check in self.contract.checks)
        return checks and all(step.by_row for step in self.transforms)


class RemovalCause(IntEnum):
    """Why a row was taken out at a place of the flow, in the order in which that happens there."""

    POISON = 0
    REJECT = 1
    BROKEN = 2


@dataclass(slots=True)
class Pipeline:
    """The rows of one partition on their way, counted after each step.

    Where each row's result depends on that row alone, they go the way portion by portion, and run
    by run of what is read (see `reading`): what a step makes is still in the processor's cache when
    the next one reads it, and memory does not grow with the partition.

    `poison` are records that are taken out right before the step that they would break, where all
    rows go that were made of them. `begins` is told the number of each step before anything of it
    is done; the contract's comes behind the last.
    """

    steps: Steps
    reads: Iterable[Read]
    context: StepContext
    poison: Sequence[Poison] = ()
    begins: Callable[[int], None] | None = None
    tallies: Tallies = field(default_factory=Tallies)
    taken: dict[tuple[int, RemovalCause], list[pl.DataFrame]] = field(default_factory=dict)
    siblings: Siblings = field(default_factory=Siblings)
    sum: Sum = field(default_factory=Sum)

    @property
    def unread(self) -> int:
        """How many records could not be read as rows."""
        return self.sum.unread

    def collect(self) -> pl.DataFrame:
        """Run all steps and return the good rows, in the frozen output schema."""
        return pl.concat(list(self.portions()))

    def portions(self) -> Iterator[pl.DataFrame]:
        """Run all steps and yield the good rows, in the frozen output schema, as they come.

        Books, rejected rows and tallies are complete when the last portion has been drawn. What
        is done with a portion before the next is asked for counts as staging it.
        """
        reads = iter(self.reads)
        while (read := next(reads, None)) is not None:
            self.tallies.passed("read", read.records)
            self.sum.add(read)
            before = {place: len(frames) for place, frames in self.taken.items()}
            whole, read = read.frame.collect(), replace(read, frame=pl.LazyFrame())
            waiting = deque(portions(whole) if self.steps.by_row else (whole,))
            del whole  # each portion goes when it has been worked
            while waiting:
                yield self._worked(waiting.popleft())
                self.tallies.passed(STAGE)
            self._look_up(read, before)
            del read  # before more is read

    def _look_up(self, read: Read, before: Mapping[tuple[int, RemovalCause], int]) -> None:
        """Ask what was read for all that there is to know of rows that were taken out since."""
        places = [pl.Series(POSITION, [], pl.UInt64)]
        for place, frames in self.taken.items():
            for number in range(before.get(place, 0), len(frames)):
                if read.completed:
                    frames[number] = read.completed(frames[number])
                if POSITION in frames[number].columns:
                    places.append(frames[number][POSITION].cast(pl.UInt64))
        self.sum.locate(read, pl.concat(places).drop_nulls().unique().sort())

    def books(self) -> Iterator[Book]:
        """Return what became of the rows in each step: source, transforms, contract."""
        reason = "quarantined" if self.steps.contract.on_error == "quarantine" else "skipped"
        read, unread = self.sum, self.unread
        rows = self.tallies.places[DECODE].rows
        named = dict(read.filtered)
        filtered = sum(named.values())
        if read.filters:
            filtered = read.records - unread - rows
        dropped = _known(filtered=filtered, **{reason: unread})
        yield Book("source", read.records, rows, 0, dropped, named)
        steps = zip(self.steps.names, self.steps.transforms, strict=True)
        for number, (name, step) in enumerate(steps):
            out, rejected = self.tallies.places[name].rows, self._taken_at(number)
            left = rows - rejected - out
            dropped = {step.drops: left} if step.drops and left > 0 else {}
            added = -left if step.adds and left < 0 else 0
            dropped[reason] = rejected
            yield Book(name, rows, out, added, _known(**dropped))
            rows = out
        out, rejected = self.tallies.places[CONTRACT].rows, self._taken_at(len(self.steps.names))
        yield Book(CONTRACT, rows, out, 0, _known(**{reason: rejected}))

    def rejected(self, private: Private) -> list[Rejected]:
        """Return the rows that steps and contract took out, with their reasons, step by step.

        The values of `private` columns are not shown.
        """
        return [
            self._why(number, cause, pl.concat(self.taken[number, cause], rechunk=True), private)
            for number, cause in sorted(self.taken)
        ]

    def _worked(self, rows: pl.DataFrame) -> pl.DataFrame:
        self.tallies.passed(DECODE, rows.height)
        steps = zip(self.steps.names, self.steps.transforms, strict=True)
        for number, (name, step) in enumerate(steps):
            rows = self._begun(rows, number)
            with self._placed(number):
                rows = step.apply(rows.lazy(), self.context).collect()
            rows = self._diverted(rows, number, RemovalCause.REJECT)
            self.tallies.passed(name, rows.height)
        last = len(self.steps.transforms)
        judged = self._begun(rows, last)
        rows, broken = self.steps.rules.judged(judged)
        self._take(broken, last, RemovalCause.BROKEN)
        if self.steps.adds:
            self.siblings.went_on(judged, broken)
        good = rows.select(*self.steps.output)
        if (found := dict(good.schema)) != self.steps.output:
            raise JobError(
                f"a step returned {found}, but the plan says {self.steps.output}. It gives a "
                "different schema for data than for an empty frame. Fix the step"
            )
        self.tallies.passed(CONTRACT, good.height)
        return good

    @contextmanager
    def _placed(self, number: int) -> Iterator[None]:
        """Note on an error of a step where that was written."""
        try:
            yield
        except (Exception, SystemExit, pl.exceptions.PanicException) as error:
            if self.steps.places:
                step = self.steps.transforms[number]
                error.add_note(f"{WRITTEN_AT}{self.steps.places[number]}: {step.type}")
            raise

    def _begun(self, rows: pl.DataFrame, number: int) -> pl.DataFrame:
        """Return the rows that a step may be given."""
        if self.begins:
            self.begins(number)
        reasons = {row.position: row.reason for row in self.poison if row.step == number}
        if not reasons:
            return rows
        why = rows[POSITION].replace_strict(reasons, default=None, return_dtype=pl.String)
        nowhere = pl.lit(None, pl.String).alias(REJECT_COLUMN)
        marked = rows.with_columns(why.alias(REJECT), nowhere)
        return self._diverted(marked, number, RemovalCause.POISON)

    def _diverted(self, rows: pl.DataFrame, number: int, cause: RemovalCause) -> pl.DataFrame:
        """Return the rows that are not marked, and keep the others."""
        rows, marked = divert(rows, REJECT, REJECT_COLUMN)
        self._take(marked, number, cause)
        return rows

    def _take(self, rows: pl.DataFrame, number: int, cause: RemovalCause) -> None:
        if not rows.is_empty():
            self.taken.setdefault((number, cause), []).append(rows)
            if self.steps.adds:
                self.siblings.took(rows)

    def _why(
        self, number: int, cause: RemovalCause, rows: pl.DataFrame, private: Private
    ) -> Rejected:
        name = (*self.steps.names, CONTRACT)[number]
        partly = self.siblings.of(rows)
        if cause == RemovalCause.BROKEN:
            why = self.steps.rules.reasons(rows)
        else:
            reason, column = rows[REJECT], rows[REJECT_COLUMN]
            one = reason.to_frame("reason").select(pl.concat_list("reason")).to_series()
            why = column, reason, one
        hidden = private.after(number) if cause == RemovalCause.REJECT else private.before(number)
        return Rejected.of_rows(name, rows, *why, partly=partly, hidden=hidden)

    def _taken_at(self, number: int) -> int:
        return sum(
            rows.height
            for (place, _), parts in self.taken.items()
            if place == number
            for rows in parts
        )


def _known(**dropped: int) -> dict[str, int]:
    return {reason: count for reason, count in dropped.items() if count}
