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
        "plan", "Show what a run would read and write. Changes nothing.", "ingest plan flights"
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
    from ingest.watch.summary import columns, size  # noqa: PLC0415 - keeps --help quick
    from ingest.workers.base import Chosen  # noqa: PLC0415

    partitions = counted(page["partitions"], "partition")
    workers = counted(page["workers"], "worker")
    return "\n".join(
        [
            *standing(page["unfinished"], run),
            f"{page['job']}: {counted(page['files'], 'file')}, {size(page['bytes'])}",
            *(f"  {remark}" for remark in page["remarks"]),
            f"  {partitions} of up to {size(page['largest_partition_bytes'])}",
            f"  about {size(page['estimated_memory_bytes'])} of memory",
            f"  about {page['estimated_seconds']:,} s of work on {workers}",
            f"  cluster: {Chosen(page['cluster']['name'], page['cluster']['why'])}",
            f"  {page['sink']['disposition']} to {page['sink']['uri']}",
            "",
            "input",
            *columns(page["input_schema"], page["types_from"]),
            "",
            "output",
            *columns(page["output_schema"]),
        ]
    )


def standing(page: dict[str, Any], run: str) -> list[str]:
    """Return what a run would do about earlier runs, and why: nothing if it just begins."""
    notes = [*page["notes"], *(_unfinished(page, run) if "run_id" in page else ())]
    return [*notes, ""] if notes else []


def _unfinished(page: dict[str, Any], run: str) -> list[str]:
    run_id, because = page["run_id"], page["because"]
    if "phase" not in page:
        lines = [f"  {line}" for line in because]
        return [f"Run {run_id} cannot be read. `ingest run` would stop here:", *lines]
    how = page["ended"] or "died, or is still running"
    first = (
        f"Run {run_id} is unfinished ({how}): {page['settled']:,} of "
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
        return [f"{first} `ingest run` would stop here:".lstrip(), *lines]
    if page["would"] == "start over":
        return [
            f"The last run ({run_id}) is not resumed: {because[0]}.",
            f"`{run}` starts over. The new run would do this:",
        ]
    if page["phase"] == "committed":
        return [f"{first} `ingest run` would finish publishing it.", *lines]
    would = f"{first} `ingest run` would resume it with its recorded plan."
    return [would, *lines, "For comparison, a new run would do this:"]
