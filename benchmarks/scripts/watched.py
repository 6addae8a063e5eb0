"""What it costs to be watched: `python -m benchmarks.scripts.watched --megabytes 200 --runs 5`.

A CSV job runs with everything on, and with nothing, in turns: metrics on a port that is scraped
each second, a push at the end, OpenLineage into a file, the log as JSON, and `ingest ui` that
follows the state with a browser on the run's list. What is compared is the CPU time of the run and
of its workers; the page is a process of its own. On a machine that does other work the two differ
by more than what is looked for, so the listeners are also timed alone, on made-up events.
"""

import argparse
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
    """Measure, and print what each listener takes, and the medians of runs."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--megabytes", type=int, default=200)
    options.add_argument("--runs", type=int, default=5)
    arguments = options.parse_args()
    for name, microseconds in listeners().items():
        print(f"{name:<16} {microseconds:>8.1f} us for each partition", flush=True)
    with tempfile.TemporaryDirectory(prefix="watched-") as name:
        folder = Path(name)
        write(folder, arguments.megabytes * 1_000_000 // FILE_BYTES)
        run(folder, {})  # compiles and fills caches
        pairs = []
        for _ in range(arguments.runs):
            alone = run(folder, {})
            with everything(folder) as environment:
                pairs.append((alone, run(folder, environment, "--log-format", "json")))
            print(f"alone {pairs[-1][0]:.2f} s, watched {pairs[-1][1]:.2f} s", flush=True)
    alone, watched = (statistics.median(times) for times in zip(*pairs, strict=True))
    extra = statistics.median(after - before for before, after in pairs)
    figures = {"alone_cpu_s": alone, "watched_cpu_s": watched, "extra_cpu_s": extra,
               "extra_percent": 100 * extra / alone}  # fmt: skip
    for name, value in figures.items():
        print(f"{name:<16} {value:>8.2f}")
    report({"watched": figures})


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
