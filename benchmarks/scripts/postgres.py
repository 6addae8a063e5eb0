"""Parquet to PostgreSQL, beside `COPY` from psql of the same rows as CSV, in turn.

    python -m benchmarks.scripts.postgres --port 5432 --rows 5000000 --rounds 2

Needs a server on this machine that lets in `postgres` without a password, and psql.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

PARTS = 8
_JOB = """# @package _global_
# Rows to be copied.
name: copy
owner: bench@example.org
description: Rows to be copied.
source: {type: parquet, path: rows/}
sink: {type: postgres, connection: here, table: public.ours, write_disposition: append}
cluster: {type: processes}
"""
_CONNECTION = """# The server of the benchmark.
type: postgres
host: 127.0.0.1
port: PORT
database: postgres
user: postgres
sslmode: disable
"""
_TABLE = "(id bigint, customer integer, day date, at timestamp, amount numeric(12,2), note text)"


def rows(start: int, count: int) -> pl.DataFrame:
    """Return some rows of several types, about 60 bytes each."""
    number = pl.int_range(start, start + count, eager=True)
    return pl.DataFrame({"id": number}).select(
        "id",
        (pl.col("id") * 7919 % 100_003).cast(pl.Int32).alias("customer"),
        (pl.date(2020, 1, 1) + pl.duration(days=pl.col("id") % 2000)).alias("day"),
        (pl.datetime(2020, 1, 1) + pl.duration(seconds=pl.col("id"))).alias("at"),
        (pl.col("id") % 1_000_000).cast(pl.Decimal(12, 2)).alias("amount"),
        pl.format("order {} of the shop", pl.col("id")).alias("note"),
    )


def main() -> None:
    """Measure, and print a line for each round."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=5432)
    options.add_argument("--rows", type=int, default=5_000_000)
    options.add_argument("--rounds", type=int, default=2)
    told = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ingest-bench-"))
    try:
        _write(folder, told.rows, told.port)
        psql = ["psql", "-h", "127.0.0.1", "-p", str(told.port), "-U", "postgres", "-qc"]
        for _ in range(told.rounds):
            _run([*psql, "DROP TABLE IF EXISTS public.theirs, public.ours"], folder)
            _run([*psql, f"CREATE TABLE public.theirs {_TABLE}"], folder)
            copy = r"\copy public.theirs FROM 'rows.csv' WITH (FORMAT csv)"
            theirs = _run([*psql, copy], folder)
            ours = _run([str(Path(sys.executable).with_name("ingest")), "run", "copy"], folder)
            load = os.getloadavg()[0]
            print(
                f"psql {theirs:.1f} s, ingest {ours:.1f} s, ratio {ours / theirs:.2f}, "
                f"load {load:.1f}", flush=True,
            )  # fmt: skip
        for table in ("theirs", "ours"):
            _run([*psql, f"SELECT count(*), sum(amount), max(note) FROM public.{table}"], folder)
    finally:
        shutil.rmtree(folder)


def _write(folder: Path, count: int, port: int) -> None:
    """Write the rows twice: as Parquet, and as CSV."""
    for name in ("rows", "conf/job", "conf/connection"):
        (folder / name).mkdir(parents=True)
    (folder / "conf/job/copy.yaml").write_text(_JOB)
    connection = _CONNECTION.replace("PORT", str(port))
    (folder / "conf/connection/here.yaml").write_text(connection)
    each = count // PARTS
    with (folder / "rows.csv").open("wb") as file:
        for part in range(PARTS):
            frame = rows(part * each, each)
            frame.write_parquet(folder / f"rows/{part}.parquet")
            frame.write_csv(file, include_header=False)


def _run(words: list[str], folder: Path) -> float:
    began = time.monotonic()
    subprocess.run(words, cwd=folder, check=True, stderr=subprocess.DEVNULL)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
