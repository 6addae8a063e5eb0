"""What is done to one partition: read, steps, contract, stage. No Ray in here.

Rows that are rejected on the way are taken out where it happens; only for those, the places and
originals are looked up afterwards.
"""

import os
import resource
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from ingest.core.errors import BadRowError
from ingest.core.outcome import Outcome, StagedFile
from ingest.core.partition import Assignment, Partition
from ingest.sinks.base import Sink
from ingest.sources.base import Layout, Source
from ingest.transforms.base import StepContext
from ingest.workers.classify import classify
from ingest.workers.guarded import Order
from ingest.workers.pipeline import Pipeline, Steps
from ingest.workers.poison import Limits, Poison
from ingest.workers.quarantine import assemble, by_reason, describe, examples
from ingest.workers.search import search

WORKER = f"{socket.gethostname()}:{os.getpid()}"


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

    def __call__(self, assignment: Assignment) -> Outcome:
        """Work a partition and report; see `workers.base.Task`."""
        try:
            return self._searched(assignment) if assignment.search else self._work(assignment)
        except (Exception, SystemExit, pl.exceptions.PanicException) as error:  # noqa: BLE001 - the one border
            return Outcome(
                key=assignment.key,
                partition=assignment.partition.id,
                worker=WORKER,
                failure=classify(error, assignment.partition),
            )

    def _searched(self, assignment: Assignment) -> Outcome:
        """Work a partition without the rows that a search finds guilty."""
        began, partition = time.perf_counter(), assignment.partition
        order = Order(self.source, self.layout, self.steps, self._context(partition), partition)
        found = search(order, self.limits)
        seconds = {"search": time.perf_counter() - began}
        if found.failure is None:
            outcome = self._work(assignment, found.poison)
            return replace(outcome, seconds={**seconds, **outcome.seconds})
        return Outcome(
            key=assignment.key,
            partition=partition.id,
            seconds=seconds,
            worker=WORKER,
            failure=found.failure,
        )

    def _context(self, partition: Partition) -> StepContext:
        return replace(self.context, uris=tuple(piece.uri for piece in partition.slices))

    def _work(self, assignment: Assignment, poison: Sequence[Poison] = ()) -> Outcome:
        began = time.perf_counter()
        partition = assignment.partition
        read = self.source.read(partition, self.layout)
        opened = time.perf_counter()
        pipeline = Pipeline(self.steps, read, self._context(partition), poison)
        good = pipeline.collect()
        worked = time.perf_counter()
        bad = assemble(
            self.context.run_id,
            partition,
            source=self.source,
            layout=self.layout,
            rejects=read.rejects,
            rejected=pipeline.rejected(),
        )
        if bad.height and self.steps.contract.on_error == "fail":
            raise BadRowError(describe(examples(bad), bad.height))
        located = time.perf_counter()
        files = self._stage(assignment, good, bad)
        return Outcome(
            key=assignment.key,
            partition=partition.id,
            books=tuple(pipeline.books(good.height)),
            files=tuple(files),
            errors=by_reason(bad),
            examples=examples(bad),
            seconds={
                "read": opened - began,
                **pipeline.seconds(opened, worked),
                "locate": located - worked,
                "stage": time.perf_counter() - located,
            },
            bytes=partition.bytes,
            peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            worker=WORKER,
        )

    def _stage(
        self, assignment: Assignment, good: pl.DataFrame, bad: pl.DataFrame
    ) -> Iterator[StagedFile]:
        attempt, index, number = assignment.key
        stem = f"{attempt}-{index}-{number}"
        run_id = self.context.run_id
        for file in self.sink.stage(good, run_id, stem):
            yield replace(file, output="main")
        if self.steps.contract.on_error == "quarantine":
            for file in self.quarantine.stage(bad, run_id, stem):
                yield replace(file, output="quarantine")
