"""What a run would do, without doing it: `ingest.plan`, and what the command `plan` shows."""

from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime
from typing import Any

from ingest.config.load import Loaded, load
from ingest.core.dataclass import dataclass
from ingest.core.types import schema_to_json, type_name
from ingest.driver.cursors import refuse_unmarked, since
from ingest.driver.estimating import expected, spent
from ingest.driver.fleeting import refuse_fleeting
from ingest.driver.lineage import lineage
from ingest.driver.outputs import check_places, check_published
from ingest.driver.planning import Draft, draft
from ingest.driver.prospect import prospect
from ingest.driver.tasks import context_of
from ingest.job import Job
from ingest.library.arguments import Folder, Overrides, path, words
from ingest.records.runs import Runs
from ingest.sources.text.typing import NO_TYPE
from ingest.storage.objects import Store, open_store
from ingest.transforms.base import StepContext
from ingest.workers.choose import choice, refuse_unfit
from ingest.workers.outlook import Spent

WORKING_SET = 6
"""Memory that a partition takes while it is worked, as a multiple of its bytes on storage (of
compressed Parquet, decoded twice over; measured 3 to 6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedRun:
    """A run of the job that was begun and is not finished."""

    run_id: str
    """Name of the run."""
    would: str
    """What `ingest.run` would do with it: `resume`, `start over` or `refuse`."""
    because: tuple[str, ...]
    """Explanations, one text per line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSummary:
    """What a run would read and write."""

    job: str
    """Name of the job."""
    files: int
    """Files that would be read."""
    bytes: int
    """Their size in bytes, as stored."""
    left_out: int
    """Files that would not be read, because earlier runs have read them."""
    partitions: int
    """Number of partitions."""
    largest_partition_bytes: int
    """Size of the largest partition, in bytes."""
    workers: int
    """Number of workers that the plan assumes."""
    estimated_memory_bytes: int
    """Estimated memory of all workers together, in bytes."""
    estimated_seconds: float
    """Estimated time, in seconds, without the time to start the workers."""
    estimated_by: str
    """The earlier run whose speed the estimate assumes; empty if there is none."""
    not_estimated: tuple[str, ...]
    """Steps whose time the estimate leaves out: Python steps and those of other packages, as long
    as no earlier run says how long they take."""
    cluster: str
    """Which cluster would be used."""
    input_schema: Mapping[str, str]
    """Columns of the input, and their types."""
    output_schema: Mapping[str, str]
    """Columns of the output, and their types."""
    remarks: tuple[str, ...]
    """Remarks about the input (skipped files, columns that some files lack), and about steps that
    see only a partition."""
    unfinished: UnfinishedRun | None
    """The job's unfinished run of this output; None if there is none."""
    page: dict[str, Any] = field(repr=False)
    """The output of `ingest plan --json`, as plain data."""


def plan(
    job: str, overrides: Overrides = (), *, conf: Folder = None, state: Folder = None
) -> PlanSummary:
    """Return what a run of a job would read and write. Changes nothing, and starts nothing.

    Lists the input, and reads what it takes to know its columns; checks the job against it, and
    the places that it would publish to. Prints nothing; see `ingest.run` for the rest, and for the
    arguments.

    Raises:
        ConfigError: A run would be refused. All mistakes at once, in `lines`.
        RetryableError: Storage or network did not answer.
        FatalError: They refused.
    """
    return planned(load(Job, path(conf), words(job, overrides, state)))


def planned(loaded: Loaded[Job]) -> PlanSummary:
    """Return what a run of this job would do."""
    job = loaded.job
    store = open_store(job.state, job.state_connection)
    drafted, _ = drafted_at(loaded, store)
    earlier = spent(job, store, Runs(store).of_job(job.name))
    page = describe(job, drafted, job.execution.planned_workers, earlier)
    page["unfinished"] = prospect(job, store)
    return summary_of(page)


def drafted_at(loaded: Loaded[Job], store: Store, run_id: str = "") -> tuple[Draft, StepContext]:
    """Return the plan that a run of this job would have, and what its steps would be told.

    Raises:
        ConfigError: a run would be refused, for the job, its input or its places.
    """
    job = loaded.job
    refuse_fleeting(job, store, loaded.place)
    check_places(job, store, loaded.place)
    refuse_unmarked(job, store)
    context = context_of(job, run_id, datetime.now(UTC))
    workers = job.execution.planned_workers
    drafted = draft(job, context, loaded.place, workers, since=since(job, store))
    check_published(job, loaded.place, schema_to_json(drafted.flow.output))
    return drafted, context


def describe(job: Job, drafted: Draft, workers: int, earlier: Spent | None) -> dict[str, Any]:
    """Return the plan's figures as plain data, taking the draft's partitions.

    Raises:
        ConfigError: a run would be refused, for the memory of this machine.
    """
    count, largest = 0, 0
    for _, slices in drafted.partitions:
        count += 1
        largest = max(largest, sum(piece.bytes for piece in slices))
    outlook = expected(job, drafted.outlook, earlier)
    cluster, chosen = choice(job, outlook)
    refuse_unfit(job, cluster)
    origins = lineage(job, drafted.flow)
    workers = 1 if cluster.type == "inline" else max(1, min(workers, count))
    return {
        "job": job.name,
        "files": drafted.files,
        "bytes": drafted.bytes,
        "left_out": drafted.cursor.left_out if drafted.cursor else 0,
        "partitions": count,
        "largest_partition_bytes": largest,
        "workers": workers,
        "estimated_memory_bytes": workers * largest * WORKING_SET,
        "estimated_seconds": round(outlook.seconds(workers), 1),
        "estimated_by": outlook.spent.run_id if outlook.spent else "",
        "not_estimated": list(outlook.uncounted),
        "cluster": {"name": chosen.cluster, "why": chosen.why},
        "input_schema": schema_to_json(drafted.flow.layout.columns),
        "types_from": _types_from(job, drafted),
        "output_schema": schema_to_json(drafted.flow.output),
        "lineage": origins.to_json(),
        "columns_from": {name: origins.told(name) for name in drafted.flow.output},
        "sink": {"uri": job.sink.uri, "disposition": job.sink.write_disposition},
        "remarks": [*drafted.remarks, *_remarks(job)],
    }


def _types_from(job: Job, drafted: Draft) -> dict[str, str]:
    """Say where the types of the input's columns come from, and which the contract gives later."""
    told, types = drafted.flow.layout.notes, job.contract.types
    return {
        name: f"read as string; {type_name(types[name])} in the contract"
        if note.startswith(NO_TYPE) and name in types
        else note
        for name, note in told.items()
    }


def _remarks(job: Job) -> list[str]:
    steps = ((number, step, step.remark()) for number, step in enumerate(job.transforms))
    return [f"transforms[{number}]: {step.type}: {said}" for number, step, said in steps if said]


def summary_of(page: dict[str, Any]) -> PlanSummary:
    """Return the typed view of a plan's figures."""
    same = ("job", "files", "bytes", "left_out", "partitions", "largest_partition_bytes", "workers")
    return PlanSummary(
        **{name: page[name] for name in same},
        estimated_memory_bytes=page["estimated_memory_bytes"],
        estimated_seconds=page["estimated_seconds"],
        estimated_by=page["estimated_by"],
        not_estimated=tuple(page["not_estimated"]),
        cluster=page["cluster"]["name"],
        input_schema=page["input_schema"],
        output_schema=page["output_schema"],
        remarks=tuple(page["remarks"]),
        unfinished=_unfinished(page["unfinished"]),
        page=page,
    )


def _unfinished(page: dict[str, Any]) -> UnfinishedRun | None:
    if "run_id" not in page:
        return None
    return UnfinishedRun(run_id=page["run_id"], would=page["would"], because=tuple(page["because"]))
