"""What is done to one partition: read, steps, contract, stage. No Ray in here.

Rows that are rejected on the way are taken out where it happens; only for those, the places and
originals are looked up afterwards.
"""

import os
import resource
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import field, replace
from typing import Any

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.errors import BadRowError
from ingest.core.outcome import Outcome, Staged
from ingest.core.partition import Assignment, Partition, Small
from ingest.core.private import NOTHING
from ingest.sinks.base import Sink
from ingest.sources.base import Layout, Read, Source
from ingest.transforms.base import StepContext
from ingest.work.ahead import StepsAhead
from ingest.work.classify import classify
from ingest.work.guarded import Order
from ingest.work.observe import Tallies
from ingest.work.pipeline import STAGE, Pipeline, Steps
from ingest.work.poison import Limits, Poison
from ingest.work.quarantine import TOLD, assemble, by_reason, describe, examples
from ingest.work.reading import runs
from ingest.work.search import search
from ingest.work.telling import Teller, joined


@dataclass(frozen=True, slots=True)
class PartitionTask:
    """The segment of a job that is worked in one call: everything that a worker must know.

    Picklable. Calling it never raises, except for signals that end the process.
    """

    source: Source
    layout: Layout
    steps: Steps
    sink: Sink
    quarantine: Sink
    context: StepContext
    limits: Limits = field(default_factory=Limits)

    def prepare(self) -> None:
        """Make the rules, and have the steps read what they need, while nobody waits for it."""
        with suppress(
            Exception, SystemExit, pl.exceptions.PanicException
        ):  # the first partition meets it again, and says so
            _ = self.steps.rules
        StepsAhead(self.steps.transforms, self.context).prepare()

    def __call__(self, assignment: Assignment) -> Outcome:
        """Work a partition and report; see `workers.base.Task`."""
        began = time.perf_counter()
        try:
            if assignment.small:
                return self._put_together(assignment, assignment.small)
            return self._searched(assignment) if assignment.search else self._work(assignment)
        except (Exception, SystemExit, pl.exceptions.PanicException) as error:  # noqa: BLE001 - the one border
            return Outcome(
                key=assignment.key,
                partition=assignment.partition.id,
                seconds={"failed": time.perf_counter() - began},
                worker=_name(),
                failure=classify(error, assignment.partition, private=bool(self.steps.private)),
            )

    def _searched(self, assignment: Assignment) -> Outcome:
        """Work a partition without the rows that a search finds guilty."""
        began, partition = time.perf_counter(), assignment.partition
        found = search(self.order(partition), self.limits)
        seconds = {"search": time.perf_counter() - began}
        if found.failure is None:
            outcome = self._work(assignment, found.poison)
            return replace(outcome, seconds={**seconds, **outcome.seconds})
        return Outcome(
            key=assignment.key,
            partition=partition.id,
            seconds=seconds,
            worker=_name(),
            failure=found.failure,
        )

    def _put_together(self, assignment: Assignment, small: Small) -> Outcome:
        """Make one staged file of several."""
        began = time.perf_counter()
        sink = self.sink if small.output == "main" else self.quarantine
        staged = sink.put_together(small.files, self.context.run_id, _stem(assignment))
        return Outcome(
            key=assignment.key,
            partition=assignment.partition.id,
            staged=(replace(staged, output=small.output),),
            seconds={"combine": time.perf_counter() - began},
            worker=_name(),
        )

    @property
    def searchable(self) -> bool:
        """Whether rows that break a step may be searched for."""
        return self.steps.by_row and self.limits.max_poison_rows > 0

    def order(self, partition: Partition) -> Order:
        """Return what a search of a partition for such rows is told."""
        return Order(self.source, self.layout, self.steps, self.within(partition), partition)

    def within(self, partition: Partition) -> StepContext:
        """Return what steps may know while they work a partition."""
        return replace(self.context, uris=tuple(piece.uri for piece in partition.slices))

    def _work(self, assignment: Assignment, poison: Sequence[Poison] = ()) -> Outcome:
        tallies, partition = Tallies(), assignment.partition
        reads = self._reads(partition)
        pipeline = Pipeline(self.steps, reads, self.within(partition), poison, tallies=tallies)
        staged = self._staged("main", self.sink, self._good(pipeline, partition), assignment)
        tallies.passed(STAGE)
        bad = self._bad(pipeline, partition)
        tallies.passed("locate", bad.height)
        if self.steps.contract.on_error == "quarantine":
            staged += self._staged("quarantine", self.quarantine, [bad], assignment)
        tallies.passed(STAGE)
        return Outcome(
            key=assignment.key,
            partition=partition.id,
            books=tuple(pipeline.books()),
            staged=tuple(staged),
            errors=by_reason(bad),
            examples=examples(bad),
            seconds=tallies.seconds,
            cpu=tallies.cpu,
            bytes=partition.bytes,
            peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            worker=_name(),
        )

    def _reads(self, partition: Partition) -> Iterator[Read]:
        """Read the partition: in runs, if that makes no difference to the steps."""
        if self.steps.by_row:
            yield from runs(self.source, partition, self.layout)
        else:
            yield self.source.read(partition, self.layout)

    def _good(self, pipeline: Pipeline, partition: Partition) -> Iterator[pl.DataFrame]:
        """Yield the good rows, unless one that is not good ends the run.

        Raises:
            BadRowError: `on_error` is `fail`, and rows are rejected; all of them are counted.
        """
        fails = self.steps.contract.on_error == "fail"
        for rows in pipeline.portions():
            if not (fails and (pipeline.taken or pipeline.unread)):
                yield rows
            del rows  # before the next ones are made
        if fails and (bad := self._bad(pipeline, partition)).height:
            raise BadRowError(describe(self._told(bad, pipeline, partition), bad.height))

    def _told(
        self, bad: pl.DataFrame, pipeline: Pipeline, partition: Partition
    ) -> tuple[dict[str, Any], ...]:
        """Return the first rejected rows for a message, with the values to blame."""
        first, rejects = bad.head(TOLD), pipeline.sum.read.rejects
        teller = Teller(self.source, self.layout, partition, self.steps.private.source)
        return joined(examples(first), teller.values(first, rejects))

    def _bad(self, pipeline: Pipeline, partition: Partition) -> pl.DataFrame:
        """Return the quarantine's rows."""
        shown = self.steps.contract.shows_private
        private = NOTHING if shown else self.steps.private
        return assemble(
            self.context.run_id,
            partition,
            source=self.source,
            layout=self.layout,
            read=pipeline.sum.read,
            rejected=pipeline.rejected(private),
            hidden=private.source,
            keep_original=self.steps.contract.keeps_original,
        )

    def _staged(
        self, output: str, sink: Sink, rows: Iterable[pl.DataFrame], assignment: Assignment
    ) -> list[Staged]:
        parts = sink.stage_portions(rows, self.context.run_id, _stem(assignment))
        return [replace(part, output=output) for part in parts]


def _stem(assignment: Assignment) -> str:
    """Return what the names of staged files begin with; see `Sink.stage_portions`."""
    return "-".join(map(str, assignment.key))


def _name() -> str:
    """Return the name of this process; not when it is imported, because workers are forked."""
    return f"{socket.gethostname()}:{os.getpid()}"
