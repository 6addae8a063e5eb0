"""The one commit of a run to a table: decided on what is there, again if somebody was faster."""

import itertools
from contextlib import suppress
from typing import Any, Protocol

import polars as pl

from ingest.core.errors import FatalError
from ingest.core.types import schema_from_json
from ingest.sinks.base import Published
from ingest.sinks.directory.agreement import Replaces
from ingest.sinks.table import agreement
from ingest.sinks.table.library import Conflict
from ingest.sinks.table.log import Log, added, create, described, told
from ingest.sinks.table.merger import Merger
from ingest.sinks.table.place import TablePlace
from ingest.sinks.table.plan import TablePlan

_COMMIT_ATTEMPTS = 100


class Table(Protocol):
    """What is asked of a sink to commit."""

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
    def primary_key(self) -> tuple[str, ...]:
        """The columns that tell rows apart, for `merge`."""
        ...

    @property
    def schema_evolution(self) -> str:
        """What happens to columns that the table lacks."""
        ...

    @property
    def uri(self) -> str:
        """Where the table is, as text."""
        ...

    @property
    def place(self) -> TablePlace:
        """Where the table is."""
        ...

    def model_dump_json(self, *, by_alias: bool) -> str:
        """Return the sink as JSON."""
        ...


class Committing:
    """A run on its way into a table."""

    def __init__(self, sink: Table, plan: TablePlan) -> None:
        self._sink = sink
        self._plan = plan
        self._place = sink.place
        self._merger = Merger(sink, plan) if sink.write_disposition == "merge" else None

    def published(self) -> Published:
        """Make the commit, unless the table has it, and say what it has come to.

        Raises:
            FatalError: another program has changed the table at the same moment, and rows that the
                run has not seen would go; or staged files are gone, or the rows no longer go with
                the table.
            RetryableError: the storage did not answer.
        """
        for _ in range(_COMMIT_ATTEMPTS):
            if log := self._place.again(self._tried):
                return self._ended(log)
        raise FatalError(
            f"{self._place.uri}: others have changed the table {_COMMIT_ATTEMPTS} times while this "
            "run tried to. Nothing was published. Run again"
        )

    def _tried(self) -> Log | None:
        """Return the log if it has the run; if not, try to commit it."""
        log = Log.open(self._place)
        if log is not None and log.has(self._plan.run_id):
            return log
        try:
            self._commit(log)
        except Conflict as conflict:
            if self._sink.write_disposition in {"append", "merge"} or self._is_there():
                return None
            raise FatalError(
                f"{self._place.uri}: another program has changed the table at the same moment, and "
                "this run replaces rows of it. Nothing was changed. Run again"
            ) from conflict
        except FatalError:
            if not self._is_there():  # else another driver was faster, and has tidied up
                raise
        return None

    def _is_there(self) -> bool:
        log = Log.open(self._place)
        return log is not None and log.has(self._plan.run_id)

    def _commit(self, log: Log | None) -> None:
        """Commit the run on top of what was read."""
        plan, frame = self._plan, pl.DataFrame(schema=schema_from_json(self._plan.schema))
        for line in plan.adds():
            if problem := vanished(self._place, line["add"], line["bytes"]):
                raise FatalError(f"{problem}. Nothing was published. Restore it, then run again")
        if log is None:
            by = self._sink.partition_by
            create(self._place, plan.mark(), frame, by, plan.adds())
            return
        columns = described(frame)
        for problem in agreement.shape(self._sink, log, columns):
            raise FatalError(f"{self._place.uri}: {problem}. Nothing was published")
        if new := [field for name, field in columns.items() if name not in log.columns]:
            with suppress(Conflict):  # removes nothing: whatever came first is read next
                log.add_columns(new)
        elif self._merger is not None:
            merged = self._merger.merged(log)
            adds = itertools.chain(plan.adds(), merged.adds)
            log.commit(plan.mark(merged.updated), adds, merged.removes)
        else:
            log.commit(plan.mark(), plan.adds(), agreement.replaced(self._sink, log, plan))

    def _ended(self, log: Log) -> Published:
        """Say what a run has come to that the table has, and remove what only its lost tries left.

        Without the log of its commit, which expires after 30 days, it is not known how many rows of
        a merge were there before; `facts` say so.
        """
        plan = self._plan
        self._place.sync_log()
        rows = inserted = plan.counts["rows"]
        facts: dict[str, Any] = {"files": plan.counts["files"]}
        kept = {line["add"] for line in plan.adds()}
        commit = log.commit_of(plan.run_id)
        if commit is not None:
            version, actions = commit
            facts |= {"version": version, "removed": sum("remove" in each for each in actions)}
            kept |= added(actions)
            inserted = int(told(actions).get("inserted", rows))
        elif self._merger is not None:
            facts["updated"] = "unknown: the log of the commit has expired"
        if commit is not None or self._merger is None:
            names = [name for name, _ in self._place.files(plan.run_id) if name not in kept]
            self._place.remove(names)
        return Published(rows, inserted=inserted, updated=rows - inserted, facts=facts)


def vanished(place: TablePlace, name: str, size: int) -> str:
    """Say what became of a staged file; empty if it is as it was staged."""
    now = place.size(name)
    if now is None:
        return f"{place.at(name)}: staged: the file has vanished"
    return "" if now == size else f"{place.at(name)}: staged: {now} of {size} bytes are left"
