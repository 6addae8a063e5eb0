"""What a run costs its driver: `python -m benchmarks.scripts.million_partitions [N [--no-files]]`.

Over a million generated tiny partitions, each of which stages one file of a byte, and simulated
workers: nothing but the driver works, from the plan through commit and publish to the receipt. With
`--no-files` all rows are filtered out: ten million files of a byte would fill 40 GB of disk.
Then its ledger is read again from the beginning, as by a run that resumes or a page that shows it.
Bounds for each partition and its file: 150 bytes of driver memory, and 1 ms until all partitions
are completed.
"""

import resource
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from benchmarks.scripts.figures import report
from ingest.checks.contract import Contract
from ingest.core.clock import SystemClock
from ingest.core.outcome import Book, Outcome, Staged
from ingest.core.partition import Assignment, Slice, partition_id
from ingest.driver.backlog import Backlog
from ingest.driver.loop import Loop
from ingest.driver.planning import pack
from ingest.driver.publishing.commit import commit
from ingest.driver.publishing.order import effects_of
from ingest.driver.publishing.publish import publish
from ingest.driver.receipt import receipt
from ingest.driver.recorded import Run
from ingest.driver.retry import RetryPolicy
from ingest.execution import Execution
from ingest.job import Job
from ingest.records.events import AttemptBegan, PlanFrozen
from ingest.records.history import History
from ingest.records.ledger import Ledger
from ingest.records.plan_facts import PlanFacts
from ingest.records.plans import Plan, PlanWriter
from ingest.records.reader import Reader
from ingest.records.runs import Runs
from ingest.records.status import Status
from ingest.storage.objects import LocalStore
from tests.pools.simulated import SimulatedWorkers

RUN = "20130101t000000-000000"
MOST_BYTES = 150
_NO_FILES = (
    Book("source", 1, 1),
    Book("filter", 1, 0, dropped={"filtered": 1}),
    Book("contract", 0, 0),
)


def main() -> int:
    """Plan, drive and publish, and print the costs; exit 1 if a bound is broken."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    files = "--no-files" not in sys.argv
    with tempfile.TemporaryDirectory() as folder:
        Drive(
            Path(folder) / "first", min(count, 20_000), files=files
        ).run()  # what is loaded for good
        before, began = peak_bytes(), time.perf_counter()
        measured = Drive(Path(folder) / "measured", count, files=files)
        worked_s = measured.run() - began
        taken, grown = time.perf_counter() - began, peak_bytes() - before
        again_s, objects, ledger_bytes = measured.read_again()
    print(f"{count:,} partitions: {worked_s:.1f} s, {1e3 * worked_s / count:.3f} ms each")
    print(f"committed, published and put on record: {taken - worked_s:.1f} s")
    print(f"driver memory grew by {grown / 1e6:.1f} MB, {grown / count:.1f} bytes each")
    print(f"ledger: {objects:,} objects, {ledger_bytes / count:.0f} bytes for each partition")
    print(f"the ledger is read again in {again_s:.1f} s, {1e3 * again_s / count:.3f} ms each")
    figures = {
        "ledger_bytes": ledger_bytes / count,
        "ledger_objects": float(objects),
        "resume_ms": 1e3 * again_s / count,
        "partition_ms": 1e3 * worked_s / count,
        "publish_ms": 1e3 * (taken - worked_s) / count,
        "partition_bytes": grown / count,
    }
    report({"ingest": figures})
    return int(worked_s / count > 1e-3 or grown / count > MOST_BYTES)


def slices(count: int) -> Iterator[Slice]:
    """Yield as many tiny inputs, one after the other."""
    for number in range(count):
        yield Slice(f"memory://inputs/{number:09d}.csv", 20_000, "1", bytes=20_000)


class Drive:
    """One run, as the driver works it, over so many partitions in a folder of its own."""

    def __init__(self, folder: Path, count: int, *, files: bool) -> None:
        self.count, self.files = count, files
        self.folder, self.store = folder, LocalStore(folder / "state")
        page = {
            "name": "million",
            "owner": "me@example.org",
            "description": "A file of a byte for each partition.",
            "source": {"type": "jsonl", "path": "in"},
            "sink": {
                "type": "jsonl", "path": str(folder / "out"), "write_disposition": "overwrite"
            },
        }  # fmt: skip
        self.job = Job.model_validate(page)
        self.staging = folder / ".ingest-out" / RUN
        self.staging.mkdir(parents=True)

    def run(self) -> float:
        """Run, and return the moment when all partitions were completed."""
        plan = self._plan()
        history, ledger = History(), Ledger(self.store, RUN)
        ledger.listen(history.see)
        ledger.begin(AttemptBegan())
        ledger.append(PlanFrozen(partitions=len(plan), seconds=0))
        execution, clock = Execution(), SystemClock()
        Loop(
            backlog=Backlog(plan, history, ledger.attempt, clock),
            workers=SimulatedWorkers(self._stage),
            ledger=ledger,
            history=history,
            policy=RetryPolicy(execution.retry, by_row=True),
            split=lambda _: (),
            contract=Contract(),
            execution=execution,
            clock=clock,
            stop=threading.Event(),
            status=Status(self.store, RUN, clock),
        ).run()
        assert history.totals.partitions == self.count, "every partition is completed"
        worked = time.perf_counter()
        run = Run(RUN, self.job, {}, ledger, history, resumed=False)
        commit(run, self.store, {"n": pl.Int64()}, effects_of(self.job, self.store))
        publish(run, self.store)
        Runs(self.store).write_receipt(RUN, receipt(self.job, RUN, {}, plan, history))
        return worked

    def read_again(self) -> tuple[float, int, int]:
        """Fold the ledger once more; return the seconds, and its objects and bytes."""
        began, history = time.perf_counter(), History()
        for event in Reader(self.store, RUN).events():
            history.see(event)
        took = time.perf_counter() - began
        assert history.totals.partitions == self.count, "what was recorded is what was completed"
        files = list((self.folder / "state" / "runs" / RUN / "ledger").iterdir())
        return took, len(files), sum(file.stat().st_size for file in files)

    def _plan(self) -> Plan:
        writer = PlanWriter(self.store, RUN)
        groups = pack(slices(self.count), 1)
        written = writer.write((partition_id(group), group) for group in groups)
        facts = PlanFacts(written, self.count, self.count * 20_000, "generated", {}, {})
        return writer.freeze(facts)

    def _stage(self, assignment: Assignment) -> Outcome:
        """Answer with a file of one byte that stands for a row, or with a row filtered out."""
        if not self.files:
            return Outcome(assignment.key, assignment.partition.id, _NO_FILES)
        name = f"1-{assignment.partition.index}-1-0.staged"
        with (self.staging / name).open("wb") as file:
            file.write(b"x")
        staged = Staged("main", 1, 1, {"name": name, "folder": "", "sha256": "0" * 64})
        books = (Book("source", 1, 1), Book("contract", 1, 1))
        return Outcome(assignment.key, assignment.partition.id, books, (staged,))


def peak_bytes() -> int:
    """Return this process's resident memory at its highest."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    sys.exit(main())
