"""A run without files, Ray or a job: a plan, a ledger, a clock that is set, simulated workers."""

import threading
from dataclasses import dataclass, field
from typing import Any

from ingest.checks.contract import Contract
from ingest.core.partition import Slice, partition_id
from ingest.driver.backlog import Backlog
from ingest.driver.loop import Loop
from ingest.driver.retry import RetryPolicy
from ingest.execution import Execution
from ingest.records.events import AttemptBegan, PlanFrozen
from ingest.records.history import History
from ingest.records.ledger import Ledger
from ingest.records.plan_facts import PlanFacts
from ingest.records.plans import Plan, PlanWriter
from ingest.records.reader import Reader
from ingest.records.status import Status
from ingest.storage.objects import LocalStore
from ingest.testing.clock import SetClock
from tests.pools.simulated import SimulatedWorkers, no_rows


def halves(partition):
    """Cut a partition's only slice in two, down to one byte."""
    (piece,) = partition.slices
    end = piece.size if piece.end < 0 else piece.end
    middle = (piece.start + end) // 2
    if middle == piece.start:
        return ()
    return tuple(
        (Slice(piece.uri, piece.size, piece.version, start, stop, stop - start),)
        for start, stop in ((piece.start, middle), (middle, end))
    )


@dataclass
class Attempt:
    """One driver's try at the run in a folder; the first plans it."""

    folder: Any
    answer: Any = no_rows
    count: int = 4
    size: int = 8
    workers: Any = None
    execution: Execution = field(default_factory=Execution)
    contract: Contract = field(default_factory=Contract)
    by_row: bool = True
    clock: SetClock = field(default_factory=SetClock)

    def __post_init__(self):
        store = LocalStore(self.folder)
        reader = Reader(store, "r")
        self.history = History.of(reader.events())
        self.ledger = Ledger(store, "r", self.clock, after=reader.read)
        self.ledger.listen(self.history.see)
        self.ledger.begin(AttemptBegan())
        if self.history.phase == "new":
            writer = PlanWriter(store, "r")
            size = self.size
            groups = [(Slice(f"f{i}", size, "v", bytes=size),) for i in range(self.count)]
            writer.write((partition_id(group), group) for group in groups)
            writer.freeze(PlanFacts(self.count, self.count, self.count * size, "in", {}, {}))
            self.ledger.append(PlanFrozen(partitions=self.count, seconds=0))
        self.backlog = Backlog(Plan(store, "r"), self.history, self.ledger.attempt, self.clock)
        self.loop = Loop(
            backlog=self.backlog,
            workers=self.workers or SimulatedWorkers(self.answer, capacity=5),
            ledger=self.ledger,
            history=self.history,
            policy=RetryPolicy(self.execution.retry, self.by_row),
            split=halves,
            contract=self.contract,
            execution=self.execution,
            clock=self.clock,
            stop=threading.Event(),
            status=Status(store, "r", self.clock),
            least_split_bytes=0,
        )

    def run(self):
        """Settle everything, or raise."""
        self.loop.run()

    def events(self, name):
        """Return the events of a kind, from the ledger as it lies on the disk."""
        self.ledger.flush()
        return [event for event in self.ledger.reader.events() if event.name == name]

    def settled(self):
        """Return the indexes of what is settled, in order."""
        return sorted(event.outcome.key[1] for event in self.events("settled"))
