"""What it costs to find poison: `python -m benchmarks.scripts.poison [ROWS]`, else 10 million.

One job is run twice on a local Ray, without and with three poison rows: one raises, one segfaults,
one allocates without end. Prints both times and the difference, and exits with 1 if that is over
60 s, if other rows than these three are in quarantine, or if one of the rest is not published.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from benchmarks.scripts.figures import report

JOB = """# @package _global_
# Rows, some of which are poison.
name: poison
owner: bench@example.org
description: What it costs to find poison rows.
source: {type: csv, path: in, columns: {id: int64, fate: string}}
transforms:
  - {type: python, function: "functions:suffer", row_wise: true}
contract: {on_error: quarantine, max_errors: 3}
sink: {type: parquet, path: out, write_disposition: append}
execution: {max_memory: 4GiB, partition_bytes: 33554432}
"""
FUNCTIONS = "from tests.injectors.poison import suffer\n"
FILES = 4
LIMIT_S = 60.0


def main() -> int:
    """Run without and with poison, compare, and print the cost."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    size = rows // FILES
    fates = {size // 2: "raise", size + 1: "segfault", rows - 1: "allocate"}
    clean = worked(rows, {})
    cost = worked(rows, fates) - clean
    print(f"finding {len(fates)} of {rows:,} rows cost {cost:.1f} s, {LIMIT_S:g} s are allowed")
    report({"clean": {"whole_s": clean}, "poisoned": {"whole_s": clean + cost, "finding_s": cost}})
    return int(cost > LIMIT_S)


def worked(rows: int, fates: Mapping[int, str]) -> float:
    """Return how many seconds the job takes, after checking what it made."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        write(base, rows, fates)
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "ingest.run", "+job=poison", "--progress", "log"],
            cwd=base,
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
            check=True,
            stdout=subprocess.DEVNULL,
        )
        taken = time.perf_counter() - began
        check(base, rows, fates)
    print(f"{rows:,} rows with {len(fates)} poison rows: {taken:.1f} s")
    return taken


def write(base: Path, rows: int, fates: Mapping[int, str]) -> None:
    """Write the job and its input, in several files."""
    for name in ("conf/job", "jobs/poison", "in"):
        (base / name).mkdir(parents=True)
    (base / "conf/job/poison.yaml").write_text(JOB)
    (base / "jobs/poison/functions.py").write_text(FUNCTIONS)
    size = rows // FILES
    for number in range(FILES):
        last = rows if number == FILES - 1 else (number + 1) * size
        ids = pl.int_range(number * size, last, eager=True).alias("id")
        fate = ids.replace_strict(fates, default="live", return_dtype=pl.String).alias("fate")
        pl.DataFrame([ids, fate]).write_csv(base / f"in/{number}.csv")


def check(base: Path, rows: int, fates: Mapping[int, str]) -> None:
    """Assert that the poison rows are in quarantine with their places, and the rest published."""
    published = pl.scan_parquet(base / "out/**/*.parquet").select(
        rows=pl.len(), each=pl.col("id").n_unique(), total=pl.col("id").sum()
    )
    total = rows * (rows - 1) // 2 - sum(fates)
    assert published.collect().row(0) == (rows - len(fates),) * 2 + (total,), "all the rest"
    if not fates:
        return
    found = pl.read_parquet(base / "out_quarantine/**/*.parquet").sort("file", "line")
    size = rows // FILES
    files = [min(row // size, FILES - 1) for row in sorted(fates)]
    places = [
        (f"{file}.csv", row - file * size + 2)
        for file, row in zip(files, sorted(fates), strict=True)
    ]
    rejected = found.select(pl.col("file").str.split("/").list.last(), "line").rows()
    assert rejected == places, f"{rejected}, expected {places}"
    print(pl.Series(found["reason"]).to_list())


if __name__ == "__main__":
    sys.exit(main())
