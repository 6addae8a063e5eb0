"""Raw Ray actors, one per core, each partition one Polars query from scan to both sinks.

The bare prototype: no ledger, no staging, no contract, no retries. What it takes is what our
guarantees are measured against.
"""

import os

# before Polars is imported; Ray's workers inherit it. Two threads each gained nothing
os.environ["POLARS_MAX_THREADS"] = "1"

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import ray

from benchmarks.peers import _frames as frames
from benchmarks.peers.harness import Clock, Spec, main

DEPTH = 2
"""How many partitions an actor is given ahead, so that it never waits for the driver."""
PARTS_PER_CPU = 8
"""Into how many partitions each core's share is cut at least, where files can be cut."""


@dataclass(frozen=True)
class Part:
    """A partition: files that are read in one scan, or some rows of one Parquet file."""

    files: tuple[str, ...]
    bytes: int
    offset: int = 0
    rows: int | None = None


Do = Callable[[Part, str, str], None]
ACTORS: list[Any] = []


class Worker:
    """Works partitions, one after the other."""

    def ready(self) -> None:
        """Return when the process has imported what it needs."""

    def work(self, do: str, part: Part, output: str, name: str) -> None:
        """Work a partition; its files are named for it."""
        WORK[do](part, output, name)


def start(spec: Spec) -> None:
    """Start Ray and the actors."""
    ray.init(address="local", num_cpus=spec.cpus, include_dashboard=False, log_to_driver=False)
    actor = ray.remote(num_cpus=1)(Worker)
    ACTORS.extend(actor.remote() for _ in range(spec.cpus))
    ray.get([each.ready.remote() for each in ACTORS])


def run(spec: Spec, clock: Clock) -> None:
    """Let the actors pull partitions, the biggest first, until none is left."""
    spec.folder("good")
    spec.folder("bad")
    todo = sorted(parts(spec), key=lambda part: part.bytes)
    idle = ACTORS * DEPTH
    working: dict[Any, Any] = {}
    while todo or working:
        while todo and idle:
            actor, name = idle.pop(), f"{len(todo):05d}.parquet"
            call = actor.work.remote(spec.scenario, todo.pop(), str(spec.output), name)
            working[call] = actor
        (done,), _ = ray.wait(list(working))
        ray.get(done)
        clock.first()
        idle.append(working.pop(done))


def parts(spec: Spec) -> Iterator[Part]:
    """Cut Parquet files that are too big by rows, and put small ones of other formats together."""
    sizes = {str(file): file.stat().st_size for file in spec.files}
    most = sum(sizes.values()) // (PARTS_PER_CPU * spec.cpus)
    packed: list[str] = []
    for file, size in sizes.items():
        if file.endswith(".parquet"):
            yield from _cut(file, size, most)
        elif spec.scenario == "small_files":
            packed.append(file)
            if sum(sizes[each] for each in packed) >= most:
                yield Part(tuple(packed), most)
                packed = []
        else:
            yield Part((file,), size)
    if packed:
        yield Part(tuple(packed), sum(sizes[each] for each in packed))


def _cut(file: str, size: int, most: int) -> Iterator[Part]:
    """Cut a file between row groups, so that nobody decodes one that is another's."""
    if size <= 2 * most:
        yield Part((file,), size)
        return
    groups = pq.read_metadata(file)
    begin = rows = 0
    for number in range(groups.num_row_groups):
        rows += groups.row_group(number).num_rows
        share = size * rows // groups.num_rows
        if share >= most or begin + rows == groups.num_rows:
            yield Part((file,), share, begin, rows)
            begin, rows = begin + rows, 0


def _parquet(part: Part) -> pl.LazyFrame:
    rows = pl.scan_parquet(list(part.files))
    return rows if part.rows is None else rows.slice(part.offset, part.rows)


def _csv(part: Part) -> pl.LazyFrame:
    return pl.scan_csv(list(part.files), schema=frames.LINEITEM)


def _documents(part: Part) -> pl.LazyFrame:
    return pl.scan_ndjson(list(part.files), schema=frames.DOCUMENT)


def _readings(part: Part) -> pl.LazyFrame:
    return pl.scan_ndjson(list(part.files), schema=frames.READING)


def _fused(read: Callable[[Part], pl.LazyFrame], work: frames.Work) -> Do:
    def do(part: Part, output: str, name: str) -> None:
        pl.collect_all(frames.sinks(work(read(part)), output, name), engine="streaming")

    return do


def _scored(part: Part, output: str, name: str) -> None:
    from benchmarks.peers import _model as model  # noqa: PLC0415 - only here is a model needed

    (file,) = part.files
    rows = pl.read_parquet(file).to_arrow()
    done = model.scored(rows, str(Path(file).with_name("model.onnx")))
    good = Path(output, "good", name)
    pq.write_table(done, good, compression="zstd", compression_level=frames.ZSTD_LEVEL)


WORK: dict[str, Do] = {
    "taxi": _fused(_parquet, frames.taxi),
    "wide": _fused(_parquet, frames.wide),
    "csv": _fused(_csv, frames.csv),
    "csv_gz": _fused(_csv, frames.csv),
    "jsonl": _fused(_documents, frames.jsonl),
    "small_files": _fused(_readings, frames.as_they_are),
    "inference": _scored,
}

if __name__ == "__main__":
    main(
        {
            "taxi": run,
            "csv": run,
            "csv_gz": run,
            "jsonl": run,
            "small_files": run,
            "inference": run,
            "wide": run,
        },
        packages=("ray", "polars"),
        start=start,
        stop=ray.shutdown,
    )
