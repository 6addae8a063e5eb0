"""What the README's first command takes: `python -m benchmarks.scripts.flights --runs 7`.

Each run is a process of its own, with an output and a state of its own. `first_s` is from the start
of the process to the first completed partition, `whole_s` to its exit.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.contenders import environment
from benchmarks.ours import read_run
from benchmarks.scenario import REPOSITORY
from benchmarks.scripts.figures import report


def run(place: Path) -> tuple[float, float]:
    """Run the job into a new folder; return when a partition was completed, and when all was."""
    began = time.time()
    done = subprocess.run(
        [
            sys.executable, "-m", "ingest.run", "+job=flights", f"state={place}/state",
            f"sink.path={place}/out", "--json", "--progress", "log",
        ],
        capture_output=True, text=True, check=False, timeout=300, cwd=REPOSITORY, env=environment(),
    )  # fmt: skip
    ended = time.time()
    if done.returncode:
        raise SystemExit(f"exit code {done.returncode}: {done.stderr[-2000:]}")
    receipt = json.loads(done.stdout.splitlines()[-1])
    return read_run(place / "state" / "runs" / receipt["run_id"]).first - began, ended - began


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
