"""Discarding a run: on record first, so that nobody resumes it, then what it had staged."""

from contextlib import suppress
from typing import Any

from ingest.core.errors import ConfigError, FatalError, IngestError
from ingest.driver.places import anchored
from ingest.driver.publishing.order import effects_of, own_effects
from ingest.job import Job
from ingest.records.environment import who
from ingest.records.events import AttemptBegan, RunAbandoned
from ingest.records.history import History
from ingest.records.ledger import Ledger
from ingest.records.reader import Reader
from ingest.records.runs import Runs
from ingest.records.targets import Target
from ingest.storage.objects import Store


def abandon(store: Store, ledger: Ledger, job: Job, why: str) -> list[str]:
    """Discard a run that is not committed; `job` is the run's own.

    Returns what of it could not be removed: that is no reason not to begin a new one.
    """
    ledger.begin(AttemptBegan(**who()))
    ledger.append(RunAbandoned())
    ledger.flush()
    runs = Runs(store)
    runs.give_up(ledger.run_id, {"at": ledger.now(), **who(), "why": why})
    return _discard(store, ledger.run_id, job)


def give_up_unread(store: Store, ledger: Ledger, job: Job, why: str) -> list[str]:
    """Discard a run whose ledger cannot be read, unless it may have begun to publish.

    The ledger is taken over first: an attempt that was only stopped can commit no more. Then its
    begin marker at the target tells: it is written before every commit.

    Raises:
        FatalError: the run is committed, or may be; half an output could be visible.
    """
    runs, run_id = Runs(store), ledger.run_id
    committed = ledger.seize()
    target = Target(store, anchored(job, _places(runs, run_id)).sink.uri)
    marker = target.begun(run_id)
    if target.ended(run_id):
        return []  # it has published all of its output: there is nothing left to discard
    if committed or marker:
        found = "its commit record is in the ledger" if committed else f"there is {marker}"
        raise FatalError(
            f"--fresh: run {run_id} cannot be discarded: its ledger cannot be read, and "
            f"{found}: the run may have begun to publish. {why.partition('. ')[0]}. Restore "
            "the ledger from a backup and finish the run. Without a backup: check whether the "
            "output is complete, remove incomplete files, then remove "
            f"{marker or 'runs/' + run_id} and start again"
        )
    runs.give_up(run_id, {"at": ledger.now(), **who(), "why": why})
    return _discard(store, run_id, job)


def withdraw(store: Store, run_id: str, job: Job) -> None:
    """Remove what a fenced attempt has staged since its run was given up, if it was.

    Whoever gave it up has removed what lay there then, and nobody else comes back to it.
    """
    runs = Runs(store)
    ended = History.of(Reader(store, run_id).events()).phase == "abandoned"
    if ended or runs.given_up(run_id):
        _discard(store, run_id, job)


def _discard(store: Store, run_id: str, job: Job) -> list[str]:
    """Remove what a run has staged, where it was staged: paths may lead elsewhere from here."""
    left: list[str] = []
    job = anchored(job, _places(Runs(store), run_id))
    try:
        effects = effects_of(job, store)
    except ConfigError as error:  # of another package, which cannot be imported any more
        effects, left = own_effects(job, store), [str(error)]
    for effect in effects:
        try:
            effect.discard(run_id)
        except IngestError as error:
            reason = str(error).removesuffix(", then run again")
            left.append(
                f"staged files of run {run_id} could not be removed; no reader sees them: {reason}"
            )
    return left


def _places(runs: Runs, run_id: str) -> dict[str, Any]:
    with suppress(FatalError):  # a damaged page of facts does not keep a run from being given up
        return dict(runs.facts(run_id).get("places", {}))
    return {}
