"""What it costs to be watched: `python -m benchmarks.scripts.watched --megabytes 32 400 --runs 9`.

A CSV job runs with everything on, and with nothing, in turns: metrics on a port that is scraped
each second, a push at the end, OpenLineage into a file, the log as JSON, and `ingest ui` that
follows the state with a browser on the run's list. What is compared is the CPU time of the run and
of its workers; the page is a process of its own. 32 MB are as much as the job flights reads, 400 a
run of some ten seconds. The verdict is that of the interval which has the median with 95 % of
certainty: the target is met if all of it is below 2 %, and missed if none of it is. Where it is
undecided the machine is not quiet, or the runs are too few. The listeners are also timed alone, on
made-up events.
"""

import argparse
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.scripts.figures import report
from benchmarks.scripts.recorded import Recorded, now
from ingest.core.clock import SystemClock
from ingest.records.history import History, Listener
from ingest.storage.objects import LocalStore
from ingest.watch.logs import JsonLog
from ingest.watch.metrics.serving import serving
from ingest.watch.snapshots import Keeper

INGEST = str(Path(sys.executable).with_name("ingest"))
METRICS, PAGE = 8281, 8282
FILE_BYTES, PARTITIONS = 4_000_000, 5_000
ALLOWED = 2.0
"""How many percent of CPU time being watched may take."""
JOB = """# @package _global_
# Sales, to be counted.
name: sales
owner: bench@example.org
description: Sales, to be counted.
source: {type: csv, path: "in/*.csv", columns: {id: int64, price: float64, at: timestamp}}
transforms:
  - {type: filter, where: "price > 1"}
  - {type: derive, columns: {tax: "price * 0.19"}}
contract: {checks: [{type: range, column: price, min: 0, max: 990}], on_error: quarantine}
sink: {type: parquet, path: out, write_disposition: overwrite}
cluster: {type: processes}
execution: {partition_bytes: 4000000}
"""


class Gateway(BaseHTTPRequestHandler):
    """Takes what is pushed."""

    def do_PUT(self) -> None:
        """Read it and say that it is well."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Measure, and print what each listener takes, and for each size the figures and a verdict."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--megabytes", type=int, nargs="+", default=[32, 400])
    options.add_argument("--runs", type=int, default=9, help="pairs of runs for each size")
    arguments = options.parse_args()
    for name, microseconds in listeners().items():
        print(f"{name:<16} {microseconds:>8.1f} us for each partition", flush=True)
    figures = {}
    for megabytes in arguments.megabytes:
        with tempfile.TemporaryDirectory(prefix="watched-") as name:
            folder = Path(name)
            write(folder, megabytes * 1_000_000 // FILE_BYTES)
            pairs = list(compared(folder, arguments.runs))
        figures[f"watched_{megabytes}"] = told = judged(pairs)
        print(f"\n{megabytes} MB, {len(pairs)} pairs: {verdict(told)}")
        for what, value in told.items():
            print(f"  {what:<16} {value:>8.2f}")
    report(figures)


def compared(folder: Path, runs: int) -> Iterator[tuple[float, float]]:
    """Yield the CPU-seconds of a run alone and of one that is watched, so many times."""
    run(folder, {})  # compiles and fills caches
    for number in range(runs):
        times = {}
        for watched in (False, True) if number % 2 else (True, False):
            with everything(folder) if watched else nobody() as environment:
                words = ("--log-format", "json") if watched else ()
                times[watched] = run(folder, environment, *words)
        print(f"alone {times[False]:.2f} s, watched {times[True]:.2f} s", flush=True)
        yield times[False], times[True]


@contextmanager
def nobody() -> Iterator[dict[str, str]]:
    """Have no watcher there."""
    yield {}


def judged(pairs: list[tuple[float, float]]) -> dict[str, float]:
    """Return the medians, and between what the extra cost lies, in percent of a run alone."""
    alone = statistics.median(pair[0] for pair in pairs)
    extra = sorted(watched - before for before, watched in pairs)
    low, high = (100 * extra[place] / alone for place in interval(len(extra)))
    middle = statistics.median(extra)
    return {
        "alone_cpu_s": alone, "extra_cpu_s": middle, "extra_percent": 100 * middle / alone,
        "at_least_percent": low, "at_most_percent": high,
        "noise_cpu_s": statistics.pstdev([pair[0] for pair in pairs]),
    }  # fmt: skip


def interval(count: int) -> tuple[int, int]:
    """Return the places of two of so many sorted values that have the median between them.

    With a certainty of 95 %, if there are six or more: by the binomial distribution, whatever the
    values are distributed like.
    """
    outside = least = 0
    for place in range(count // 2):
        outside += 2 * math.comb(count, place)
        if outside > 0.05 * 2**count:
            break
        least = place
    return least, count - 1 - least


def verdict(told: dict[str, float]) -> str:
    """Say whether being watched costs at most `ALLOWED` percent."""
    between = f"{told['at_least_percent']:.1f} to {told['at_most_percent']:.1f} % more"
    if told["at_most_percent"] <= ALLOWED:
        return f"met: {between}, {ALLOWED:g} % are allowed"
    if told["at_least_percent"] > ALLOWED:
        return f"MISSED: {between}, {ALLOWED:g} % are allowed"
    return f"undecided: {between}, {ALLOWED:g} % are allowed. Run it on a quiet machine"


def listeners() -> dict[str, float]:
    """Return how many microseconds of CPU time each listener takes for a partition."""
    run = Recorded("sales", now(), partitions=PARTITIONS, rejecting=97)
    with tempfile.TemporaryDirectory() as name, Path(os.devnull).open("w") as nowhere:
        store = LocalStore(Path(name))
        made: dict[str, Callable[[], Listener]] = {
            "nobody": lambda: lambda _event, _history: None,
            "log as JSON": lambda: JsonLog(nowhere),
            "snapshots": lambda: Keeper(store, run.run_id, SystemClock()),
        }
        times = {name: min(_listened(make(), run) for _ in range(5)) for name, make in made.items()}
        with serving({"INGEST_METRICS_PORT": str(METRICS)}) as (metrics,):
            times["metrics"] = min(_listened(metrics, run) for _ in range(5))
    nobody = times.pop("nobody")
    return {name: 1e6 * (seconds - nobody) / PARTITIONS for name, seconds in times.items()}


def _listened(listener: Listener, run: Recorded) -> float:
    """Return how much CPU time a run takes, folded by its driver, with one listener."""
    events, history = list(run.events()), History()
    began = time.process_time()
    for event in events:
        history.see(event)
        listener(event, history)
    return time.process_time() - began


def write(folder: Path, files: int) -> None:
    """Write the job and its input."""
    (folder / "conf/job").mkdir(parents=True)
    (folder / "conf/job/sales.yaml").write_text(JOB)
    (folder / "in").mkdir()
    random, rows = np.random.default_rng(1), FILE_BYTES // 48
    at = pl.Series(np.arange(rows) * 1_000_000).cast(pl.Datetime("us"))
    for number in range(files):
        prices = random.random(rows) * 1000
        table = pl.DataFrame({"id": np.arange(rows) + number * rows, "price": prices, "at": at})
        table.write_csv(folder / f"in/{number:05}.csv")


def run(folder: Path, environment: dict[str, str], *words: str) -> float:
    """Run the job; return the CPU-seconds of its process and workers."""
    before = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    command = [INGEST, "run", "sales", *words]
    subprocess.run(
        command, cwd=folder, check=True, env={**os.environ, **environment},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - before


@contextmanager
def everything(folder: Path) -> Iterator[dict[str, str]]:
    """Have all kinds of watchers there; yield the environment of a run that they watch.

    The page ends after the run was measured: it is a child of this process, too.
    """
    gateway = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    threading.Thread(target=gateway.serve_forever, daemon=True).start()
    stop = threading.Event()
    page = subprocess.Popen([INGEST, "ui", "--port", str(PAGE)], cwd=folder, stdout=subprocess.PIPE)
    assert page.stdout is not None
    page.stdout.readline()
    looker = threading.Thread(target=look, args=(stop,), daemon=True)
    looker.start()
    lineage = folder / "lineage.jsonl"
    try:
        yield {
            "INGEST_METRICS_PORT": str(METRICS),
            "INGEST_PUSHGATEWAY": f"127.0.0.1:{gateway.server_port}",
            "OPENLINEAGE__TRANSPORT__TYPE": "file",
            "OPENLINEAGE__TRANSPORT__LOG_FILE_PATH": str(lineage),
            "OPENLINEAGE__TRANSPORT__APPEND": "true",
        }
        assert lineage.stat().st_size, "no lineage was written"
    finally:
        stop.set()
        looker.join()
        page.terminate()
        page.wait()
        gateway.shutdown()


def look(stop: threading.Event) -> None:
    """Ask for the metrics and the page once a second, as Prometheus and a browser do."""
    while not stop.is_set():
        for port, path in ((METRICS, "/metrics"), (PAGE, "/")):
            with (
                suppress(OSError),
                urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer,
            ):
                answer.read()
        time.sleep(1.0)


if __name__ == "__main__":
    main()
