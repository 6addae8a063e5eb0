"""The loop: hand partitions out, take outcomes back, settle them or try again."""

import heapq
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from ingest.checks.contract import Contract
from ingest.core.clock import Clock
from ingest.core.errors import BadRowError, ContractError, FatalError, IngestError, Interrupted
from ingest.core.outcome import Failure, Outcome
from ingest.core.partition import Assignment
from ingest.driver.retry import RetryPolicy
from ingest.records.history import History
from ingest.records.ledger import Ledger
from ingest.records.plans import Plan
from ingest.workers.base import Lost, Workers

POLL_S = 0.25


@dataclass(slots=True)
class Loop:
    """Works off a plan. What is settled before, by an earlier attempt, is not touched again.

    Memory: nine bytes for each partition, and the partitions that are out or wait for another try.
    `stop` is set from outside to end the loop in order: nothing more is handed out, what is out is
    waited for and settled.
    """

    plan: Plan
    workers: Workers
    ledger: Ledger
    history: History
    policy: RetryPolicy
    contract: Contract
    clock: Clock
    stop: threading.Event
    out: dict[tuple[int, int, int], Assignment] = field(default_factory=dict)
    waiting: list[tuple[float, int]] = field(default_factory=list)
    handed: Counter[int] = field(default_factory=Counter)
    failed: Counter[int] = field(default_factory=Counter)

    def run(self) -> None:
        """Settle every partition of the plan.

        Raises:
            BadRowError, ContractError, FatalError: the run cannot go on; what is settled stays.
            Interrupted: `stop` was set.
        """
        fresh = (int(i) for i in self.plan.order_of_work() if not self.history.is_settled(int(i)))
        began, answered = self.clock.monotonic(), False
        while self.history.totals.partitions < len(self.plan):
            if self.stop.is_set():
                self._drain()
                raise Interrupted
            self._hand_out(fresh)
            results = self.workers.results(self._patience())
            if results and not answered:
                answered = True
                taken = round(self.clock.monotonic() - began, 3)
                self.ledger.append("timed", what="first_outcome", seconds=taken)
            for result in results:
                self._take_back(result)
            self.ledger.flush_if_due()
        self.ledger.flush()

    def _hand_out(self, fresh: Iterator[int]) -> None:
        batch = []
        for _ in range(self.workers.capacity - len(self.out)):
            index = self._next(fresh)
            if index is None:
                break
            self.handed[index] += 1
            assignment = Assignment(self.plan[index], self.ledger.attempt, self.handed[index])
            self.out[assignment.key] = assignment
            batch.append(assignment)
        if batch:
            self.workers.submit(batch)

    def _next(self, fresh: Iterator[int]) -> int | None:
        if self.waiting and self.waiting[0][0] <= self.clock.monotonic():
            return heapq.heappop(self.waiting)[1]
        return next(fresh, None)

    def _patience(self) -> float:
        if not self.out and self.waiting:
            due = max(0.0, self.waiting[0][0] - self.clock.monotonic())
            self.clock.sleep(min(due, POLL_S))
            return 0.0
        return POLL_S

    def _take_back(self, result: Outcome | Lost) -> None:
        if self.out.pop(result.key, None) is None:
            return  # an answer to a try that was already given up
        index = result.key[1]
        if self.history.is_settled(index):
            return
        if isinstance(result, Lost):
            self._lost(result)
        elif result.failure is not None:
            self._failed(index, result.partition, result.failure)
        else:
            self._settle(result)
            self._check_budget()

    def _settle(self, outcome: Outcome) -> None:
        index = outcome.key[1]
        if not self.history.is_settled(index):
            self.handed.pop(index, None)
            self.failed.pop(index, None)
            self.ledger.append("settled", outcome=outcome.to_json())

    def _lost(self, lost: Lost) -> None:
        index = lost.key[1]
        if lost.culprit:
            self._failed(index, self.plan[index].id, Failure("lost", lost.reason))
        else:
            heapq.heappush(self.waiting, (self.clock.monotonic(), index))

    def _failed(self, index: int, partition: str, failure: Failure) -> None:
        self.failed[index] += 1
        wait = self.policy.wait(failure.kind, self.failed[index])
        if wait is None:
            self._drain()
            raise _error(failure, self.failed[index], partition, self.workers.logs)
        self.ledger.append(
            "retry",
            partition=partition,
            index=index,
            tries=self.failed[index],
            kind=failure.kind,
            message=failure.message,
            wait_s=round(wait, 3),
        )
        heapq.heappush(self.waiting, (self.clock.monotonic() + wait, index))

    def _check_budget(self) -> None:
        totals = self.history.totals
        if self.contract.max_errors is not None and totals.rejected > self.contract.max_errors:
            self._drain()
            raise ContractError(
                f"contract.max_errors: {totals.rejected:,} rows rejected so far, "
                f"{self.contract.max_errors:,} allowed. Nothing was published. "
                f"Most: {most_common(totals.errors)}"
            )

    def _drain(self) -> None:
        """Let what is being worked come to its end and settle it; what only waits is dropped."""
        self.workers.close(drain=True)
        while results := self.workers.results(0):
            for result in results:
                out = self.out.pop(result.key, None)
                if out and isinstance(result, Outcome) and result.failure is None:
                    self._settle(result)
        self.ledger.flush()


def most_common(errors: dict[str, int], number: int = 3) -> str:
    """Say which reasons rows were most often rejected for."""
    first = Counter(errors).most_common(number)
    return "; ".join(f"{reason} ({count:,} rows)" for reason, count in first)


def _error(failure: Failure, tries: int, partition: str, logs: str) -> IngestError:
    if failure.kind == "bad_row":
        return BadRowError(failure.message)
    if failure.kind == "contract":
        return ContractError(failure.message)
    if failure.kind in {"fatal", "config"}:
        return FatalError(failure.message)
    where = f" The workers' logs are in {logs}." if logs else ""
    tried = f"partition {partition}: given up after {tries} tries: {failure.message}.{where}"
    return FatalError(f"{tried}\n{failure.traceback}".rstrip())
