"""`ingest plan`: what a run would do. Changes nothing."""

import json
from collections.abc import Sequence
from typing import Any

from ingest.commands.base import add_overrides, importing, load_job, parser


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
    print(json.dumps(page, indent=1) if arguments.json else render(page))
    return 0


def render(page: dict[str, Any]) -> str:
    """Return the plan for a person to read."""
    from ingest.watch.summary import columns, size  # noqa: PLC0415 - keeps --help quick
    from ingest.workers.base import Chosen  # noqa: PLC0415

    return "\n".join(
        [
            *standing(page["unfinished"]),
            f"{page['job']}: {page['files']:,} files, {size(page['bytes'])}",
            *(f"  {remark}" for remark in page["remarks"]),
            f"  {page['partitions']:,} partitions of up to {size(page['largest_partition_bytes'])}",
            f"  about {size(page['estimated_memory_bytes'])} of memory",
            f"  about {page['estimated_seconds']:,} s of work on {page['workers']} workers",
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


def standing(page: dict[str, Any]) -> list[str]:
    """Return what a run would do about earlier runs, and why: nothing if it just begins."""
    notes = list(page["notes"])
    if "run_id" in page:
        notes += [_unfinished(page), *(f"  {line}" for line in page["because"])]
    return [*notes, ""] if notes else []


def _unfinished(page: dict[str, Any]) -> str:
    run = page["run_id"]
    if "phase" not in page:
        return f"run {run} cannot be read, and a run would say so:"
    how = page["ended"] or "died, or is still running"
    first = f"run {run} is unfinished ({how}): {page['settled']:,} of {page['partitions']:,} "
    first += f"partitions completed after {page['attempts']} attempts. "
    if page["would"] == "refuse":
        return f"{first}A run would refuse to resume it:"
    if page["would"] == "start over":
        return f"{first}A run would start over:"
    if page["phase"] == "committed":
        return f"{first}A run would finish publishing it"
    return f"{first}A run would resume it, with its own plan. A new plan would be:"
