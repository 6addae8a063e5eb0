"""What a run of a job does now: resume the unfinished run, start over in its place, or begin."""

from collections.abc import Callable
from dataclasses import field
from functools import partial
from typing import Literal

from ingest.core.clock import Clock
from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError, FatalError
from ingest.driver.abandoning import abandon, give_up_unread
from ingest.driver.elsewhere import half_published, kept, led_elsewhere
from ingest.driver.places import outputs_of
from ingest.driver.recorded import Run, read_ledger, recorded_job
from ingest.driver.resuming import SHOWN, refuse_differing, reopen
from ingest.driver.starting_over import reason
from ingest.job import Job
from ingest.records.endings import ending
from ingest.records.history import History
from ingest.records.ledger import Ledger
from ingest.records.runs import Runs
from ingest.records.succession import Succession
from ingest.storage.objects import Store
from ingest.storage.store import state_option


@dataclass(slots=True)
class Decision:
    """What is to be done, before anything is: it changes nothing by itself.

    `run_id` is the unfinished run that this is about, if there is one, and `history` what its
    ledger says; None if that cannot be read. `run` is that run if it is resumed. If a new one
    begins in its place, `why` says why in half a sentence, empty if that was asked for, and
    `discard` discards it and returns warnings. `notes` is what else there is to say.
    """

    would: Literal["begin", "resume", "start over"] = "begin"
    run_id: str = ""
    history: History | None = None
    run: Run | None = None
    why: str = ""
    discard: Callable[[], list[str]] | None = None
    notes: list[str] = field(default_factory=list)


def decide(
    job: Job, store: Store, clock: Clock, *, fresh: bool = False, differences: int = SHOWN
) -> Decision:
    """Say what a run of the job does; with `fresh` its unfinished run is discarded.

    A run that is committed is only finished, whatever the job is now, before any other run of the
    job is planned. One that is not is resumed, or the job starts over (see `starting_over`). Runs
    to other outputs are left alone. A refusal shows up to so many `differences` between the job
    then and now.

    Raises:
        ConfigError: the unfinished run has completed partitions and was made from another job; or
            `fresh` is asked for while a committed publish is unfinished.
        FatalError: the records of the unfinished run are damaged.
    """
    succession = Succession(store, job.name)
    other, uri = half_published(job, store, succession)
    if other:
        return _finished_first(job, store, clock, other, uri, fresh=fresh)
    before = succession.before(outputs_of(job))
    for run_id in [*before, *led_elsewhere(job, store, succession)]:
        try:
            ledger, history = read_ledger(store, run_id, clock)
        except FatalError as error:
            if ending(store, run_id):  # of an ended run nothing more is needed
                continue
            if not fresh:
                raise
            unread = Ledger(store, run_id, clock)
            discard = partial(give_up_unread, store, unread, job, why=str(error))
            return Decision("start over", run_id, discard=discard)
        if history.phase in {"done", "abandoned"}:
            continue
        decision = _after(job, store, ledger, history, fresh=fresh, shown=differences)
        if decision.would == "start over":
            decision.notes = kept(job, store, succession, besides=run_id)
        return decision
    return Decision(notes=kept(job, store, succession))


def _finished_first(
    job: Job, store: Store, clock: Clock, run_id: str, uri: str, *, fresh: bool
) -> Decision:
    ledger, history = read_ledger(store, run_id, clock)
    decision = _after(job, store, ledger, history, fresh=fresh)
    note = f"Run {run_id} to {uri} has begun to publish, so it is finished first. "
    decision.notes = [f"{note}To publish to {job.sink.uri}, run the same command again"]
    return decision


def _after(
    job: Job, store: Store, ledger: Ledger, history: History, *, fresh: bool, shown: int = SHOWN
) -> Decision:
    """Decide about an unfinished run."""
    runs, run_id = Runs(store), ledger.run_id
    if history.phase == "committed" and fresh:
        raise ConfigError(
            f"--fresh: run {run_id} has begun to publish and can only be finished. Finish it "
            f"first: ingest resume {run_id}{state_option(runs.place, job.state_connection_name)}"
        )
    why = "--fresh"
    if not fresh:
        why = "it ended before it had a plan"
        if history.phase != "new":
            reopened = reopen(runs, run_id, ledger, history, job)
            why = reason(reopened, job, store) if history.phase == "planned" else ""
            if not why:
                refuse_differing(runs, reopened, shown)
                return Decision("resume", run_id, history, reopened.run)
    discard = partial(abandon, store, ledger, _recorded_or(runs, run_id, job), why)
    return Decision("start over", run_id, history, why="" if fresh else why, discard=discard)


def _recorded_or(runs: Runs, run_id: str, job: Job) -> Job:
    """Return the recorded job of a run to discard, or if it cannot be read the job as it is now."""
    try:
        return recorded_job(runs, run_id)
    except FatalError:
        return job
