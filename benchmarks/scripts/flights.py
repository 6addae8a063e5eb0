"""What the README's first command takes: `python -m benchmarks.scripts.flights --runs 7`.

Each run is a process of its own, with an output and a state of its own. `first_s` is from the start
of the process to the first completed partition, `whole_s` to its exit.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.scenario import REPOSITORY
from benchmarks.scripts.figures import report
from benchmarks.scripts.startup import timed


def run(place: Path) -> tuple[float, float]:
    """Run the job into a new folder; return when a partition was completed, and when all was."""
    command = [
        sys.executable, "-m", "ingest.run", "+job=flights", f"state={place}/state",
        f"sink.path={place}/out", "--json", "--progress", "log",
    ]  # fmt: skip
    first, whole, _ = timed(command, REPOSITORY, place / "state")
    return first, whole


def main() -> None:
    """Unpack the records, run, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    unpack = [sys.executable, "-m", "jobs.flights.unpack"]
    subprocess.run(unpack, check=True, cwd=REPOSITORY, stdout=subprocess.DEVNULL)
    taken = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            taken.append(run(Path(folder)))
    first, whole = map(statistics.median, zip(*taken, strict=True))
    print(f"first {first:.2f} s, whole {whole:.2f} s, n={runs}, load {os.getloadavg()[0]:.1f}")
    report({"ingest": {"first_s": first, "whole_s": whole}})


if __name__ == "__main__":
    main()
