"""Which run to work on: a new one, or the one that an earlier attempt left unfinished."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ingest.config.load import restore
from ingest.core.clock import Clock
from ingest.core.errors import ConfigError, FatalError
from ingest.core.storage import Store
from ingest.driver.abandoning import abandon, give_up_unread
from ingest.driver.changes import changes, other_environment
from ingest.driver.places import anchored, linked, moved, places
from ingest.job import Job
from ingest.records.endings import ending
from ingest.records.environment import environment
from ingest.records.history import History
from ingest.records.ledger import Ledger
from ingest.records.runs import RESTORE, Runs, new_run_id

IDENTITY = {"name", "source", "transforms", "contract", "sink", "execution"}
"""The parts of a job that decide which rows come out."""


@dataclass(slots=True)
class Run:
    """A run that this process is about to work on, under its leases.

    `job` is the job as it was recorded when the run was made, which is what the run publishes by.
    `changes` and `warnings` say what is not as it was then and does not stand in the way.
    """

    run_id: str
    job: Job
    facts: dict[str, Any]
    ledger: Ledger
    history: History
    resumed: bool
    changes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def loaded_at(self) -> datetime:
        """When the run was made, UTC: the "now" of all its rows."""
        return datetime.fromisoformat(self.facts["loaded_at"])


def open_run(
    job: Job, store: Store, clock: Clock, *, fresh: bool = False, run_id: str | None = None
) -> Run:
    """Return the job's unfinished run if it has one, or a new one, which is not on record yet.

    With `fresh`, an unfinished run is abandoned first: its ledger says so before anything else
    happens, so that nobody can go on with it. With `run_id` it is this run, or nothing.

    Raises:
        ConfigError: the unfinished run was made from another config, or `fresh` is asked for while
            a committed publish is unfinished; or the run of that id cannot be gone on with.
        FatalError: the records of the unfinished run are damaged.
    """
    runs = Runs(store)
    made, left = runs.of_job(job.name), []
    if run_id is not None:
        _refuse_other(run_id, job.name, made)
        return _resume(runs, run_id, *_open_ledger(runs, run_id, store, clock, job), job)
    last = made[-1] if made else ""
    if last and runs.exists(last) and not runs.given_up(last):
        ledger = Ledger(store, last, clock)
        try:
            history = _history(ledger, store)
        except FatalError as error:
            if not ending(store, last):  # of an ended run nothing more is needed
                if not fresh:
                    raise
                left = give_up_unread(store, ledger, job, why=str(error))
        else:
            if history.phase == "committed" and fresh:
                raise ConfigError(
                    f"--fresh: run {last} has begun to publish and can only be finished. "
                    "Finish it first: the same command without --fresh"
                )
            if history.phase == "committed" or (history.phase == "planned" and not fresh):
                return _resume(runs, last, ledger, history, job)
            if history.phase in {"new", "planned"}:
                why = "--fresh" if fresh else "it ended before it had a plan"
                left = abandon(store, ledger, _recorded_or(runs, last, job), why)
    now = clock.now()
    new = new_run_id(now, after=last or None)
    recorded = places(job)
    facts = {
        "loaded_at": now.isoformat(),
        "identity": identity(job),
        "folder": str(Path.cwd()),
        "places": recorded,
        **environment(),
    }
    ledger = Ledger(store, new, clock)
    job = anchored(job, recorded)
    return Run(new, job, facts, ledger, History(), resumed=False, warnings=left)


def prospect(job: Job, store: Store) -> dict[str, Any]:
    """Say what a run of the job would do now: of an unfinished one, whether it would go on.

    Changes nothing. Empty if the next run is a new one anyway.
    """
    runs = Runs(store)
    last = next(iter(runs.of_job(job.name)[-1:]), "")
    if not last or not runs.exists(last) or runs.given_up(last):
        return {}
    page: dict[str, Any] = {"run_id": last, "would": "resume", "because": []}
    try:
        ledger = Ledger(store, last)
        history = _history(ledger, store)
        if history.phase not in {"planned", "committed"}:
            return {}
        page |= {
            "phase": history.phase,
            "ended": history.ended,
            "attempts": history.attempt,
            "settled": history.totals.partitions,
            "partitions": history.partitions,
        }
        run = _resume(runs, last, ledger, history, job)
    except (ConfigError, FatalError) as error:
        if ending(store, last) and "phase" not in page:
            return {}
        return page | {"would": "refuse", "because": str(error).splitlines()}
    return page | {"because": [*run.changes, *run.warnings]}


def _history(ledger: Ledger, store: Store) -> History:
    """Return what a ledger says.

    Raises:
        FatalError: it is damaged, or gone although the run has a plan.
    """
    history = History.of(ledger.events())
    if not history.attempt and store.exists(f"runs/{ledger.run_id}/plan.json"):
        place = store.uri(f"runs/{ledger.run_id}/ledger")
        raise FatalError(f"{place}: the ledger is missing, and the run has a plan. {RESTORE}")
    return history


def record(run: Run, config: str, store: Store) -> None:
    """Put a new run on record; `config` is the job as composed, in YAML."""
    Runs(store).create(run.run_id, run.job.name, config, run.facts)


def identity(job: Job) -> str:
    """Return a digest of the parts of a job that decide which rows come out."""
    page = job.model_dump(mode="json", include=IDENTITY)
    page["execution"] = {"seed": job.execution.seed, "python": job.execution.python}
    return hashlib.sha256(json.dumps(page, sort_keys=True).encode()).hexdigest()


def recorded_job(runs: Runs, run_id: str) -> Job:
    """Return the job as it was when the run was made, with its outputs where they were then.

    Raises:
        FatalError: the record is damaged, or this version of ingest cannot read it.
    """
    return anchored(_as_written(runs, run_id), runs.facts(run_id).get("places", {}))


def _as_written(runs: Runs, run_id: str) -> Job:
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
        f"{runs.uri(run_id, 'job.yaml')}: the job as recorded cannot be read: {said}. It was "
        f"written by ingest {wrote}; if it is whole, resume with that version. {RESTORE}"
    )


def _refuse_other(run_id: str, job: str, made: list[str]) -> None:
    """Refuse to resume what is not the last run of its job: it would publish over a later one."""
    if made[-1:] != [run_id]:
        raise ConfigError(
            f'run {run_id}: not the last run of job "{job}": {made[-1] if made else "none"} came '
            "after it. Only the last one can be resumed, or old rows would replace newer ones. "
            f" Look at it: ingest status {made[-1] if made else ''}".rstrip()
        )


def _open_ledger(
    runs: Runs, run_id: str, store: Store, clock: Clock, job: Job
) -> tuple[Ledger, History]:
    """Return ledger and history of a run that can be gone on with.

    Raises:
        ConfigError: it is done, given up, or was never planned.
    """
    ledger = Ledger(store, run_id, clock)
    anew = f"ingest run +job={job.name}, with the options and settings that it was started with"
    if marked := runs.given_up(run_id):
        raise ConfigError(
            f"run {run_id}: discarded with --fresh {marked.get('at', '')}: it cannot be resumed. "
            f"Start a new run: {anew}"
        )
    history = History.of(ledger.events())
    if history.phase == "done":
        raise ConfigError(
            f"run {run_id}: done already, {history.ended_at}. Its receipt: "
            f"{runs.uri(run_id, 'receipt.json')}. For a new run: {anew}"
        )
    if history.phase == "abandoned":
        raise ConfigError(
            f"run {run_id}: discarded with --fresh {history.ended_at}: it cannot be resumed. "
            f"Start a new run: {anew}"
        )
    if history.phase == "new":
        raise ConfigError(
            f"run {run_id}: it ended before it had a plan: there is nothing to resume. Start a "
            f"new run: {anew}"
        )
    return ledger, history


def _resume(runs: Runs, run_id: str, ledger: Ledger, history: History, now: Job) -> Run:
    facts = runs.facts(run_id)
    then, recorded = _as_written(runs, run_id), facts.get("places", {})
    run = Run(run_id, anchored(then, recorded), facts, ledger, history, resumed=True)
    found = changes(then, now)
    if history.phase == "planned":
        run.warnings += other_environment(facts, environment())
        if not any(change.refused for change in found) and facts["identity"] != identity(then):
            run.warnings.append(
                "this version of ingest has other defaults or options than the one that made the "
                "run: what the job leaves open may not mean the same"
            )
        lines = [f"  {change}" for change in found if change.refused]
        lines += moved(recorded, now) if not lines else []
        if lines:
            raise ConfigError(*_refusal(runs, run_id, history, facts, lines))
    else:
        found = [change for change in found if not change.refused]
    run.changes = [str(change) for change in found]
    for problem in linked(run.job, recorded):
        raise FatalError(
            f"run {run_id}: it publishes to {problem}, where none of its files are. Put a folder "
            "there again, or move it back, then run again"
        )
    return run


def _refusal(
    runs: Runs, run_id: str, history: History, facts: dict[str, Any], lines: list[str]
) -> list[str]:
    settled = f"{history.totals.partitions:,} of {history.partitions:,} partitions completed"
    first = f"run {run_id} of this job is unfinished ({settled}), and the job has changed since it "
    folder = facts.get("folder", "its folder")
    finish = f"To finish that run as it was recorded, in {folder}: "
    finish += f"ingest resume {run_id} --state {runs.place}"
    over = "To discard that run and start over, add --fresh"
    return [f"{first}was planned:", *lines, finish, over]


def _recorded_or(runs: Runs, run_id: str, job: Job) -> Job:
    """Return the recorded job to give up, or if it cannot be read the job as it is now."""
    try:
        return recorded_job(runs, run_id)
    except FatalError:
        return job
