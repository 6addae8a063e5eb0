"""What a run of a job would do now, without doing any of it: for `ingest plan`."""

import sys
from contextlib import suppress
from typing import Any

from ingest.core.clock import SystemClock
from ingest.core.errors import ConfigError, FatalError
from ingest.driver.deciding import Decision, decide
from ingest.driver.inputs import compared, left_out, refusal
from ingest.driver.places import outputs_of
from ingest.driver.recorded import read_history
from ingest.driver.resuming import ADD_FRESH, refuse_changed_steps
from ingest.driver.starting_over import FAILED
from ingest.job import Job
from ingest.records.history import DOOMED, History
from ingest.records.plans import Plan
from ingest.records.runs import Runs, command_of
from ingest.records.succession import Succession
from ingest.storage.objects import Store


def prospect(job: Job, store: Store) -> dict[str, Any]:
    """Say what a run of the job would do, as plain data. Changes nothing.

    `would` is begin, resume, start over or refuse, `because` says why, in lines, and `notes` what
    else a run would say. Of an unfinished run it also holds how far that is.
    """
    try:
        decision = decide(job, store, SystemClock(), differences=sys.maxsize)
        late = _refuse_stale(decision, job, store)
    except (ConfigError, FatalError) as error:
        return _refused(job, store, error)
    page: dict[str, Any] = {"would": decision.would, "because": [], "notes": decision.notes}
    if decision.run:
        again = _fails_again(decision.run.history)
        page["because"] = [*again, *decision.run.changes, *decision.run.warnings, *late]
    elif decision.why:
        page["because"] = [decision.why]
    return page | (_standing(decision.run_id, decision.history) if decision.run_id else {})


def _fails_again(history: History) -> list[str]:
    """Say that a run which is resumed would fail as it did: neither job nor input has changed."""
    if history.phase != "planned" or history.failure not in DOOMED:
        return []
    why = f"{FAILED[history.failure]}, and neither the job nor its input has changed since"
    return [f"it would fail again: {why}. Once you have changed one of them, a run starts over"]


def _refuse_stale(decision: Decision, job: Job, store: Store) -> list[str]:
    """Look for what would end the next attempt of a run before it works, and what it leaves out.

    Raises:
        ConfigError, FatalError: what the run reads is not what was planned.
    """
    if decision.run is None or decision.run.history.phase != "planned":
        return []
    refuse_changed_steps(Runs(store), decision.run)
    plan = Plan(store, decision.run_id)
    accept_touched = job.execution.touched_inputs == "accept"
    found = compared(decision.run, plan, store, accept_touched=accept_touched)
    if found.refused:
        raise FatalError(refusal(found, ADD_FRESH))
    new = found.open["new"] + found.settled["new"]
    run = decision.run
    then = command_of(run.facts, run.job.name)
    return left_out(run.job, then, new, found.examples.get("new", ()))


def _refused(job: Job, store: Store, error: ConfigError | FatalError) -> dict[str, Any]:
    page = {"would": "refuse", "because": str(error).splitlines(), "notes": []}
    for run_id in Succession(store, job.name).before(outputs_of(job)):
        standing = _standing(run_id, _history(run_id, store))
        if standing.get("phase") not in {"done", "abandoned"}:
            return page | standing
    return page


def _history(run_id: str, store: Store) -> History | None:
    with suppress(FatalError):
        return read_history(store, run_id)
    return None


def _standing(run_id: str, history: History | None) -> dict[str, Any]:
    """Return how far an unfinished run is; only its id if its ledger cannot be read."""
    if history is None:
        return {"run_id": run_id}
    return {
        "run_id": run_id,
        "phase": history.phase,
        "ended": history.ended,
        "attempts": history.attempt,
        "settled": history.totals.partitions,
        "partitions": history.partitions,
    }
