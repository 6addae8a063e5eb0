"""Removing a run from a state, in steps that the next cleaning continues wherever they were cut.

1. `runs/<run_id>/removed.json` is created, durably: from here on the run is not there any more;
2. what its target has noted of it goes, the beginning before the end;
3. what it has staged goes;
4. its records go, all but the mark, and but the plan where its rows were appended and still are
   there: by that a later run knows that it would add the same inputs again.

Its name stays among those of the job's runs, which say which run came after which.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Literal

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError, FatalError, IngestError
from ingest.driver.abandoning import abandon
from ingest.driver.holding import leases
from ingest.driver.recorded import recorded_job
from ingest.records.endings import REMOVED
from ingest.records.environment import who
from ingest.records.history import History
from ingest.records.lease import LeaseHeldError, trim
from ingest.records.ledger import Ledger
from ingest.records.reader import Reader
from ingest.records.receipts import history_of
from ingest.records.runs import Runs
from ingest.records.targets import Target
from ingest.sinks.leftovers import published_runs, remove_staged
from ingest.storage.objects import Store

PLAN = ("plan.json", "plan")

Was = Literal["done", "abandoned", "unfinished", "not begun", "removed"]
"""How a run stands that goes: the last is what an earlier cleaning has begun to remove."""


@dataclass(frozen=True, slots=True)
class Old:
    """A run that goes; `bytes` are those of its records that go."""

    run_id: str
    job: str
    was: Was
    bytes: int


class Removal:
    """Removes runs from one state; remembers whose rows are where."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._runs = Runs(store)
        self._standing: dict[str, set[str]] = {}

    def remove(self, old: Old) -> list[str]:
        """Remove a run; return what of it is left, which nobody reads.

        Raises:
            LeaseHeldError: it is unfinished, and somebody works on it: it stays as it is.
            IngestError: the storage failed, or the run's records are damaged.
        """
        if old.was == "unfinished":
            return self._discard(old)
        if old.was != "removed":
            self._mark(old)
        self._finish(old)
        return []

    def parts(self, run_id: str) -> list[str]:
        """Return the names of those records of a marked run that go."""
        stays = {REMOVED, *(PLAN if self._needs_plan(run_id) else ())}
        return [name for name in self._store.names(f"runs/{run_id}") if name not in stays]

    def _discard(self, old: Old) -> list[str]:
        """Discard an unfinished run, if nobody works on it, and then remove it."""
        job = recorded_job(self._runs, old.run_id)
        with leases(self._store, job):
            reader = Reader(self._store, old.run_id)
            if History.of(reader.events()).phase not in {"new", "planned"}:
                raise LeaseHeldError("it was resumed in the meantime")
            ledger = Ledger(self._store, old.run_id, after=reader.read)
            left = abandon(self._store, ledger, job, "ingest clean --unfinished")
            self._mark(old)
            self._finish(old)
        return left

    def _mark(self, old: Old) -> None:
        """Put on record that the run is removed, and what is to be known of it from then on."""
        page: dict[str, Any] = {"job": old.job, "was": old.was}
        with suppress(FatalError):
            history = history_of(self._store, old.run_id)
            page |= {"started_at": history.started_at, "ended_at": history.ended_at}
            page["rows"] = history.totals.summary
        places = self._runs.outputs(old.job, old.run_id)
        page |= {"places": places, "plan": old.was == "done" and self._appended(old.run_id)}
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._runs.mark_removed(old.run_id, {**page, "at": at, **who()})

    def _finish(self, old: Old) -> None:
        places = self._runs.outputs(old.job, old.run_id)
        if main := places.get("main"):
            Target(self._store, main).forget(old.run_id)
        reached = self._runs.reached_by(old.job, old.run_id)
        for output, place in places.items():
            with suppress(IngestError):  # gone, or not to be written any more: nobody reads there
                remove_staged(place, old.run_id, reached.get(output))
        for name in self.parts(old.run_id):
            self._store.remove(f"runs/{old.run_id}/{name}")

    def _needs_plan(self, run_id: str) -> bool:
        """Say whether a marked run's plan stays: its rows were appended and are still there."""
        mark = self._runs.removed(run_id) or {}
        main = mark.get("places", {}).get("main", "")
        if not mark.get("plan") or not main:
            return bool(mark.get("plan"))
        if main not in self._standing:
            reached = self._runs.reached_by(str(mark.get("job", "")), run_id)
            self._standing[main] = published_runs(main, reached.get("main"))
        return run_id in self._standing[main]

    def _appended(self, run_id: str) -> bool:
        try:
            return recorded_job(self._runs, run_id).sink.write_disposition == "append"
        except (ConfigError, FatalError):  # nobody can tell: a plan more is no loss
            return True


def trim_leases(store: Store, jobs: Sequence[str]) -> None:
    """Remove the leases of jobs, and of the places they publish to, that nobody looks at again."""
    runs = Runs(store)
    for job in jobs:
        trim(store, f"jobs/{job}/lease")
    outputs = (runs.outputs(job, run_id) for job in jobs for run_id in runs.of_job(job))
    for place in sorted({places["main"] for places in outputs if "main" in places}):
        trim(store, Target(store, place).folder)
