"""Discarding a run: on record first, so that nobody resumes it, then what it had staged."""

import os
import socket
from contextlib import suppress

from ingest.core.errors import FatalError
from ingest.core.storage import Store
from ingest.driver.publishing import sinks_of
from ingest.job import Job
from ingest.records.history import History
from ingest.records.ledger import Ledger
from ingest.records.runs import Runs
from ingest.records.targets import Target


def abandon(store: Store, ledger: Ledger, job: Job, why: str) -> None:
    """Discard a run that is not committed; `job` is the run's own."""
    ledger.begin(_who())
    ledger.append("abandoned")
    ledger.flush()
    runs = Runs(store)
    runs.give_up(ledger.run_id, {"at": ledger.now(), **_who(), "why": why})
    _discard(runs, ledger.run_id, job)


def give_up_unread(store: Store, ledger: Ledger, job: Job, why: str) -> None:
    """Discard a run whose ledger cannot be read, unless it may have begun to publish.

    The ledger is taken over first: an attempt that was only stopped can commit no more. Then its
    begin marker at the target tells: it is written before every commit.

    Raises:
        FatalError: the run is committed, or may be; half an output could be visible.
    """
    runs, run_id = Runs(store), ledger.run_id
    committed = ledger.seize()
    target = Target(store, _place(runs, run_id, "main") or job.sink.uri)
    marker = target.begun(run_id)
    if target.ended(run_id):
        return  # it has published all of its output: there is nothing left to discard
    if committed or marker:
        found = "its commit record stands in the ledger" if committed else f"there is {marker}"
        raise FatalError(
            f"--fresh: run {run_id} cannot be discarded: its ledger cannot be read, and {found}: "
            f"it may have begun to publish. {why.partition('. ')[0]}. Restore the ledger from a "
            "backup and finish the run. Without one: look whether the output is whole, remove what "
            f"is not, then remove {marker or 'runs/' + run_id} and start again"
        )
    runs.give_up(run_id, {"at": ledger.now(), **_who(), "why": why})
    _discard(runs, run_id, job)


def withdraw(store: Store, run_id: str, job: Job) -> None:
    """Remove what a fenced attempt has staged since its run was given up, if it was.

    Whoever gave it up has removed what lay there then, and nobody else comes back to it.
    """
    runs = Runs(store)
    ended = History.of(Ledger(store, run_id).events()).phase == "abandoned"
    if ended or runs.given_up(run_id):
        _discard(runs, run_id, job)


def _discard(runs: Runs, run_id: str, job: Job) -> None:
    """Remove what a run has staged, where it was staged: paths may lead elsewhere from here."""
    for output, sink in sinks_of(job).items():
        place = _place(runs, run_id, output)
        (sink.model_copy(update={"path": place}) if place else sink).discard(run_id)


def _who() -> dict[str, str | int]:
    return {"host": socket.gethostname(), "pid": os.getpid()}


def _place(runs: Runs, run_id: str, output: str) -> str:
    with suppress(FatalError):  # a damaged page of facts does not keep a run from being given up
        return str(runs.facts(run_id).get("places", {}).get(output, ""))
    return ""
