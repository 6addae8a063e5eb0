"""The cursor of a job as its runs use it: what a plan leaves out, and whether that still holds."""

from dataclasses import field
from typing import Any

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError, StalePlanError
from ingest.core.types import schema_from_json
from ingest.job import Job
from ingest.records.cursors import Cursor, Entry, outputs_of
from ingest.records.plans import Plan
from ingest.records.runs import Runs
from ingest.sources.base import Layout
from ingest.sources.incremental import Earlier
from ingest.storage.objects import Store

REPLACES = (
    "overwrite_partitions leaves in each partition that the new files have rows for only their "
    "rows: those of files that were read before are removed there"
)


class CursorMovedError(StalePlanError):
    """The job's cursor was changed since the run was planned, which nobody can put back."""


@dataclass(frozen=True, slots=True)
class Since:
    """The cursor that a plan is made on: its last entry, 0 if there is none, and what that says.

    `layout` is how the inputs of the last run were read; None if there was none.
    """

    entry: int = 0
    earlier: Earlier = field(default_factory=Earlier)
    layout: Layout | None = None
    remarks: tuple[str, ...] = ()


def cursor_of(job: Job, store: Store) -> Cursor:
    """Return the cursor of a job for the output that it publishes to."""
    return Cursor(store, job.name, job.sink.uri)


def since(job: Job, store: Store) -> Since | None:
    """Return where the job's cursor stands; None if its source is not incremental.

    Raises:
        FatalError: the cursor is damaged.
    """
    if not job.source.is_incremental:
        return None
    cursor = cursor_of(job, store)
    last = cursor.last()
    if last is None:
        return Since(remarks=_elsewhere(job, store))
    earlier = Earlier(lambda: cursor.files(last), last.position)
    remarks = (REPLACES,) if job.sink.write_disposition == "overwrite_partitions" else ()
    return Since(last.number, earlier, _layout(last.layout), remarks)


def refuse_unmarked(job: Job, store: Store) -> None:
    """Refuse to append all files to rows of the same job without a cursor that says what is there.

    So it is when a job has just become incremental, and when its output was moved.

    Raises:
        ConfigError: with both ways out.
    """
    if not job.source.is_incremental or job.sink.write_disposition != "append":
        return
    if cursor_of(job, store).number():
        return
    there = set(job.sink.published_runs()).intersection(Runs(store).of_job(job.name))
    if there:
        raise ConfigError(
            f"source.incremental: {job.sink.uri} contains rows of earlier runs of this job (last: "
            f"{max(there)}), but no cursor says which files they are from, so all files would be "
            f"appended again. If the files that are there now were read: ingest cursor set "
            f"{job.name}. To read all of them: ingest cursor reset {job.name}"
        )


def layout_page(plan: Plan) -> dict[str, Any]:
    """Return how a plan's inputs are read, as the cursor keeps it."""
    return {"schema": plan.facts.input_schema, "facts": plan.facts.source_facts}


def moved(job: Job, store: Store, plan: Plan) -> str:
    """Say by what a cursor was changed since a plan was made on it; empty if it was not."""
    facts = plan.facts.cursor
    if facts is None or cursor_of(job, store).number() == facts.entry:
        return ""
    return f"the job's cursor was changed{_by(cursor_of(job, store).last())} since it was planned"


def refuse_moved(job: Job, store: Store, plan: Plan) -> None:
    """Refuse a run that was planned on another cursor: it would read files twice, or none.

    Raises:
        CursorMovedError: it was.
    """
    if why := moved(job, store, plan):
        raise CursorMovedError(f"run {plan.run_id}: {why}. Run the job again: it starts over")


def _by(last: Entry | None) -> str:
    if last is None or last.by == "run":
        return ""
    return f" by ingest cursor {last.by} ({last.about.get('at', '')})"


def _layout(page: dict[str, Any]) -> Layout | None:
    if not page:
        return None
    return Layout(schema_from_json(page["schema"]), page["facts"])


def _elsewhere(job: Job, store: Store) -> tuple[str, ...]:
    """Say that the job has read files for other outputs, which does not count for this one."""
    others = outputs_of(store, job.name)
    if not others:
        return ()
    return (
        f"all files are new to {job.sink.uri}: files are read once for each output, and so far "
        f"this job has published to {others[0]}"
        + (f" and {len(others) - 1} more" if len(others) > 1 else ""),
    )
