"""Polars streaming, on all cores: one scan of all files, good and bad rows sunk by one query.

Tried and not taken: one query per file, and the in-memory engine, which needs all rows at once.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from benchmarks.peers import _frames as frames
from benchmarks.peers.harness import Clock, Spec, Work, main

Read = Callable[[Sequence[Path]], pl.LazyFrame]

CANNOT = {"inference": "it calls no model by itself: it would be onnxruntime that is measured"}


def _parquet(files: Sequence[Path]) -> pl.LazyFrame:
    return pl.scan_parquet(list(files))


def _csv(files: Sequence[Path]) -> pl.LazyFrame:
    return pl.scan_csv(list(files), schema=frames.LINEITEM)


def _documents(files: Sequence[Path]) -> pl.LazyFrame:
    return pl.scan_ndjson(list(files), schema=frames.DOCUMENT)


def _readings(files: Sequence[Path]) -> pl.LazyFrame:
    return pl.scan_ndjson(list(files), schema=frames.READING)


def _fused(read: Read, work: frames.Work) -> Work:
    def do(spec: Spec, clock: Clock) -> None:
        spec.folder("good")
        spec.folder("bad")
        queries = frames.sinks(work(read(spec.files)), str(spec.output), "all.parquet")
        pl.collect_all(queries, engine="streaming")
        clock.first()

    return do


if __name__ == "__main__":
    main(
        {
            "taxi": _fused(_parquet, frames.taxi),
            "wide": _fused(_parquet, frames.wide),
            "csv": _fused(_csv, frames.csv),
            "csv_gz": _fused(_csv, frames.csv),
            "jsonl": _fused(_documents, frames.jsonl),
            "small_files": _fused(_readings, frames.as_they_are),
        },
        packages=("polars",),
    )
