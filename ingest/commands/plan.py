"""`ingest plan`: what a run would do. Changes nothing."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ingest.commands.base import add_overrides, load_job, parser
from ingest.core.storage import open_store
from ingest.core.types import schema_to_json
from ingest.driver.fleeting import refuse_fleeting
from ingest.driver.outputs import check_places, check_published
from ingest.driver.planning import Draft, draft
from ingest.driver.prospect import prospect
from ingest.driver.tasks import context_of
from ingest.job import Job
from ingest.watch.summary import columns, size
from ingest.workers.base import Chosen
from ingest.workers.choose import choice

WORKING_SET = 6
"""Memory that a partition takes while it is worked, as a multiple of its bytes on storage (of
compressed Parquet, decoded twice over; measured 3 to 6)."""


def main(argv: Sequence[str] | None = None) -> int:
    """Show files, bytes, partitions, schemas and estimates; return the exit code."""
    options = parser(
        "plan", "Show what a run would read and write. Changes nothing.", "ingest plan +job=flights"
    )
    add_overrides(options)
    options.add_argument("--json", action="store_true", help="print it as JSON")
    arguments = options.parse_intermixed_args(argv)
    loaded = load_job(arguments.conf, arguments.overrides)
    job = loaded.job
    store = open_store(job.state)
    refuse_fleeting(job, store, loaded.place)
    workers = job.execution.planned_workers
    check_places(job, store, loaded.place)
    drafted = draft(job, context_of(job, "", datetime.now(UTC)), loaded.place, workers)
    check_published(job, loaded.place, schema_to_json(drafted.flow.output))
    page = describe(job, drafted, workers)
    page["unfinished"] = prospect(job, store)
    print(json.dumps(page, indent=1) if arguments.json else render(page, drafted))
    return 0


def describe(job: Job, drafted: Draft, workers: int) -> dict[str, Any]:
    """Return the plan's figures as plain data, taking the draft's partitions."""
    count, largest = 0, 0
    for _, slices in drafted.partitions:
        count += 1
        largest = max(largest, sum(piece.bytes for piece in slices))
    _, chosen = choice(job, drafted.outlook)
    return {
        "job": job.name,
        "files": drafted.files,
        "bytes": drafted.bytes,
        "partitions": count,
        "largest_partition_bytes": largest,
        "workers": workers,
        "estimated_memory_bytes": min(workers, count) * largest * WORKING_SET,
        "estimated_seconds": round(drafted.outlook.seconds(workers), 1),
        "cluster": {"name": chosen.cluster, "why": chosen.why},
        "input_schema": schema_to_json(drafted.flow.layout.columns),
        "output_schema": schema_to_json(drafted.flow.output),
        "sink": {"uri": job.sink.uri, "disposition": job.sink.write_disposition},
        "remarks": list(drafted.remarks),
    }


def render(page: dict[str, Any], drafted: Draft) -> str:
    """Return the plan for a person to read."""
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
            *columns(page["input_schema"], drafted.flow.layout.notes),
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
    how = page["ended"] or "died, or is running"
    first = f"run {run} is unfinished ({how}): {page['settled']:,} of {page['partitions']:,} "
    first += f"partitions completed after {page['attempts']} attempts. "
    if page["would"] == "refuse":
        return f"{first}A run would refuse to resume it:"
    if page["would"] == "start over":
        return f"{first}A run would start over:"
    if page["phase"] == "committed":
        return f"{first}A run would finish publishing it"
    return f"{first}A run would resume it, by its own plan; a new plan is:"
