"""What both plain Ray Data peers share: starting Ray, reading, writing, routing rejects.

Ray Data as its documentation teaches it: `read_*`, `map_batches` over Arrow batches that are whole
blocks (`batch_size=None`, no copy), `write_parquet`.
"""

import os

# before Polars is imported; Ray's workers inherit it. Two threads in each of two tasks: no gain
os.environ["POLARS_MAX_THREADS"] = "1"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.json as arrow_json
import ray
import ray.data

from benchmarks.peers import _frames as frames
from benchmarks.peers.harness import Clock, Spec

MAP = {"batch_format": "pyarrow", "batch_size": None}
CSV_BLOCK_BYTES = 8 << 20
JSON_BLOCK_BYTES = 8 << 20
SMALL_FILE_BLOCKS = 8


def start(spec: Spec) -> None:
    """Start Ray on this machine alone."""
    ray.init(
        address="local",
        num_cpus=spec.cpus,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
    )
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    # The newer Parquet reader (the default) lists and reads footers in actors, and its read does
    # not fuse with what follows: taxi took 13.1 s and 4.6 GB, and 13.6 s with one footer actor,
    # against 10.4 s and 1.7 GB.
    context.use_datasource_v2 = False


def read(spec: Spec, **options: Any) -> Any:
    """Read a scenario's input, a block for each file; small ones are put together.

    Two files in a block: taxi 10.6 s instead of 10.4 s. Three or four tasks at a time on two
    CPUs: 12.3 and 12.9 s. Naming the columns that are needed, or two threads in Polars: no gain.
    CSV, a third of the files: 11.8 s; parsed in pieces of 1 MB 12.5 s, of 32 MB 12.9 s; blocks of
    up to 512 MB 12.2 s; two blocks for each file, so that nothing fuses, 18.1 s.
    """
    files = [str(file) for file in spec.files]
    blocks = SMALL_FILE_BLOCKS if spec.scenario == "small_files" else len(files)
    options = {"override_num_blocks": blocks, **options}
    if files[0].endswith(".parquet"):
        return ray.data.read_parquet(files, **options)
    if spec.scenario.startswith("csv"):
        return ray.data.read_csv(
            files,
            read_options=arrow_csv.ReadOptions(block_size=CSV_BLOCK_BYTES, use_threads=False),
            convert_options=arrow_csv.ConvertOptions(column_types=_arrow(frames.LINEITEM)),
            **options,
        )
    schema = frames.READING if spec.scenario == "small_files" else frames.DOCUMENT
    return ray.data.read_json(
        files,
        read_options=arrow_json.ReadOptions(block_size=JSON_BLOCK_BYTES, use_threads=False),
        parse_options=arrow_json.ParseOptions(explicit_schema=_arrow(schema)),
        **options,
    )


def worked(work: frames.Work) -> Callable[[pa.Table], pa.Table]:
    """Return a function over Arrow batches that runs a query of Polars on each."""

    def on_batch(batch: pa.Table) -> pa.Table:
        frame = work(pl.from_arrow(batch).lazy())  # type: ignore[union-attr]
        if "_reason" in frame.collect_schema():
            frame = frame.with_columns(_bad=pl.col("_reason").is_not_null())
        return frame.collect().to_arrow()

    return on_batch


def write(data: Any, spec: Spec, clock: Clock, *, routed: bool, **options: Any) -> None:
    """Write good rows and, in the same pass, rejects beside them.

    A column to partition by is Ray Data's only way to write two outputs at once. Without any
    routing taxi took 9.8 s instead of 10.4 s, so a second pass for the rejects cannot pay.
    """
    folder = spec.output / "good"
    threading.Thread(target=_watch, args=(spec.output, clock), daemon=True).start()
    options |= {"compression": "zstd", "compression_level": frames.ZSTD_LEVEL}
    if not routed:
        data.write_parquet(str(folder), **options)
        return
    written = spec.output / "written"
    data.write_parquet(str(written), partition_cols=["_bad"], **options)
    for value, name in (("false", "good"), ("true", "bad")):
        if (written / f"_bad={value}").exists():
            (written / f"_bad={value}").rename(spec.output / name)


def _watch(output: Path, clock: Clock) -> None:
    """Note when the first file is whole: a Parquet file ends in four letters."""
    while clock.first_at is None:
        for file in output.rglob("*.parquet"):
            with file.open("rb") as opened:
                size = opened.seek(0, os.SEEK_END)
                opened.seek(max(0, size - 4))
                if size > 8 and opened.read() == b"PAR1":
                    clock.first()
                    return
        time.sleep(0.05)


def _arrow(schema: Any) -> pa.Schema:
    return pl.DataFrame(schema=schema).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
