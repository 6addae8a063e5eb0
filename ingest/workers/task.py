"""What is done to one partition: read, steps, contract, stage. No Ray in here.

Rows that are rejected on the way are taken out where it happens; only for those, the places and
originals are looked up afterwards.
"""

import os
import resource
import socket
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace

import polars as pl

from ingest.core.errors import (
    BadRowError,
    ConfigError,
    ContractError,
    IngestError,
    RetryableError,
)
from ingest.core.outcome import ErrorKind, Failure, Outcome, StagedFile
from ingest.core.partition import Assignment, Partition
from ingest.sinks.base import Sink
from ingest.sources.base import Layout, Source
from ingest.transforms.base import StepContext
from ingest.workers.pipeline import Pipeline, Steps
from ingest.workers.quarantine import assemble, by_reason, describe, examples

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

    def __call__(self, assignment: Assignment) -> Outcome:
        """Work a partition and report; see `workers.base.Task`."""
        try:
            return self._work(assignment)
        except (Exception, pl.exceptions.PanicException) as error:  # noqa: BLE001 - the one border
            return Outcome(
                key=assignment.key,
                partition=assignment.partition.id,
                worker=WORKER,
                failure=_classify(error, assignment.partition),
            )

    def _work(self, assignment: Assignment) -> Outcome:
        began = time.perf_counter()
        partition = assignment.partition
        context = replace(self.context, uris=tuple(piece.uri for piece in partition.slices))
        read = self.source.read(partition, self.layout)
        opened = time.perf_counter()
        pipeline = Pipeline(self.steps, read, context)
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


_KINDS: tuple[tuple[type[BaseException], ErrorKind], ...] = (
    (ConfigError, "config"),
    (RetryableError, "retryable"),
    (BadRowError, "bad_row"),
    (ContractError, "contract"),
    (IngestError, "fatal"),
    (MemoryError, "retryable"),
    (ConnectionError, "retryable"),
    (TimeoutError, "retryable"),
)


def _classify(error: BaseException, partition: Partition) -> Failure:
    for kind, name in _KINDS:
        if isinstance(error, kind):
            return Failure(name, str(error))
    files = ", ".join(piece.uri for piece in partition.slices[:2])
    more = f" and {len(partition.slices) - 2} more" if len(partition.slices) > 2 else ""
    text = f"partition {partition.id} ({files}{more}): {type(error).__name__}: {error}"
    return Failure("bug", text, "".join(traceback.format_exception(error)))
