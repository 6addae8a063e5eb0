"""What our path of a partition costs, for each that bare Polars costs: by instructions, or time."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from benchmarks.gate import inputs, instructions
from ingest.config.load import load
from ingest.core.errors import FatalError
from ingest.core.partition import Partition
from ingest.driver.planning import draft
from ingest.driver.tasks import context_of, task_of
from ingest.driver.unused import without_unused
from ingest.job import Job
from ingest.work.task import PartitionTask

By = Literal["instructions", "cpu"]
Ratios = dict[str, float]

ROOT = Path(__file__).parents[2]
MAKE: dict[str, Callable[[Path, int], None]] = {
    "taxi": inputs.taxi,
    "csv": inputs.csv,
    "jsonl": inputs.jsonl,
}
ROWS: dict[By, dict[str, int]] = {
    "instructions": {"taxi": 60_000, "csv": 30_000, "jsonl": 8_000},
    "cpu": {"taxi": 500_000, "csv": 250_000, "jsonl": 60_000},
}
"""How much is worked: 2 to 5 MB where Valgrind makes it fifty times as slow, else 30 to 40 MB."""
ROUNDS: dict[By, int] = {"instructions": 1, "cpu": 9}


@dataclass(frozen=True, slots=True)
class Work:
    """A partition, and what our workers do to it."""

    task: PartitionTask
    partition: Partition


def measure(
    by: By, folder: Path, rows: dict[str, int] | None = None, changes: Sequence[str] = ()
) -> Ratios:
    """Return for each workload how many times as much our path costs as bare Polars.

    `rows` are the workloads and their size; `changes` are settings of our jobs.

    Raises:
        FatalError: they did not come to the same rows, or could not be worked.
    """
    works = {
        name: prepare(name, number, folder, changes) for name, number in (rows or ROWS[by]).items()
    }
    (folder / "works").write_bytes(pickle.dumps(works))
    out = folder / "counts"
    before = instructions.command(out) if by == "instructions" else []
    done = subprocess.run(
        [*before, sys.executable, "-m", "benchmarks.gate.child", str(folder), str(ROUNDS[by])],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0", **({"VALGRIND": "1"} if before else {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise FatalError(f"benchmarks.gate: the partitions could not be worked: {done.stderr}")
    costs: dict[str, float]
    if by == "instructions":
        costs = {name: float(count) for name, count in instructions.counts(out).items()}
    else:
        seconds = json.loads(done.stdout.splitlines()[-1])
        costs = {name: min(taken) for name, taken in seconds.items()}
    return {name: costs[f"{name}.ours"] / costs[f"{name}.bare"] for name in works}


def prepare(
    name: str,
    rows: int,
    folder: Path,
    changes: Sequence[str] = (),
    make: Callable[[Path, int], None] | None = None,
) -> Work:
    """Make the input, as usual or by `make`, and plan our job with it as one partition."""
    file = folder / f"{name}.{'parquet' if name == 'taxi' else name}"
    (make or MAKE[name])(file, rows)
    settings = [f"+job={name}", f"source.path={file}", f"sink.path={folder}/{name}", *changes]
    loaded = load(Job, ROOT / "benchmarks" / "conf", settings)
    whole = loaded.job.execution.model_copy(update={"partition_bytes": 1 << 40})
    job = loaded.job.model_copy(update={"execution": whole})
    context = context_of(job, "gate", datetime(2026, 1, 1, tzinfo=UTC))
    drafted = draft(job, context, loaded.place, workers=1)
    pieces = [piece for _, slices in drafted.partitions for piece in slices]
    task = task_of(job, without_unused(job, drafted.flow), context)
    return Work(task, Partition(0, "gate", tuple(pieces)))
