"""Works each partition as our workers do and as bare Polars does, turn about: a process of its own.

`python -m benchmarks.gate.child FOLDER ROUNDS` takes what `measure` has put into the folder, and
prints the processor seconds of each, by name and who; instructions are counted if Valgrind runs it.
"""

import gc
import json
import os
import pickle
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.update(POLARS_MAX_THREADS="1", OMP_NUM_THREADS="1")  # before Polars is imported

import pyarrow as pa

from benchmarks.gate import bare
from benchmarks.gate.instructions import Counter
from benchmarks.gate.measure import Work
from ingest.core.partition import Assignment

OURS, BARE = "ours", "bare"


def main() -> None:
    """Work all that is asked for; nothing is counted of the first time, which imports things."""
    folder, rounds = Path(sys.argv[1]), int(sys.argv[2])
    pa.set_cpu_count(1)
    works: dict[str, Work] = pickle.loads((folder / "works").read_bytes())  # noqa: S301 - ours
    counter = Counter() if "VALGRIND" in os.environ else None
    seconds: dict[str, list[float]] = {}
    for name, work in works.items():
        runs: dict[str, Callable[[], bare.Rows]] = {
            OURS: Ours(work),
            BARE: Bare(name, work, folder),
        }
        rows = {who: run() for who, run in runs.items()}
        if rows[OURS] != rows[BARE]:
            raise SystemExit(f"{name}: rows good and bad differ: {rows}")
        for _ in range(rounds):
            for who, run in runs.items():
                taken = _measured(run, f"{name}.{who}", counter)
                seconds.setdefault(f"{name}.{who}", []).append(taken)
    print(json.dumps(seconds))


class Ours:
    """Our path of a partition."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._tries = 0

    def __call__(self) -> bare.Rows:
        """Work the partition once; what it staged is removed when the next begins."""
        task = self._work.task
        for sink in (task.sink, task.quarantine):
            sink.discard(task.context.run_id)
        self._tries += 1
        outcome = task(Assignment(self._work.partition, 1, self._tries))
        if outcome.failure:
            raise SystemExit(f"{outcome.failure.message}\n{outcome.failure.traceback}")
        rows = {"main": 0, "quarantine": 0}
        for staged in outcome.staged:
            rows[staged.output] += staged.rows
        return rows["main"], rows["quarantine"]


class Bare:
    """Bare Polars with the same file."""

    def __init__(self, name: str, work: Work, folder: Path) -> None:
        self._file, self._folder = Path(work.partition.slices[0].uri), folder
        self._run = bare.WORK[name]

    def __call__(self) -> bare.Rows:
        """Work the file once."""
        return self._run(self._file, self._folder)


def _measured(run: Callable[[], bare.Rows], name: str, counter: Counter | None) -> float:
    gc.collect()
    began = time.process_time()
    if counter:
        counter.start()
    run()
    if counter:
        counter.stop(name)
    return time.process_time() - began


if __name__ == "__main__":
    main()
