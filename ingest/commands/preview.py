"""`ingest preview`: rows of several files after each step, and what the contract would reject.

No Ray, and nothing is written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl

from ingest.commands.base import add_overrides, load_job, parser
from ingest.core.partition import Partition, Slice, partition_id
from ingest.core.rows import REJECT, visible
from ingest.core.showing import showable
from ingest.driver.planning import Draft, draft
from ingest.driver.tasks import context_of, task_of
from ingest.sources.base import Read
from ingest.watch.summary import size
from ingest.workers.pipeline import Pipeline
from ingest.workers.quarantine import assemble
from ingest.workers.task import PartitionTask

SLICE_BYTES = 1024 * 1024
"""How much of a file is looked at, where it can be cut."""
FILES = 10
LOOK_BYTES = 16 * SLICE_BYTES
"""How many files are looked at, from all over the input, and about how much of them at most."""
MOST_KNOWN = 20_000


def main(argv: Sequence[str] | None = None) -> int:
    """Work the beginnings of a few files in this process and show them; return the exit code."""
    options = parser(
        "preview",
        "Show the first rows after each step, and what the contract would reject, of up to "
        f"{FILES} files from all over the input. Writes nothing.",
        "ingest preview flights -n 3",
    )
    add_overrides(options)
    options.add_argument("-n", "--rows", type=int, default=5, help="rows to show of each step (5)")
    arguments = options.parse_intermixed_args(argv)
    loaded = load_job(arguments.conf, arguments.overrides)
    small = loaded.job.execution.model_copy(update={"partition_bytes": SLICE_BYTES})
    job = loaded.job.model_copy(update={"execution": small})
    context = context_of(job, "preview", datetime.now(UTC))
    drafted = draft(job, context, loaded.place, workers=1)
    slices = tuple(sample(drafted))
    if not slices:
        print(f"{job.name}: the input has no records")
        return 0
    looked = f"{len(slices):,} of {drafted.files:,} files"
    looked += f", {size(sum(piece.bytes for piece in slices))} of {size(drafted.bytes)}"
    print(f"{job.name}: looked at the beginning of {looked}")
    partition = Partition(0, partition_id(slices), slices)
    with pl.Config(
        tbl_hide_dataframe_shape=True,
        tbl_rows=-1,
        tbl_cols=12,
        fmt_str_lengths=40,
        tbl_width_chars=160,
    ):
        show(task_of(job, drafted.flow, context), partition, arguments.rows)
    return 0


def sample(drafted: Draft) -> Iterator[Slice]:
    """Yield the beginnings of a few files, in their order, the first of all among them."""
    firsts: list[Slice] = []
    step = seen = 0
    for _, group in drafted.partitions:
        for piece in group:
            if piece.start == 0:
                if seen % (1 << step) == 0:
                    firsts.append(piece)
                seen += 1
        if len(firsts) > MOST_KNOWN:  # of a million files, every so many-th will do
            firsts, step = firsts[::2], step + 1
    number = min(FILES, len(firsts))
    taken = 0
    for place in range(number):
        piece = firsts[place * (len(firsts) - 1) // max(1, number - 1)]
        taken += piece.bytes
        if place == 0 or taken <= LOOK_BYTES:
            yield piece


def show(task: PartitionTask, partition: Partition, number: int) -> None:
    """Print the first rows after each step, then what is rejected."""
    read = task.source.read(partition, task.layout)
    context = replace(task.context, uris=tuple(piece.uri for piece in partition.slices))
    for title, frame in stages(task, read, context.uris):
        names = visible(frame.collect_schema().names())
        rows = showable(frame.select(names).head(number).collect())
        print(f"\n{title}: {len(names)} columns\n{rows}")
    pipeline = Pipeline(task.steps, read, context)
    good = pipeline.collect()
    print(f"\noutput: {len(good.columns)} columns\n{showable(good.head(number))}")
    bad = assemble(
        context.run_id,
        partition,
        source=task.source,
        layout=task.layout,
        rejects=read.rejects,
        rejected=pipeline.rejected(),
        keep_original=task.steps.contract.keeps_original,
    )
    named = "".join(f", {count:,} filtered ({why})" for why, count in read.filtered.items())
    print(f"\nof {read.records:,} records: {good.height:,} written, {bad.height:,} rejected{named}")
    if bad.height:
        print(bad.select("file", "line", "step", "reason", "original").head(number))


def stages(
    task: PartitionTask, read: Read, uris: tuple[str, ...]
) -> Iterator[tuple[str, pl.LazyFrame]]:
    """Return the rows as they are read and as they leave each step."""
    context = replace(task.context, uris=uris)
    frame = read.frame
    yield "source", frame
    for name, step in zip(task.steps.names, task.steps.transforms, strict=True):
        frame = step.apply(frame, context)
        if REJECT in frame.collect_schema():
            frame = frame.filter(pl.col(REJECT).is_null()).drop(REJECT)
        yield name, frame
