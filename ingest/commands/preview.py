"""`ingest preview`: what each step does to rows of several files, and what would be rejected.

No Ray, and nothing is written.
"""

import json
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from ingest.checks.contract import Contract
from ingest.commands.base import add_json, add_overrides, load_job, parser, report
from ingest.commands.typed import count
from ingest.core.counts import counted
from ingest.core.errors import ConfigError
from ingest.core.faults import fault
from ingest.core.json_rows import json_rows
from ingest.core.names import hint, no_such_column
from ingest.core.partition import Partition, Slice, partition_id
from ingest.core.private import redacted
from ingest.driver.planning import Draft
from ingest.driver.tasks import task_of
from ingest.library.plans import drafted_at
from ingest.sources.base import Source
from ingest.storage.objects import open_store
from ingest.watch.runs import Page
from ingest.watch.summary import size
from ingest.watch.tables import ends, table
from ingest.work.looking import look
from ingest.work.pipeline import CONTRACT
from ingest.work.stages import OUTPUT, SOURCE, Stage
from ingest.work.task import PartitionTask

SLICE_BYTES = 1024 * 1024
"""How much of a file is looked at, where it can be cut."""
FILES = 10
LOOK_BYTES = 16 * SLICE_BYTES
"""How many files are looked at, from all over the input, and about how much of them at most."""
MOST_KNOWN = 20_000
EXAMPLE = """ingest preview flights -n 3
  ingest preview flights --step 1
  ingest preview flights --columns carrier,tailnum"""


def main(argv: Sequence[str] | None = None) -> int:
    """Work the beginnings of a few files in this process and show them; return the exit code."""
    options = parser(
        "preview",
        "Show what each step does to rows: how many go in and out, and the columns that it "
        "changes. Then show the rows that would be rejected. Reads the beginning (1 MiB) of up to "
        f"{FILES} files from all over the input. Reports the same errors as plan. Writes nothing.",
        EXAMPLE,
    )
    add_overrides(options)
    options.add_argument(
        "-n",
        "--rows",
        type=count(0),
        default=5,
        help="rows to show of each step, and of the rejected rows (default: 5)",
    )
    options.add_argument(
        "--columns",
        metavar="A,B",
        type=lambda text: [name.strip() for name in text.split(",") if name.strip()],
        default=[],
        help="show these columns, even if they did not change",
    )
    options.add_argument(
        "--step", metavar="STEP", help="show only this step, by number (from 0), name or type"
    )
    add_json(options, "each step with its row counts and rows, and the rejected rows,")
    arguments = options.parse_intermixed_args(argv)
    loaded = load_job(arguments.conf, arguments.overrides, "ingest preview")
    job = loaded.job
    drafted, context = drafted_at(loaded, open_store(job.state, job.state_connection), "preview")
    slices = tuple(sample(drafted, job.source))
    page = {"job": job.name, "left_out": drafted.cursor.left_out if drafted.cursor else 0}
    if arguments.json and not slices:
        report(json.dumps({**page, "files": 0, "steps": [], "rejected": {"count": 0, "rows": []}}))
        return 0
    if (cursor := drafted.cursor) and not arguments.json:
        again = " To see their rows too: source.incremental=null" if cursor.left_out else ""
        print(
            f"{job.name}: {counted(cursor.left_out, 'file')} left out: read by earlier runs.{again}"
        )
    if drafted.nothing_new:
        print(f"{job.name}: nothing new")
        return 0
    if not slices:
        print(f"{job.name}: the input has no records")
        return 0
    files, of_all = counted(drafted.files, "file"), size(drafted.bytes)
    looked, part = f"{files}, {of_all}", sum(piece.bytes for piece in slices)
    if part != drafted.bytes:
        looked = f"{len(slices):,} of {files}, {size(part)} of {of_all}"
    partition = Partition(0, partition_id(slices), slices)
    whole = part == drafted.bytes
    if arguments.json:
        page |= {"files": len(slices), "bytes": part, "whole": whole}
        told = told_as_json(task_of(job, drafted.flow, context), partition, arguments)
        report(json.dumps(page | told))
        return 0
    cut = any(piece.bytes < piece.size for piece in slices)
    how = "all of " if whole else "the beginning of " if cut else ""
    print(f"{job.name}: read {how}{looked}")
    show(task_of(job, drafted.flow, context), partition, arguments, whole=whole)
    return 0


def sample(drafted: Draft, source: Source) -> Iterator[Slice]:
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
        first = firsts[place * (len(firsts) - 1) // max(1, number - 1)]
        piece = next(iter(source.cut(first, SLICE_BYTES)))
        taken += piece.bytes
        if place == 0 or taken <= LOOK_BYTES:
            yield piece


def show(task: PartitionTask, partition: Partition, arguments: Namespace, *, whole: bool) -> None:
    """Print rows after each step, then what is rejected; `whole` says that it is all of the input.

    Raises:
        ConfigError: there is no such step or column.
        IngestError: a run would fail at these rows.
    """
    seen, private = look(task, partition), task.steps.private
    found, bad, read = seen.stages, seen.bad, seen.read
    _refuse_unknown(arguments.columns, found)
    chosen = _places(arguments.step, [stage.name for stage in found])
    for place in chosen:
        print(f"\n{found[place]}")
        hidden = private.output if found[place].name == OUTPUT else private.before(place)
        if (rows := _rows(found[place], arguments.columns)).width:
            print(table(redacted(rows.head(arguments.rows), hidden)))
    print(f"\n{_counts(found, read.filtered)}")
    if warning := _would_fail(task.steps.contract, bad.height, read.records, whole=whole):
        print(warning)
    if arguments.step is not None:
        names = [_as_rejected(found[place].name) for place in chosen]
        bad = bad.filter(pl.col("step").is_in(names))
    if bad.height:
        told = bad.select("file", "line", "step", "reason", "original").head(arguments.rows)
        more = "" if told.height == bad.height else f", the first {told.height:,} (-n shows more)"
        print(f"\nrejected: {counted(bad.height, 'row')}{more}")
        print(table(told.with_columns(file=ends(told["file"]), reason=_faults(told["reason"]))))


def told_as_json(task: PartitionTask, partition: Partition, arguments: Namespace) -> Page:
    """Return the same as plain data: each step, its counts, and the rows that are shown of it.

    Raises:
        ConfigError, IngestError: as `show` does.
    """
    seen, private = look(task, partition), task.steps.private
    found = seen.stages
    _refuse_unknown(arguments.columns, found)
    chosen = _places(arguments.step, [stage.name for stage in found])
    steps = []
    for place in chosen:
        stage = found[place]
        hidden = private.output if stage.name == OUTPUT else private.before(place)
        rows = _rows(stage, arguments.columns).head(arguments.rows)
        steps.append({
            "step": stage.name,
            "in": stage.before,
            "out": stage.rows.height,
            "rejected": stage.rejected,
            "changed": dict(stage.changed),
            "rows": _plain(redacted(rows, hidden)),
        })  # fmt: skip
    bad = seen.bad.filter(pl.col("step").is_in([_as_rejected(found[one].name) for one in chosen]))
    columns = ("file", "line", "step", "reason", "original")
    rejected = {"count": bad.height, "rows": _plain(bad.select(columns).head(arguments.rows))}
    return {"steps": steps, "rejected": rejected}


def _plain(rows: pl.DataFrame) -> list[Page]:
    return [json.loads(text) for text in json_rows(rows)]


def _counts(found: Sequence[Stage], filtered: Mapping[str, int]) -> str:
    """Say what became of all records, so that the counts add up."""
    gone: Counter[str] = Counter()
    for stage in found:
        if stage.name == SOURCE and filtered:
            gone.update({f"filtered ({why})": count for why, count in filtered.items()})
        else:
            left = stage.before - stage.rejected - stage.rows.height
            gone[(stage.dropped or "left out") if left > 0 else "added by steps"] += abs(left)
    added = gone.pop("added by steps", 0)
    rejected = sum(stage.rejected for stage in found)
    counts = [f"{found[-1].rows.height:,} written"]
    counts += [f"{count:,} {what}" for what, count in gone.items() if count]
    more = f" and {added:,} added by steps" if added else ""
    records = counted(found[0].before, "record")
    return f"of {records}{more}: {', '.join(counts)}, {rejected:,} rejected"


def _would_fail(contract: Contract, rejected: int, records: int, *, whole: bool) -> str:
    """Say that a run would fail because of the rejected rows; empty if it would not."""
    if contract.on_error == "fail":
        return "on_error is fail: a run would fail at such a row" if rejected else ""
    if not whole:  # what is too little here, may be enough in all of the input
        contract = contract.model_copy(update={"min_records": 0})
    over = contract.within_budget(rejected, records)
    if not over:
        return ""
    enough = whole or over.startswith("max_errors")
    rest = "" if enough else " if the rest of the input is like this"
    return f"A run would fail{rest}: {over.rstrip('.')}."


def _rows(stage: Stage, columns: Sequence[str]) -> pl.DataFrame:
    """Return what is shown of a stage: the columns asked for, or those that the step changed."""
    if columns:
        return stage.rows.select(name for name in columns if name in stage.rows.columns)
    if stage.name in {SOURCE, OUTPUT}:
        return stage.rows.select(stage.columns)
    return stage.differing.select(list(stage.changed))


def _places(step: str | None, names: Sequence[str]) -> list[int]:
    """Return which stages are meant: all, or those of that number, name or type of step.

    Raises:
        ConfigError: there is none.
    """
    if step is None:
        return list(range(len(names)))
    wanted = OUTPUT if step == CONTRACT else step
    places = [
        place
        for place, name in enumerate(names)
        if wanted == name or wanted in name.split(".", maxsplit=1)
    ]
    if not places:
        raise ConfigError(
            f"--step {step}: no such step. {hint(step, names)}Steps here: {', '.join(names)}"
        )
    return places


def _refuse_unknown(columns: Sequence[str], found: Sequence[Stage]) -> None:
    known = list(dict.fromkeys(name for stage in found for name in stage.columns))
    unknown = [name for name in columns if name not in known]
    if unknown:
        raise ConfigError(*(f"--columns: {no_such_column(name, known)}" for name in unknown))


def _faults(reasons: pl.Series) -> pl.Series:
    return pl.Series([fault(reason) for reason in reasons], dtype=pl.String)


def _as_rejected(name: str) -> str:
    return CONTRACT if name == OUTPUT else name
