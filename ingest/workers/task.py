"""What is done to one partition: read, steps, contract, stage. No Ray in here.

One linear lazy plan and one collect. Rows that are rejected on the way are taken out by a node of
that plan; only for those, the places and originals are looked up afterwards.
"""

import os
import resource
import socket
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import polars as pl

from ingest.checks.contract import BROKEN, Contract
from ingest.core.errors import (
    BadRowError,
    ConfigError,
    ContractError,
    FatalError,
    IngestError,
    RetryableError,
)
from ingest.core.outcome import Book, ErrorKind, Failure, Outcome, StagedFile
from ingest.core.partition import Assignment, Partition
from ingest.core.rows import REJECT, REJECT_COLUMN
from ingest.core.types import Schema
from ingest.sinks.base import Sink
from ingest.sources.base import Layout, Read, Source
from ingest.transforms.base import StepContext, Transform
from ingest.workers.observe import Counter, Diversion
from ingest.workers.quarantine import Rejected, assemble, by_reason, describe, examples

WORKER = f"{socket.gethostname()}:{os.getpid()}"


@dataclass(frozen=True, slots=True)
class PartitionTask:
    """The segment of a job that is worked in one call: everything that a worker must know.

    Picklable. `names` are the steps' names in the books. Calling it never raises, except for
    signals that end the process.
    """

    source: Source
    layout: Layout
    transforms: tuple[Transform, ...]
    names: tuple[str, ...]
    contract: Contract
    before_contract: Schema
    output: Schema
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
        pipeline = Pipeline(self, read, context)
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
        if bad.height and self.contract.on_error == "fail":
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
        if self.contract.on_error == "quarantine":
            for file in self.quarantine.stage(bad, run_id, stem):
                yield replace(file, output="quarantine")


@dataclass(slots=True)
class Pipeline:
    """The lazy plan of one partition, with a counter after each step."""

    task: PartitionTask
    read: Read
    context: StepContext
    counters: list[Counter] = field(default_factory=list)
    diversions: list[Diversion] = field(default_factory=list)

    def collect(self) -> pl.DataFrame:
        """Run the plan and return the good rows, in the frozen output schema."""
        frame = self._count(self.read.frame)
        for step in self.task.transforms:
            frame = step.apply(frame, self.context)
            diversion = Diversion(REJECT)
            if REJECT in frame.collect_schema():
                frame = diversion.observe(frame, REJECT_COLUMN)
            self.diversions.append(diversion)
            frame = self._count(frame)
        diversion = Diversion(BROKEN)
        frame = self.task.contract.apply(frame, self.task.before_contract)
        if BROKEN in frame.collect_schema():
            frame = diversion.observe(frame)
        self.diversions.append(diversion)
        good = frame.select(*self.task.output).collect()
        if (found := dict(good.schema)) != self.task.output:
            raise FatalError(
                f"the rows came out as {found}, and the plan says {self.task.output}. A step gives "
                "another schema for data than for an empty frame; mend the step"
            )
        return good

    def books(self, out: int) -> Iterator[Book]:
        """Return what became of the rows in each step: source, transforms, contract."""
        reason = "quarantined" if self.task.contract.on_error == "quarantine" else "skipped"
        unread = self.read.rejects.frame.height if self.read.rejects else 0
        rows = self.counters[0].rows
        yield _book("source", self.read.records, rows, {reason: unread}, "filtered")
        steps = zip(
            self.task.names, self.task.transforms, self.counters[1:], self.diversions, strict=False
        )
        for name, step, counter, diversion in steps:
            yield _book(name, rows, counter.rows, {reason: diversion.rows}, step.drops)
            rows = counter.rows
        yield _book("contract", rows, out, {reason: self.diversions[-1].rows}, "")

    def rejected(self) -> list[Rejected]:
        """Return the rows that steps and contract took out, with their reasons."""
        parts = []
        for name, diversion in zip(self.task.names, self.diversions, strict=False):
            for rows in diversion.taken:
                reason, column = rows[REJECT], rows[REJECT_COLUMN]
                one = reason.to_frame("reason").select(pl.concat_list("reason")).to_series()
                parts.append(Rejected.of_rows(name, rows, column, reason, one))
        for rows in self.diversions[-1].taken:
            column, reason, reasons = self.task.contract.reasons(rows, self.task.before_contract)
            parts.append(Rejected.of_rows("contract", rows, column, reason, reasons))
        return parts

    def seconds(self, began: float, ended: float) -> dict[str, float]:
        """Return how long each step took: steps run one after the other, up to their counter."""
        taken = {}
        for name, counter in zip(("decode", *self.task.names), self.counters, strict=False):
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
