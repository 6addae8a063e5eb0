"""dlt on its fastest path: resources that yield Arrow tables, loaded as Parquet files.

dlt has no expressions of its own, so rows are worked by Polars before they are yielded, two tables
at a time. Extract writes them as Parquet files, normalize passes those on, load copies them. (Given
files that Polars itself wrote, `dlt.mark.with_file_import` would measure Polars.)
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dlt
import polars as pl
from dlt.destinations import filesystem

from benchmarks.peers import _frames as frames
from benchmarks.peers.harness import Clock, Spec, main

CANNOT = {"inference": "it moves rows and does not run models"}
Read = Callable[[Path], pl.LazyFrame]
SETTINGS = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
    "DATA_WRITER__COMPRESSION": "zstd",
    # a table each time, not when 5,000 rows have come together
    "DATA_WRITER__BUFFER_MAX_ITEMS": "1",
    # what would rewrite each file in normalize
    "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": "false",
    "SCHEMA__NAMING": "direct",
}


def taxi(spec: Spec, _: Clock) -> None:
    """Trips, checked."""
    run(spec, pl.scan_parquet, frames.taxi)


def wide(spec: Spec, _: Clock) -> None:
    """Rows of 1,000 columns, checked."""
    run(spec, pl.scan_parquet, frames.wide)


def csv(spec: Spec, _: Clock) -> None:
    """Line items, checked; under gzip as well."""
    run(spec, lambda file: pl.scan_csv(file, schema=frames.LINEITEM), frames.csv)


def jsonl(spec: Spec, _: Clock) -> None:
    """Documents, their text normalized."""
    run(spec, lambda file: pl.scan_ndjson(file, schema=frames.DOCUMENT), frames.jsonl)


def small_files(spec: Spec, _: Clock) -> None:
    """Readings as they are, many files in one scan: dlt takes long over each table it is given."""
    run(spec, lambda file: pl.scan_ndjson(file, schema=frames.READING), frames.as_they_are, 625)


def run(spec: Spec, read: Callable[[Any], pl.LazyFrame], work: frames.Work, pack: int = 1) -> None:
    """Extract, normalize and load in one pipeline that keeps its own state in the output folder."""
    os.environ |= {**SETTINGS, "EXTRACT__WORKERS": str(spec.cpus)}
    files = spec.files
    packs = [files[start : start + pack] for start in range(0, len(files), pack)]

    def tables(pack: list[Path]) -> Iterator[Any]:
        return _tables(work(read(pack)))

    given = dlt.resource(packs, name="packs")
    made = dlt.transformer(tables, data_from=given, name="good", parallelized=True)

    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=str(spec.output / "dlt"),
        destination=filesystem(str(spec.output), layout="{table_name}/{load_id}.{file_id}.{ext}"),
        dataset_name="loaded",
    )
    pipeline.run(made, loader_file_format="parquet")
    for name in ("good", "bad"):
        if (spec.output / "loaded" / name).exists():
            (spec.output / "loaded" / name).rename(spec.output / name)


def _tables(frame: pl.LazyFrame) -> Iterator[Any]:
    rows = frame.collect()
    if "_reason" not in rows.columns:
        yield _arrow(rows)
        return
    yield _arrow(rows.filter(pl.col("_reason").is_null()).drop("_reason"))
    yield dlt.mark.with_table_name(_arrow(rows.filter(pl.col("_reason").is_not_null())), "bad")


def _arrow(rows: pl.DataFrame) -> Any:
    return rows.to_arrow(compat_level=pl.CompatLevel.oldest())


if __name__ == "__main__":
    main(
        {
            "taxi": taxi,
            "csv": csv,
            "csv_gz": csv,
            "jsonl": jsonl,
            "small_files": small_files,
            "wide": wide,
        },
        packages=("dlt", "polars", "pyarrow"),
    )
