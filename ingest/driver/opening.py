"""Which run to work on: a new one, or the one that an earlier attempt left unfinished."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import yaml

from ingest.core.clock import Clock
from ingest.core.errors import ConfigError
from ingest.core.storage import Store
from ingest.driver.publishing import sinks_of
from ingest.job import Job
from ingest.records.environment import environment
from ingest.records.history import History
from ingest.records.ledger import Ledger
from ingest.records.runs import Runs, new_run_id

IDENTITY = {"name", "source", "transforms", "contract", "sink", "execution"}
"""The parts of a job that decide which rows come out."""


@dataclass(slots=True)
class Run:
    """A run that this process is about to work on, under its leases.

    `job` is the job as it was recorded when the run was made, which is what the run publishes by.
    """

    run_id: str
    job: Job
    facts: dict[str, Any]
    ledger: Ledger
    history: History
    resumed: bool

    @property
    def loaded_at(self) -> datetime:
        """When the run was made, UTC: the "now" of all its rows."""
        return datetime.fromisoformat(self.facts["loaded_at"])


def open_run(job: Job, store: Store, clock: Clock, *, fresh: bool) -> Run:
    """Return the job's unfinished run if it has one, or a new one, which is not on record yet.

    With `fresh`, an unfinished run is abandoned first: its ledger says so before anything else
    happens, so that nobody can go on with it.

    Raises:
        ConfigError: the unfinished run was made from another config, or `fresh` is asked for while
            a committed publish is unfinished.
    """
    runs = Runs(store)
    made = runs.of_job(job.name)
    for run_id in made[-1:]:
        ledger = Ledger(store, run_id, clock)
        history = History.of(ledger.events())
        if history.phase in {"done", "abandoned"}:
            break
        if history.phase == "committed":
            if fresh:
                raise ConfigError(
                    f"--fresh: run {run_id} has begun to publish and can only be finished. "
                    f"Finish it first: python -m ingest.run +job={job.name}"
                )
            return _resume(runs, run_id, ledger, history)
        if fresh or history.phase == "new":
            _abandon(runs, run_id, ledger)
            break
        _refuse_changes(runs, run_id, job)
        return _resume(runs, run_id, ledger, history)
    now = clock.now()
    run_id = new_run_id(now, after=max(made, default=None))
    facts = {"loaded_at": now.isoformat(), "identity": identity(job), **environment()}
    return Run(run_id, job, facts, Ledger(store, run_id, clock), History(), resumed=False)


def record(run: Run, config: str, store: Store) -> None:
    """Put a new run on record; `config` is the job as composed, in YAML."""
    Runs(store).create(run.run_id, run.job.name, config, run.facts)


def identity(job: Job) -> str:
    """Return a digest of the parts of a job that decide which rows come out."""
    return hashlib.sha256(json.dumps(_identity(job), sort_keys=True).encode()).hexdigest()


def recorded_job(runs: Runs, run_id: str) -> Job:
    """Return the job as it was when the run was made."""
    return Job.model_validate(yaml.safe_load(runs.config(run_id)))


def _resume(runs: Runs, run_id: str, ledger: Ledger, history: History) -> Run:
    return Run(
        run_id, recorded_job(runs, run_id), runs.facts(run_id), ledger, history, resumed=True
    )


def _abandon(runs: Runs, run_id: str, ledger: Ledger) -> None:
    ledger.begin({})
    ledger.append("abandoned")
    ledger.flush()
    for sink in sinks_of(recorded_job(runs, run_id)).values():
        sink.discard(run_id)


def _refuse_changes(runs: Runs, run_id: str, job: Job) -> None:
    if runs.facts(run_id)["identity"] == identity(job):
        return
    before, now = _flat(_identity(recorded_job(runs, run_id))), _flat(_identity(job))
    changed = [
        f"  {key}: was {json.dumps(before.get(key))}, is {json.dumps(now.get(key))}"
        for key in sorted(before.keys() | now.keys())
        if before.get(key) != now.get(key)
    ]
    raise ConfigError(
        f"run {run_id} of this job is unfinished, and the job has changed since it was planned:",
        *changed,
        "Undo the change to finish that run, or give the run up and start anew with: --fresh",
    )


def _identity(job: Job) -> dict[str, Any]:
    page = job.model_dump(mode="json", include=IDENTITY)
    page["execution"] = {"seed": job.execution.seed, "python": job.execution.python}
    return page


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        found: dict[str, Any] = {}
        for key, inner in items:
            found |= _flat(inner, f"{path}.{key}" if path else str(key))
        return found
    return {path: value}
