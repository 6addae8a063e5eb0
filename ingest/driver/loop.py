"""The loop: hand partitions out, take outcomes back, settle them or see to it that they can be."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import field, replace
from typing import TypedDict

from ingest.checks.contract import Contract
from ingest.core.clock import Clock
from ingest.core.counts import counted
from ingest.core.dataclass import dataclass
from ingest.core.errors import (
    ContractError,
    IngestError,
    Interrupted,
)
from ingest.core.faults import fault
from ingest.core.outcome import Failure, Outcome
from ingest.core.partition import Assignment, Partition, Slice, partition_id
from ingest.driver.backlog import Backlog
from ingest.driver.retry import HOPELESS, Measure, RetryPolicy
from ingest.driver.stall import Stall
from ingest.driver.stragglers import stragglers
from ingest.execution import Execution
from ingest.records.events import (
    PartitionSplit,
    Retried,
    SearchBegan,
    Settled,
    Speculated,
    Timed,
    WorkersStarted,
    WorkersStarting,
)
from ingest.records.history import History
from ingest.records.ledger import Ledger
from ingest.records.status import Status
from ingest.work.classify import error_of
from ingest.workers.base import Lost, Workers

POLL_S = 0.25

Splitter = Callable[[Partition], Sequence[tuple[Slice, ...]]]
"""Cuts a partition into smaller ones that hold the same records; returns none if it cannot."""


@dataclass(slots=True)
class Loop:
    """Works a backlog off. What is settled before, by an earlier attempt, is not touched again.

    `stop` is set from outside to end the loop in order: nothing more is handed out, what is out is
    waited for and settled.
    """

    backlog: Backlog
    workers: Workers
    ledger: Ledger
    history: History
    policy: RetryPolicy
    split: Splitter
    contract: Contract
    execution: Execution
    clock: Clock
    stop: threading.Event
    status: Status
    least_split_bytes: int = 64 * 1024
    stall: Stall = field(init=False)

    def __post_init__(self) -> None:
        """Set the watchdog up."""
        limit_s = self.execution.stall_timeout_s
        self.stall = Stall(self.workers, self.ledger, self.clock, limit_s, self.clock.monotonic())

    def run(self) -> None:
        """Settle every partition of the plan.

        Raises:
            BadRowError, ContractError, FatalError: the run cannot continue; what is settled stays.
            Interrupted: `stop` was set.
        """
        began, answered = self.clock.monotonic(), False
        starting = self._starting("", began)
        while self.history.totals.partitions < self.history.partitions:
            if self.stop.is_set():
                self._drain()
                raise Interrupted
            self._hand_out()
            self.status.tell(key[1] for key in self.backlog.out)
            results = self.workers.results(self._patience())
            starting = self._starting(starting, began)
            if results and not answered:
                answered = True
                taken = round(self.clock.monotonic() - began, 3)
                self.ledger.append(Timed(what="first_outcome", seconds=taken))
            for result in results:
                self._take_back(result)
            if results or not self.backlog.out:
                self.stall.moved()
            self.stall.check()
            self.ledger.flush_if_due()
        self.ledger.flush()

    def _starting(self, before: str, began: float) -> str:
        """Put on record that workers begin to start, or that they have; return what still does."""
        now = self.workers.starting
        if now and not before:
            self.ledger.append(WorkersStarting(what=now))
        elif before and not now:
            seconds = round(self.clock.monotonic() - began, 3)
            self.ledger.append(WorkersStarted(what=before, seconds=seconds))
        return now

    def _hand_out(self) -> None:
        batch = self.backlog.take(self.workers.capacity - len(self.backlog.out))
        rule = self.execution.speculation
        if rule and not batch and (idle := self.workers.idle):
            late = stragglers(self.backlog, self.workers, self.history.totals, rule)
            for index in list(late)[:idle]:
                batch.append(self.backlog.double(index))
                partition = self.backlog.partition(index)
                self.ledger.append(Speculated(index=index, partition=partition.id))
        if batch:
            self.workers.submit(batch)

    def _patience(self) -> float:
        if self.backlog.out:
            return POLL_S
        self.clock.sleep(min(self.backlog.next_due_s(), POLL_S))
        return 0.0

    def _take_back(self, result: Outcome | Lost) -> None:
        assignment = self.backlog.back(result.key)
        if assignment is None:
            return  # an answer to a try that was already given up, or that came second
        if isinstance(result, Lost):
            if result.culprit:
                failure = Failure(result.kind, result.reason, result.words)
                self._failed(assignment, failure, result.seconds)
            else:
                self.backlog.again(assignment.partition.index, search=assignment.search)
        elif result.failure is not None:
            self._failed(assignment, result.failure, sum(result.seconds.values()))
        else:
            self._settle(result)
            self._check_budget()

    def _settle(self, outcome: Outcome) -> None:
        self.ledger.append(Settled(outcome=outcome))
        self.backlog.closed(outcome.key[1])

    def _failed(self, assignment: Assignment, failure: Failure, seconds: float) -> None:
        index, partition = assignment.partition.index, assignment.partition
        tries = self.backlog.failed(index, failure.kind)
        measure = self.policy.measure(failure, tries, searched=assignment.search)
        if self.backlog.is_out(index) and failure.kind not in HOPELESS:
            measure = Measure("again")  # its twin may still succeed; only then is there more to do
        facts = _Facts(
            partition=partition.id, index=index, tries=tries, kind=failure.kind,
            message=failure.message, seconds=round(seconds, 3),
        )  # fmt: skip
        if measure.what == "again":
            self.ledger.append(Retried(**facts, wait_s=round(measure.wait_s, 3)))
            self.backlog.again(index, measure.wait_s, search=assignment.search)
        elif measure.what == "search":
            self.ledger.append(SearchBegan(**facts))
            self.backlog.again(index, search=True)
        elif measure.what == "split" and (parts := self._parts(partition)):
            self._split(parts, facts)
        else:
            self._drain()
            raise _error(failure, tries, partition, self.workers.logs)

    def _parts(self, partition: Partition) -> Sequence[tuple[Slice, ...]]:
        """Cut a partition, unless it is so small that its size cannot be the trouble."""
        return self.split(partition) if partition.bytes > self.least_split_bytes else ()

    def _split(self, parts: Sequence[tuple[Slice, ...]], facts: "_Facts") -> None:
        first = len(self.history.closed)
        children = tuple(
            Partition(number, partition_id(part), part) for number, part in enumerate(parts, first)
        )
        self.ledger.append(PartitionSplit(**facts, children=children))
        self.backlog.closed(facts["index"])
        for child in children:
            self.backlog.again(child.index)

    def _check_budget(self) -> None:
        totals = self.history.totals
        if self.contract.max_errors is not None and totals.rejected > self.contract.max_errors:
            self._drain()
            raise ContractError(
                f"contract.max_errors: {totals.rejected:,} rows rejected so far, "
                f"{self.contract.max_errors:,} allowed. Nothing was published. "
                f"Most frequent: {most_common(totals.errors)}"
            )

    def _drain(self) -> None:
        """Let what is being worked come to its end and settle it; what only waits is dropped."""
        for result in self.workers.drain(self.execution.grace_s):
            assignment = self.backlog.back(result.key)
            if assignment and isinstance(result, Outcome) and result.failure is None:
                self._settle(result)
        self.ledger.flush()


class _Facts(TypedDict):
    """What events say of a try that failed, whatever is done about it."""

    partition: str
    index: int
    tries: int
    kind: str
    message: str
    seconds: float


def most_common(errors: dict[str, int], number: int = 3) -> str:
    """Say which reasons rows were most often rejected for."""
    first = Counter(errors).most_common(number)
    return "; ".join(f"{fault(reason)} ({counted(count, 'row')})" for reason, count in first)


def _error(failure: Failure, tries: int, partition: Partition, logs: str) -> IngestError:
    if failure.kind in HOPELESS:
        return error_of(failure)
    where = f" Logs of the workers: {logs}." if logs else ""
    said = f"{partition}: failed after {tries} tries: {failure.message}.{where}"
    return error_of(replace(failure, message=said))
