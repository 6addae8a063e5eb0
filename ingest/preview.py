"""`ingest preview`: the first rows after each step, and what the contract would reject. No Ray."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl

from ingest.checks.contract import BROKEN
from ingest.command import add_overrides, guarded, load_job, parser
from ingest.core.partition import Partition, partition_id
from ingest.core.rows import REJECT, visible
from ingest.driver.drive import context_of, task_of
from ingest.driver.planning import draft
from ingest.job import Job
from ingest.workers.quarantine import assemble
from ingest.workers.task import PartitionTask, Pipeline

SLICE_BYTES = 1024 * 1024


def main(argv: Sequence[str] | None = None) -> int:
    """Work the first megabyte of the input in this process and show it; return the exit code."""
    options = parser(
        "preview",
        "Show the first rows after each step, and what the contract would reject. Writes nothing.",
        "ingest preview +job=flights -n 3",
    )
    add_overrides(options)
    options.add_argument("-n", "--rows", type=int, default=5, help="rows to show of each step (5)")
    arguments = options.parse_intermixed_args(argv)
    loaded = load_job(arguments.conf, arguments.overrides)
    job = loaded.job.model_copy(
        update={"execution": replace_bytes(loaded.job)}
    )
    context = context_of(job, "preview", datetime.now(UTC))
    drafted = draft(job, context, loaded.place, workers=1)
    first = next(drafted.partitions, None)
    if first is None:
        print(f"{job.name}: the input has no records")
        return 0
    partition = Partition(0, partition_id(first[1][:1]), first[1][:1])
    show(task_of(job, drafted.flow, context), partition, arguments.rows)
    return 0


def replace_bytes(job: Job) -> object:
    """Return the job's execution with small partitions, so that little is read."""
    return job.execution.model_copy(update={"partition_bytes": SLICE_BYTES})


def show(task: PartitionTask, partition: Partition, number: int) -> None:
    """Print the rows after each step, then the rejects."""
    read = task.source.read(partition, task.layout)
    context = replace(task.context, uris=tuple(piece.uri for piece in partition.slices))
    frame = read.frame
    with pl.Config(tbl_hide_dataframe_shape=True, tbl_rows=number, tbl_cols=12, fmt_str_lengths=40):
        _print("source", frame, number)
        for name, step in zip(task.names, task.transforms, strict=True):
            frame = step.apply(frame, context)
            if REJECT in frame.collect_schema():
                frame = frame.filter(pl.col(REJECT).is_null()).drop(REJECT)
            _print(name, frame, number)
        pipeline = Pipeline(task, read, context)
        good = pipeline.collect()
        _print("output", good.lazy(), number)
        bad = assemble(
            "preview", partition, task.source, task.layout, read.rejects, pipeline.rejected()
        )
        print(f"\nof {read.records:,} records: {good.height:,} written, {bad.height:,} rejected")
        if bad.height:
            shown = bad.select("file", "line", "step", "reason", "original").head(number)
            print(shown)
    assert BROKEN not in good.columns, "marks never leave the pipeline"


def _print(title: str, frame: pl.LazyFrame, number: int) -> None:
    rows = frame.select(visible(frame.collect_schema().names())).head(number).collect()
    print(f"\n{title}: {len(rows.columns)} columns")
    print(rows)


if __name__ == "__main__":
    sys.exit(guarded(main))
