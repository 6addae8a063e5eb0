"""Opening the run to work on: a new one, or the one that an earlier attempt left unfinished."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ingest.core.clock import Clock
from ingest.core.errors import ConfigError
from ingest.driver.changes import identity
from ingest.driver.deciding import decide
from ingest.driver.differences import settings_since
from ingest.driver.estimating import spent
from ingest.driver.places import anchored, places, reached_by
from ingest.driver.recorded import Run, read_history
from ingest.driver.resuming import refuse_changed_steps, refuse_differing, reopen
from ingest.job import AutoCluster, Job
from ingest.records.endings import ending
from ingest.records.environment import environment
from ingest.records.history import History
from ingest.records.holders import submission
from ingest.records.ledger import Ledger
from ingest.records.reader import Reader
from ingest.records.runs import Runs, new_run_id
from ingest.records.succession import Succession
from ingest.storage.objects import Store
from ingest.storage.store import state_option

_ENDED = {"done": "finished already", "abandoned": "was discarded"}


def open_run(
    job: Job,
    store: Store,
    clock: Clock,
    *,
    fresh: bool = False,
    run_id: str | None = None,
    surroundings: Mapping[str, Any] | None = None,
) -> Run:
    """Return the job's unfinished run if it has one, or a new one, which is not on record yet.

    With `fresh`, an unfinished run is discarded first: its ledger says so before anything else
    happens, so that nobody can resume it. One that starts over by itself is discarded only when
    the new one is put on record: until then it is as it was. With `run_id` it is this run, or
    nothing. `surroundings` are those of a new run, if they are known already.

    Raises:
        ConfigError: the unfinished run was made from another config, or `fresh` is asked for while
            a committed publish is unfinished; or the run of that id cannot be resumed.
        FatalError: the records of the unfinished run are damaged.
    """
    if run_id is not None:
        return _by_id(job, store, clock, run_id)
    decision = decide(job, store, clock, fresh=fresh)
    if decision.run:
        refuse_changed_steps(Runs(store), decision.run)
        decision.run.notes += decision.notes
        return decision.run
    run = _new(job, store, clock, surroundings)
    over = f"Discarded run {decision.run_id}: {decision.why}. Starting over"
    run.notes = [*([over] if decision.why else []), *decision.notes]
    if decision.discard and fresh:
        run.warnings = decision.discard()
    else:
        run.replaces = decision.discard
    return run


def record(run: Run, config: str, store: Store) -> None:
    """Put a new run on record, once the one that it takes the place of is discarded.

    `config` is the job as composed, in YAML.

    Raises:
        FencedError: somebody works on the other one.
    """
    if run.replaces:
        run.warnings += run.replaces()
    Runs(store).create(run.run_id, run.job.name, config, run.facts)


def _new(job: Job, store: Store, clock: Clock, surroundings: Mapping[str, Any] | None) -> Run:
    now, made = clock.now(), Runs(store).of_job(job.name)
    run_id = new_run_id(now, after=made[-1] if made else None)
    recorded = places(job)
    facts = {
        "loaded_at": now.isoformat(),
        "identity": identity(job),
        "folder": str(Path.cwd()),
        "places": recorded,
        "reached_by": reached_by(job),
        "submission": submission(),
        "before": _before(job, store, made[-1:]),
        "spent": _spent(job, store, made),
        **environment(job.packages, surroundings),
    }
    ledger = Ledger(store, run_id, clock)
    return Run(run_id, anchored(job, recorded), facts, ledger, History(), resumed=False)


def _before(job: Job, store: Store, last: list[str]) -> dict[str, Any]:
    """Return which run of the job came before, and which settings are not as in that one."""
    for run_id in last:
        if (lines := settings_since(store, run_id, job)) is not None:
            return {"run_id": run_id, "settings": lines}
    return {}


def _spent(job: Job, store: Store, made: list[str]) -> dict[str, Any]:
    """Return what the cluster is decided by; empty if that is not open, or nothing is known."""
    earlier = spent(job, store, made) if isinstance(job.cluster, AutoCluster) else None
    return asdict(earlier) if earlier else {}


def _by_id(job: Job, store: Store, clock: Clock, run_id: str) -> Run:
    """Return the run of that id.

    Raises:
        ConfigError: a later run has taken its place, it has ended, or another must be finished.
    """
    here = state_option(store.uri(), job.state_connection_name)
    _refuse_other(run_id, Succession(store, job.name), store, here)
    runs = Runs(store)
    ledger, history = _open_ledger(runs, run_id, store, clock, job)
    reopened = reopen(runs, run_id, ledger, history, job)
    refuse_differing(runs, reopened)
    refuse_changed_steps(runs, reopened.run)
    return reopened.run


def _refuse_other(run_id: str, succession: Succession, store: Store, here: str) -> None:
    """Refuse to resume what would publish over a later run, or beside a half published one."""
    if later := succession.later(run_id):
        look = f"Look at it: ingest status {later}{here}"
        if how := _ENDED.get(ending(store, run_id)):
            raise ConfigError(
                f"run {run_id}: it {how}; there is nothing to resume. The last run to its output "
                f"is {later}. {look}"
            )
        raise ConfigError(
            f"run {run_id}: run {later} to the same output came after it. Only the last run can "
            f"be resumed, or old rows would replace newer ones. {look}"
        )
    for other, uri in succession.publishing().items():
        if other != run_id and read_history(store, other).phase == "committed":
            raise ConfigError(
                f"run {run_id}: run {other} of the same job has begun to publish to {uri} and is "
                f"unfinished. Finish it first: ingest resume {other}{here}"
            )


def _open_ledger(
    runs: Runs, run_id: str, store: Store, clock: Clock, job: Job
) -> tuple[Ledger, History]:
    """Return ledger and history of a run that can be resumed.

    Raises:
        ConfigError: it is done, discarded, or was never planned.
    """
    reader = Reader(store, run_id)
    start = runs.command(run_id, job.name)
    discarded, history = runs.given_up(run_id), History()
    if not discarded:
        history = History.of(reader.events())
    if discarded or history.phase == "abandoned":
        at = discarded.get("at", "") if discarded else history.ended_at
        raise ConfigError(
            f"run {run_id}: it was discarded {at} and cannot be resumed. Start a new run: {start}"
        )
    if history.phase == "done":
        raise ConfigError(
            f"run {run_id}: it finished already, {history.ended_at}; there is nothing to resume. "
            f"Its receipt: {runs.uri(run_id, 'receipt.json')}. For a new run: {start}"
        )
    if history.phase == "new":
        raise ConfigError(
            f"run {run_id}: it ended before it had a plan, so there is nothing to resume. "
            f"Start a new run: {start}"
        )
    return Ledger(store, run_id, clock, after=reader.read), history
