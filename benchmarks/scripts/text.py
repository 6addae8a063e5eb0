"""What it costs to read text strictly: CSV and JSON Lines, clean and with 1 % bad records.

python -m benchmarks.scripts.text [ROUNDS]

One process, one thread. Ours is `Source.read` of a whole file as one partition: bytes to typed
columns, all proofs, and the rejects with line and reason. Beside it Polars' lenient reader makes
columns of the same types of the same file. Both take turns, and of each the least processor time
counts: what else the machine does makes both slower, and the ratio less than the rates.
"""

import os

os.environ.update(POLARS_MAX_THREADS="1", OMP_NUM_THREADS="1")  # before Polars is imported

import gc
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa

from benchmarks.data.lineitem import spoilt
from benchmarks.gate import bare, inputs
from benchmarks.gate.measure import prepare

CSV_ROWS, JSONL_ROWS = 250_000, 60_000
SOUND_ROWS = 3_000
"""So many documents are sound: the schema is made of the first ones."""
EVERY = 100
CLEAN = {"csv": 200.0, "jsonl": 150.0}
"""MB/s and core that are wanted of clean text."""
DIRTY = 0.8
"""How much of that is wanted with bad records."""


@dataclass(frozen=True, slots=True)
class Case:
    """A file to read: what makes it, and Polars' lenient reader of it, if there is one."""

    name: str
    job: str
    rows: int
    make: Callable[[Path, int], None]
    lenient: Callable[[Path], pl.DataFrame] | None


def main() -> None:
    """Read each file by turns, and print rates, ratios and targets."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    pa.set_cpu_count(1)
    rates: dict[str, float] = {}
    print(f"{'':12}{'MB':>6}{'ours MB/s':>11}{'Polars MB/s':>13}{'ratio':>7}  target")
    for case in CASES:
        with tempfile.TemporaryDirectory(prefix="ingest-text-") as folder:
            size, ours, lenient = measure(case, Path(folder), rounds)
        rates[case.name] = size / ours
        print(
            f"{case.name:12}{size:6.0f}{size / ours:11.0f}"
            + (f"{size / lenient:13.0f}{ours / lenient:7.2f}" if lenient else f"{'-':>13}{'-':>7}")
            + f"  {target(case.name, rates)}"
        )


def target(name: str, rates: dict[str, float]) -> str:
    """Say what is wanted of a case, and whether it is so."""
    kind, dirty = name.split(maxsplit=1)[0], name.endswith("bad")
    rate, wanted = rates[name], CLEAN[kind]
    if dirty:
        share = rate / rates[kind]
        return f">= {DIRTY:g} of clean: {share:.2f}, {'met' if share >= DIRTY else 'not met'}"
    return f">= {wanted:g} MB/s: {'met' if rate >= wanted else 'not met'}"


def measure(case: Case, folder: Path, rounds: int) -> tuple[float, float, float | None]:
    """Return megabytes, and the least processor seconds of ours and of Polars."""
    work = prepare(case.job, case.rows, folder, make=case.make)
    path = Path(work.partition.slices[0].uri)
    readers: list[Callable[[], object]] = [
        lambda: work.task.source.read(work.partition, work.task.layout)
    ]
    if case.lenient is not None:
        lenient = case.lenient
        readers.append(lambda: lenient(path))
    seconds: list[list[float]] = [[] for _ in readers]
    for _ in range(rounds + 1):
        for reader, taken in zip(readers, seconds, strict=True):
            gc.collect()
            began = time.process_time()
            reader()
            taken.append(time.process_time() - began)
    least = [min(taken[1:]) for taken in seconds]  # the first time imports and warms
    return path.stat().st_size / 1e6, least[0], least[1] if len(least) > 1 else None


def csv(path: Path) -> pl.DataFrame:
    """Read line items."""
    return pl.read_csv(path, schema=bare.COLUMNS)


def csv_whatever(path: Path) -> pl.DataFrame:
    """Read line items; of bad records whatever Polars makes of them."""
    return pl.read_csv(path, schema=bare.COLUMNS, ignore_errors=True, truncate_ragged_lines=True)


def bad_csv(path: Path, rows: int) -> None:
    """Write line items of which one in a hundred is bad."""
    inputs.csv(path, rows)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(spoilt(lines, EVERY)), encoding="utf-8")


def bad_jsonl(path: Path, rows: int) -> None:
    """Write documents of which one in a hundred is bad: cut off, or with another field or value."""
    inputs.jsonl(path, rows)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    for number in range(SOUND_ROWS, len(lines), EVERY):
        line = lines[number]
        lines[number] = (
            line[:-20] + "\n",
            line.replace('"ts"', '"tz"'),
            line.replace('"shard": ', '"shard": 1.5'),
            line.replace('"url": "', '"url": '),
        )[number // EVERY % 4]
    path.write_text("".join(lines), encoding="utf-8")


CASES = (
    Case("csv", "csv", CSV_ROWS, inputs.csv, csv),
    Case("csv 1% bad", "csv", CSV_ROWS, bad_csv, csv_whatever),
    Case("jsonl", "jsonl", JSONL_ROWS, inputs.jsonl, pl.read_ndjson),
    Case("jsonl 1% bad", "jsonl", JSONL_ROWS, bad_jsonl, None),
)


if __name__ == "__main__":
    main()
