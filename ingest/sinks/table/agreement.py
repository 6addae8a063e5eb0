"""Whether a run goes with a table: its columns, and whose rows it would remove."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from ingest.sinks.directory.agreement import Replaces
from ingest.sinks.table.columns import differences
from ingest.sinks.table.log import Log, TableFile
from ingest.sinks.table.plan import TablePlan

_SHOWN = 5


class Publisher(Protocol):
    """What is asked of a sink to tell."""

    @property
    def write_disposition(self) -> str:
        """What becomes of the rows that are there."""
        ...

    @property
    def replaces_jobs(self) -> Replaces:
        """Whose rows may go besides the job's own."""
        ...

    @property
    def partition_by(self) -> tuple[str, ...]:
        """The partition columns."""
        ...

    @property
    def schema_evolution(self) -> str:
        """What happens to columns that the table lacks."""
        ...


def shape(sink: Publisher, log: Log, columns: Mapping[str, Any]) -> list[str]:
    """Say how a run's columns and partition columns differ from the table's."""
    if sink.partition_by != log.partition_by:
        here, there = (f"[{', '.join(names)}]" for names in (sink.partition_by, log.partition_by))
        return [f"partition_by: {here} here, {there} in the table. Write partition_by: {there}"]
    may_add = sink.schema_evolution == "add_columns"
    lines = [*differences(columns, log.columns, may_add=may_add)]
    hidden = len(lines) - _SHOWN
    return lines[:_SHOWN] + ([f"columns: {hidden} more differences"] if hidden > 0 else [])


def owners(sink: Publisher, log: Log, job: str) -> Iterator[str]:
    """Say of whom a run would remove rows that it may not remove."""
    others = sorted(
        {
            file.run_id if log.has(file.run_id) else ""
            for file in log.files()
            if not _may_go(sink, log, file, job)
        }
    )
    runs = [run_id for run_id in others if run_id]
    if runs:
        named = log.job_of(runs[-1])
        whose = f'job "{named}"' if named else "another job"
        write = f"[{', '.join(sorted({*sink.replaces_jobs, named}))}]" if named else "any"
        yield (
            f"path: the table contains rows of {whose} (last run: {runs[-1]}), and this run would "
            "remove them. Use another path. If this job replaces the other one, write "
            f"sink.replaces_jobs={write}"
        )
    if "" in others:
        yield (
            "path: the table contains rows of unknown origin: another program wrote them, or "
            "merged files (OPTIMIZE). Use another path. If this run may remove them, write "
            "sink.replaces_jobs=any"
        )


def replaced(sink: Publisher, log: Log, plan: TablePlan) -> Iterator[TableFile]:
    """Yield the files that a run removes from the table as it is now.

    Rows that it may not remove have come since it was prepared, and stay.
    """
    if sink.write_disposition == "append":
        return
    columns = log.partition_by
    parts = {tuple(add["values"][name] for name in columns) for add in plan.adds()}
    for file in log.files():
        in_the_way = sink.write_disposition == "overwrite" or file.values in parts
        if in_the_way and _may_go(sink, log, file, str(plan.head["job"])):
            yield file


def _may_go(sink: Publisher, log: Log, file: TableFile, job: str) -> bool:
    if sink.replaces_jobs == "any":
        return True
    return log.is_of(file.run_id, (job, *sink.replaces_jobs))
