"""When a run is not worth resuming: where nothing is lost, and where resuming cannot help."""

from ingest.driver.cursors import moved
from ingest.driver.inputs import compared
from ingest.driver.resuming import Reopened
from ingest.job import Job
from ingest.records.history import DOOMED
from ingest.records.plans import Plan
from ingest.storage.objects import Store

FAILED = {
    "contract": "it failed its contract",
    "bad_row": "a row broke the contract",
    "job": "a setting, a step or a value made it fail",
}
"""What happened in a failure that repeats, in half a sentence."""
_CHANGED = {"changed": "changed", "vanished": "gone", "touched": "touched", "new": "new"}


def reason(reopened: Reopened, now: Job, store: Store) -> str:
    """Say why a run that is not committed is not resumed, in half a sentence, or nothing.

    A run that has completed partitions is not given up lightly: it must have failed in a way that
    resuming cannot help, or the job's cursor was changed, so that it could not be committed.
    Whoever only stopped it may have changed the job for another reason, and whoever types the
    command in another folder may not mean to begin.
    """
    history = reopened.run.history
    if changed := moved(reopened.run.job, store, Plan(store, reopened.run.run_id)):
        return changed
    how = FAILED.get(history.failure, "")
    if history.failure == "stale_plan":
        how = "its input has changed"
    elif not how and not history.totals.partitions:
        how = "it has completed no partition"
    if not how or reopened.moved:
        return ""
    if reopened.differing:
        return f"{how}, and the job has changed since"
    if changed := reopened.run.changed_steps:
        return f"{how}, and {changed} since"
    return _by_inputs(reopened, now, store, how)


def _by_inputs(reopened: Reopened, now: Job, store: Store, how: str) -> str:
    run, accept_touched = reopened.run, now.execution.touched_inputs == "accept"
    found = compared(run, Plan(store, run.run_id), store, accept_touched=accept_touched)
    if run.history.failure == "stale_plan":
        # what was only touched may be what was planned, put back: whoever knows can accept it
        return how if set(found.refused) - {"touched"} else ""
    differ: object = found.refused
    if run.history.failure == "job":  # only an input that was not read can be the fix
        differ = set(found.refused) - {"touched"}
    elif run.history.failure in DOOMED:  # a new one, or another version of one that was read, too
        differ = found.examples
    counts = found.open + found.settled
    said = ", ".join(f"{count:,} {_CHANGED[fate]}" for fate, count in sorted(counts.items()))
    return f"{how}, and its input files have changed since ({said})" if differ else ""
