"""`ingest plan`: what a run would do. Changes nothing."""

import json
import shlex
from collections.abc import Sequence
from typing import Any

from ingest.commands.base import add_overrides, importing, load_job, parser
from ingest.core.counts import counted


def main(argv: Sequence[str] | None = None) -> int:
    """Show files, bytes, partitions, schemas and estimates; return the exit code."""
    options = parser(
        "plan",
        "Show what a run would do now: which files it would read, in how many partitions (parts "
        "that are processed one by one), with which columns, and whether it would resume an "
        "earlier run. Changes nothing.",
        "ingest plan flights",
    )
    add_overrides(options)
    options.add_argument("--json", action="store_true", help="print the plan as JSON")
    arguments = options.parse_intermixed_args(argv)
    loaded = load_job(arguments.conf, arguments.overrides, "ingest plan")
    with importing():
        from ingest.library.plans import planned  # noqa: PLC0415 - keeps --help quick

    page = planned(loaded).page
    conf = ["--conf", str(arguments.conf)] if arguments.conf else []
    run = f"ingest run {shlex.join([*conf, *arguments.overrides])}"
    print(json.dumps(page, indent=1) if arguments.json else render(page, run))
    return 0


def render(page: dict[str, Any], run: str) -> str:
    """Return the plan for a person to read; `run` is the command that would run it."""
    from ingest.watch.summary import cluster, columns, size  # noqa: PLC0415 - keeps --help quick
    from ingest.workers.outlook import basis  # noqa: PLC0415 - keeps --help quick

    partitions = counted(page["partitions"], "partition")
    workers = counted(page["workers"], "worker")
    about = _about(page["estimated_seconds"])
    by = basis(page["estimated_by"], page["not_estimated"])
    return "\n".join(
        [
            *standing(page["unfinished"], run),
            f"{page['job']}: {counted(page['files'], 'file')}, {size(page['bytes'])}",
            *(f"  {remark}" for remark in page["remarks"]),
            f"  {partitions} of up to {size(page['largest_partition_bytes'])}",
            f"  memory: about {size(page['estimated_memory_bytes'])} in all",
            f"  time: {about} on {workers}, once they have started{by}",
            f"  {cluster(page['cluster']['name'], page['cluster']['why'])}",
            f"  output: {page['sink']['disposition']} {page['sink']['uri']}",
            "",
            "columns of the input, with what decides their type",
            *columns(page["input_schema"], page["types_from"]),
            "",
            "columns of the output, with what they come from if not from a column of that name",
            *columns(page["output_schema"], page["columns_from"]),
        ]
    )


def _about(seconds: float) -> str:
    return f"about {seconds:,.0f} s" if seconds >= 1 else "less than 1 s"


def standing(page: dict[str, Any], run: str) -> list[str]:
    """Return what a run would do about earlier runs, and why: nothing if it just begins."""
    notes = [*page["notes"], *(_unfinished(page, run) if "run_id" in page else ())]
    return [*notes, ""] if notes else []


def _unfinished(page: dict[str, Any], run: str) -> list[str]:
    from ingest.records.history import unfinished  # noqa: PLC0415 - keeps --help quick

    run_id, because = page["run_id"], page["because"]
    if "phase" not in page:
        lines = [f"  {line}" for line in because]
        return [f"Run {run_id} cannot be read. `{run}` would be refused:", *lines]
    first = (
        f"Run {run_id} is {unfinished(page['ended'])}: {page['settled']:,} of "
        f"{counted(page['partitions'], 'partition')} completed after "
        f"{counted(page['attempts'], 'attempt')}."
    )
    lines = [f"  {line}" for line in because]
    if page["would"] == "refuse":
        from ingest.driver.resuming import ADD_FRESH  # noqa: PLC0415 - keeps --help quick

        over = f"To discard that run and start over: {run} --fresh"
        lines = [line.replace(ADD_FRESH, over) for line in lines]
        if because[0].startswith(f"run {run_id} is unfinished"):
            first = ""  # the refusal says so itself
        return [f"{first} `{run}` would be refused:".lstrip(), *lines]
    if page["would"] == "start over":
        return [
            f"`{run}` would start over, and not resume run {run_id}: {because[0]}.",
            "The new run would do this:",
        ]
    if page["phase"] == "committed":
        return [f"{first} `{run}` would finish publishing it.", *lines]
    would = f"{first} `{run}` would resume it, with the partitions that it planned."
    return [would, *lines, f"A new run instead (`{run} --fresh`) would do this:"]
