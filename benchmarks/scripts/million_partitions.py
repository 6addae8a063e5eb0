"""What planning and driving cost: `python -m benchmarks.scripts.million_partitions [N]`.

Over a million generated tiny partitions and simulated workers: nothing but the driver works.
Bounds: 100 bytes of driver memory and 1 ms for each partition.
"""

import resource
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.scripts.figures import report
from ingest.checks.contract import Contract
from ingest.core.clock import SystemClock
from ingest.core.partition import Slice, partition_id
from ingest.driver.backlog import Backlog
from ingest.driver.loop import Loop
from ingest.driver.planning import pack
from ingest.driver.retry import RetryPolicy
from ingest.execution import Execution
from ingest.records.events import AttemptBegan, PlanFrozen
from ingest.records.history import History
from ingest.records.ledger import Ledger
from ingest.records.plans import PlanFacts, PlanWriter
from ingest.storage.objects import LocalStore
from ingest.testing.workers import SimulatedWorkers


def main() -> int:
    """Plan and drive, and print both costs; exit 1 if a bound is broken."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        drive(LocalStore(Path(folder)), min(count, 20_000))  # what the first run loads for good
        before, began = peak_bytes(), time.perf_counter()
        drive(LocalStore(Path(folder) / "measured"), count)
        taken, grown = time.perf_counter() - began, peak_bytes() - before
    print(f"{count:,} partitions: {taken:.1f} s, {1e3 * taken / count:.3f} ms each")
    print(f"driver memory grew by {grown / 1e6:.1f} MB, {grown / count:.1f} bytes each")
    figures = {"partition_ms": 1e3 * taken / count, "partition_bytes": grown / count}
    report({"ingest": figures})
    return int(taken / count > 1e-3 or grown / count > 100)


def slices(count: int) -> Iterator[Slice]:
    """Yield as many tiny inputs, one after the other."""
    for number in range(count):
        yield Slice(f"memory://inputs/{number:09d}.csv", 20_000, "1", bytes=20_000)


def drive(store: LocalStore, count: int) -> None:
    """Plan, then settle everything."""
    writer = PlanWriter(store, "r")
    written = writer.write((partition_id(group), group) for group in pack(slices(count), 1))
    plan = writer.freeze(PlanFacts(written, count, count * 20_000, "generated", {}, {}))
    history = History()
    ledger = Ledger(store, "r")
    ledger.listen(history.see)
    ledger.begin(AttemptBegan())
    ledger.append(PlanFrozen(partitions=written, seconds=0))
    execution, clock = Execution(), SystemClock()
    Loop(
        backlog=Backlog(plan, history, ledger.attempt, clock),
        workers=SimulatedWorkers(),
        ledger=ledger,
        history=history,
        policy=RetryPolicy(execution.retry, by_row=True),
        split=lambda _: (),
        contract=Contract(),
        execution=execution,
        clock=clock,
        stop=threading.Event(),
    ).run()
    assert history.totals.partitions == count, "every partition is settled"


def peak_bytes() -> int:
    """Return this process's resident memory at its highest."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    sys.exit(main())
