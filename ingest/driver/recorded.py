"""A run as this process has it in hand: what was recorded, and the job that it publishes by."""

from collections.abc import Callable, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any

import yaml
from pydantic import ValidationError

from ingest.config.load import restore
from ingest.core.clock import Clock
from ingest.core.dataclass import dataclass
from ingest.core.errors import FatalError
from ingest.driver.places import anchored
from ingest.driver.tasks import context_of, fingerprints
from ingest.job import Job
from ingest.records.events import Event
from ingest.records.history import History, Listener
from ingest.records.ledger import Ledger
from ingest.records.reader import Reader
from ingest.records.runs import RESTORE, Runs
from ingest.storage.objects import Store


@dataclass(slots=True)
class Run:
    """A run that this process is about to work on, under its leases.

    `job` is the job as it was recorded when the run was made, which is what the run publishes by.
    `notes` are told as they are; `changes` and `warnings` say what is not as it was then and does
    not stand in the way. `replaces` discards the run that a new one takes the place of, and returns
    warnings; it is called right before the new one is put on record.
    """

    run_id: str
    job: Job
    facts: dict[str, Any]
    ledger: Ledger
    history: History
    resumed: bool
    notes: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    replaces: Callable[[], list[str]] | None = None

    def watched_by(self, listeners: Sequence[Listener]) -> None:
        """Have the history kept up to date from now on, and handed on with each event."""

        def tell(event: Event) -> None:
            self.history.see(event)
            for listener in listeners:
                listener(event, self.history)

        self.ledger.listen(tell)

    @property
    def loaded_at(self) -> datetime:
        """When the run was made, UTC: the "now" of all its rows."""
        return datetime.fromisoformat(self.facts["loaded_at"])

    @property
    def changed_steps(self) -> str:
        """Say which steps depend on something that is not as it was when the run was made."""
        now = fingerprints(self.job, context_of(self.job, self.run_id, self.loaded_at))
        then = self.facts["fingerprints"]
        steps = [name for name in now if now[name] != then.get(name)]
        if not steps:
            return ""
        return f"what {', '.join(steps)} depends on (a table, a function, a secret) has changed"


def read_history(store: Store, run_id: str) -> History:
    """Return what the ledger of a run says.

    Raises:
        FatalError: it is damaged, or gone although the run has a plan.
    """
    return _checked(store, Reader(store, run_id))


def read_ledger(store: Store, run_id: str, clock: Clock | None = None) -> tuple[Ledger, History]:
    """Return what a ledger says, and the ledger itself, to be taken over from where that ends.

    Raises:
        FatalError: it is damaged, or gone although the run has a plan.
    """
    reader = Reader(store, run_id)
    history = _checked(store, reader)
    return Ledger(store, run_id, clock, after=reader.read), history


def _checked(store: Store, reader: Reader) -> History:
    history = History.of(reader.events())
    if not history.attempt and store.exists(f"runs/{reader.run_id}/plan.json"):
        place = store.uri(reader.folder)
        raise FatalError(f"{place}: the ledger is missing, but the run has a plan. {RESTORE}")
    return history


def recorded_job(runs: Runs, run_id: str) -> Job:
    """Return the job as it was when the run was made, with its outputs where they were then.

    Raises:
        FatalError: the record is damaged, or this version of ingest cannot read it.
    """
    return anchored(as_written(runs, run_id), runs.facts(run_id).get("places", {}))


def as_written(runs: Runs, run_id: str) -> Job:
    """Return the job as it was when the run was made, with its paths as they were written.

    Raises:
        FatalError: the record is damaged, or this version of ingest cannot read it.
    """
    try:
        return restore(Job, runs.config(run_id))
    except (ValidationError, ValueError, yaml.YAMLError) as error:
        raise damaged_job(runs, run_id, error) from None


def damaged_job(runs: Runs, run_id: str, error: Exception) -> FatalError:
    """Make the error for a recorded job that cannot be read."""
    said = " ".join(str(error).split())
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        said = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    wrote = runs.facts(run_id).get("versions", {}).get("ingest", "another version")
    return FatalError(
        f"{runs.uri(run_id, 'job.yaml')}: the recorded job cannot be read: {said}. It was "
        f"written by ingest {wrote}. If the file is complete, resume with that version. "
        f"{RESTORE}"
    )
