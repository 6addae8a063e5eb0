"""Measures the time to the first settled partition: our pool against a bare Ray Data actor pool.

Run `python -m benchmarks.first_result --runs 5`. Each run is a fresh process, from before Ray is
imported until the first outcome is in the driver's hands; the two take turns, so that a loaded
machine is unfair to neither. Prints the medians and their ratio, which is to be at most 1.3.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

WORKERS = 2
LIMIT = 1.3


@dataclass(frozen=True)
class Nothing:
    """A task that does nothing; what is left is the price of the framework."""

    def __call__(self, assignment: Any) -> Any:
        """Say that it is done."""
        from ingest.core.outcome import Outcome  # noqa: PLC0415 - not in the bare contender

        return Outcome(assignment.key, assignment.partition.id)


class Same:
    """The bare contender's worker."""

    def __call__(self, block: Any) -> Any:
        """Return what came in."""
        return block


def ours() -> None:
    """Start the pool and wait for the first of 100 outcomes."""
    from benchmarks.first_result import Nothing as Task  # noqa: PLC0415 - importable by the workers
    from ingest.core.partition import Assignment, Partition, Slice  # noqa: PLC0415
    from ingest.workers.ray_data import RayDataWorkers  # noqa: PLC0415

    workers = RayDataWorkers(workers=WORKERS)
    workers.start(Task())
    piece = Slice("file:///x", size=1, version="1", bytes=1 << 26)
    workers.submit([Assignment(Partition(n, f"{n:016x}", (piece,)), 1, 1) for n in range(100)])
    while not workers.results(1.0):
        pass
    _report()
    workers.close()


def bare() -> None:
    """Do as the documentation of Ray Data does, with as many workers and blocks."""
    import ray  # noqa: PLC0415
    import ray.data  # noqa: PLC0415

    ray.init(
        address="local",
        num_cpus=WORKERS,
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=1 << 28,
    )
    compute = ray.data.ActorPoolStrategy(size=WORKERS)
    items = ray.data.from_items(list(range(100)), override_num_blocks=100)
    data = items.map_batches(Same, batch_size=None, batch_format="pyarrow", compute=compute)
    next(iter(data.iter_batches(batch_size=None, prefetch_batches=0)))
    _report()


def measure(which: str) -> float:
    """Run one contender in a process of its own; return seconds to its first result."""
    began = time.time()
    command = [sys.executable, "-m", "benchmarks.first_result", "--only", which]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    first = next(line for line in done.stdout.splitlines() if line.startswith("first "))
    return float(first.split()[1]) - began


def main() -> None:
    """Take turns, and print medians, ranges, load and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", choices=["ours", "bare"])
    options = parser.parse_args()
    if options.only:
        (ours if options.only == "ours" else bare)()
        return
    times: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(options.runs):
        for which, taken in times.items():
            taken.append(measure(which))
    for which, taken in times.items():
        median, low, high = statistics.median(taken), min(taken), max(taken)
        print(
            f"{which}: first result after {median:.1f} s ({low:.1f} to {high:.1f}), n={len(taken)}"
        )
    ratio = statistics.median(times["ours"]) / statistics.median(times["bare"])
    verdict = "within" if ratio <= LIMIT else "above"
    print(f"ratio {ratio:.2f}, {verdict} {LIMIT}; load {os.getloadavg()[0]:.1f}")


def _report() -> None:
    print(f"first {time.time()}", flush=True)


if __name__ == "__main__":
    main()
