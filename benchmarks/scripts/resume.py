"""What a kill and a resume cost: `python -m benchmarks.scripts.resume`.

A job over CSV (`--rows`) is run whole; then again, its driver killed (SIGKILL) when a quarter, half
and three quarters (`--shares`) of its partitions are settled, and resumed. Printed are the
medians of how long both attempts take together, against the whole run, and which share of the whole
run's bytes the second attempt works: what is settled is never worked again, so that only what was
out is worked twice.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.scripts.figures import report

FILES = 20
PARTITION_BYTES = 2 * 1024 * 1024
WORKERS = os.cpu_count() or 1
JOB = """# @package _global_
name: resumed
owner: bench@example.org
description: Typed, filtered and derived rows, for the price of a resume.
source: {{type: csv, path: {place}/in}}
transforms:
  - {{type: filter, where: "amount > 5"}}
  - {{type: derive, columns: {{gross: "amount * 1.19", code: "upper(name)"}}}}
contract:
  columns: {{id: int64, amount: float64, day: date}}
sink: {{type: parquet, path: {place}/out, write_disposition: overwrite}}
execution: {{partition_bytes: {bytes}}}
cluster: {{type: {cluster}}}
state: {place}/state
"""


@dataclass(frozen=True)
class Attempt:
    """One process: how long it ran, and the bytes of the partitions that it settled."""

    seconds: float
    settled: int
    bytes: int


def write_input(place: Path, rows: int) -> None:
    """Write files of random rows, the same each time."""
    dice = np.random.default_rng(7)
    (place / "in").mkdir()
    for number in range(FILES):
        count = rows // FILES
        ids = np.arange(count) + number * count
        pl.DataFrame(
            {
                "id": ids,
                "name": pl.Series(ids % 9973).cast(pl.String) + "-customer",
                "amount": dice.random(count).round(4) * 100,
                "day": pl.repeat("2013-05-17", count, eager=True),
            }
        ).write_csv(place / "in" / f"{number:02d}.csv")


def attempt(place: Path, kill_at: float | None = None) -> Attempt:
    """Run the job until it ends, or until this share of its partitions is settled."""
    command = [
        sys.executable, "-m", "ingest.run", "--conf", str(place / "conf"), "+job=resumed",
        "--progress", "json",
    ]  # fmt: skip
    began = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    planned = settled = volume = 0
    for event in _events(process):
        planned = event.get("partitions", planned)
        if event["event"] == "settled":
            settled += 1
            volume += event["outcome"]["bytes"]
            if kill_at is not None and settled >= kill_at * planned:
                process.send_signal(signal.SIGKILL)
                break
    process.communicate()
    if kill_at is None and process.returncode:
        raise SystemExit(f"the run ended with exit code {process.returncode}")
    return Attempt(time.perf_counter() - began, settled, volume)


def _events(process: "subprocess.Popen[str]") -> Iterator[dict[str, Any]]:
    assert process.stderr is not None, "it is a pipe"
    for line in process.stderr:
        if line.startswith("{"):
            yield json.loads(line)


def published(place: Path) -> tuple[int, float]:
    """Return the rows and a sum of what is published, to tell two outputs apart."""
    frame = pl.scan_parquet(str(place / "out" / "*.parquet"))
    return frame.select(pl.len(), pl.col("id").sum()).collect().row(0)


def main() -> int:
    """Print the table; exit 1 if an output differs from the whole run's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--cluster", choices=["processes", "local", "inline"], default="local")
    parser.add_argument("--shares", type=float, nargs="+", default=[0.25, 0.5, 0.75])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_input(place, options.rows)
        (place / "conf" / "job").mkdir(parents=True)
        text = JOB.format(place=place, bytes=PARTITION_BYTES, cluster=options.cluster)
        (place / "conf" / "job" / "resumed.yaml").write_text(text)
        whole = [attempt(place) for _ in range(options.runs)]
        expected, seconds = published(place), statistics.median(each.seconds for each in whole)
        print(
            f"whole: {whole[0].settled} partitions, {seconds:.1f} s, load {os.getloadavg()[0]:.1f}"
        )
        print("killed at   both attempts   overhead   second attempt's work")
        figures = {"whole": {"whole_s": seconds, "worked_bytes": float(whole[0].bytes)}}
        for share in options.shares:
            pairs = [(attempt(place, share), attempt(place)) for _ in range(options.runs)]
            if published(place) != expected:
                print(f"{share:.0%}: the output is another one")
                return 1
            both = statistics.median(one.seconds + two.seconds for one, two in pairs)
            again = statistics.median(two.bytes / whole[0].bytes for _, two in pairs)
            print(f"{share:9.0%}   {both:11.1f} s   {both / seconds - 1:8.0%}   {again:21.0%}")
            in_hand = (WORKERS - 1) * PARTITION_BYTES  # of the others when one settled: all lost
            worked = statistics.median(one.bytes + in_hand + two.bytes for one, two in pairs)
            figures[f"killed_{share:.0%}"] = {"whole_s": both, "worked_bytes": worked}
    report(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
