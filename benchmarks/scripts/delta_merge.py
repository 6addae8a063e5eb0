"""Merging into a Delta table: a process of its own beside the Delta library's `merge` in this one.

    python -m benchmarks.scripts.delta_merge --table 5000000 --run 100000

Prints seconds, and how much memory the driver and the process that reads the rows took at most.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import polars as pl
import psutil
from deltalake import DeltaTable

from ingest.core.types import schema_to_json
from ingest.sinks.base import Delivery
from ingest.sinks.delta import Delta

FILE_ROWS = 500_000


def main() -> int:
    """Measure both ways, each in a process of its own."""
    parser = argparse.ArgumentParser(description="Measure merging into a Delta table.")
    parser.add_argument("--table", type=int, default=5_000_000, help="rows of the table")
    parser.add_argument("--run", type=int, default=100_000, help="rows of the run")
    parser.add_argument("--spread", action="store_true", help="keys of the run are in all files")
    parser.add_argument("--way", choices=("ingest", "library"), help="only this, in this process")
    options = parser.parse_args()
    if options.way is None:
        for way in ("ingest", "library"):
            words = [sys.executable, "-m", "benchmarks.scripts.delta_merge", *sys.argv[1:]]
            subprocess.run([*words, "--way", way], check=True)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "t"))
        _made(path, options.table)
        rows = _rows(options.run, options.table // options.run if options.spread else 1)
        sink = _sink(path, "merge")
        lines = _prepared(sink, rows, 10**9)
        del rows
        memory, began = Memory(), time.perf_counter()
        if options.way == "ingest":
            published = sink.publish(lines)
            told = f"{published.updated:,} updated, {published.inserted:,} inserted"
        else:
            told = _by_library(path, [line["add"] for line in lines if "add" in line])
        seconds = time.perf_counter() - began
        grown, other = memory.ended()
        print(
            f"{options.way}: {seconds:.1f} s, this process grew by {grown:.0f} MB, the other took "
            f"{other:.0f} MB at most; {told}"
        )
    return 0


def _rows(count: int, step: int) -> pl.DataFrame:
    ids = pl.int_range(0, count * step, step, dtype=pl.Int64, eager=True)
    return pl.DataFrame({"id": ids, "text": "x" * 40 + ids.cast(pl.String), "n": ids * 0.5})


def _made(path: str, rows: int) -> None:
    """Make a table, half a million rows at a time: this process is not to remember its size."""
    for number in range(0, rows, FILE_ROWS):
        sink = _sink(path, "append")
        some = _rows(FILE_ROWS, 1).with_columns(pl.col("id") + number)
        sink.publish(_prepared(sink, some, number))


def _sink(path: str, disposition: str) -> Delta:
    page = {"type": "delta", "path": path, "write_disposition": disposition}
    return Delta.model_validate(page | ({"primary_key": ["id"]} if disposition == "merge" else {}))


def _prepared(sink: Delta, rows: pl.DataFrame, number: int) -> list:  # type: ignore[type-arg]
    run_id = f"20260101t{number:06}-aaaaaa"
    staged = [(0, each) for each in sink.stage(rows, run_id, "1-0-1")]
    delivery = Delivery(run_id, "main", "bench", "me", schema_to_json(rows.schema))
    return list(sink.prepare(staged, delivery))


def _by_library(path: str, files: list[str]) -> str:
    source = pl.concat(pl.read_parquet(Path(path, file)) for file in files)
    merger = DeltaTable(path).merge(
        source, "t.id = s.id", source_alias="s", target_alias="t", streamed_exec=True
    )
    told = merger.when_matched_update_all().when_not_matched_insert_all().execute()
    return f"{told['num_target_rows_updated']:,} updated, {told['num_target_rows_inserted']:,} new"


class Memory:
    """How much this process grows, and how large those get that it has started, in MB."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._before = self._process.memory_info().rss
        self._grown = self._other = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def ended(self) -> tuple[float, float]:
        """Stop watching, and return both."""
        self._over.set()
        self._thread.join()
        return self._grown / 1e6, self._other / 1e6

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self._grown = max(self._grown, self._process.memory_info().rss - self._before)
            for child in self._process.children():
                self._other = max(self._other, child.memory_info().rss)


if __name__ == "__main__":
    sys.exit(main())
