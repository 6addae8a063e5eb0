"""How an attempt ended, and what to type next: what `run` and `resume` tell of it."""

import sys
from typing import TYPE_CHECKING

from ingest.core.counts import counted
from ingest.core.dataclass import dataclass
from ingest.core.errors import (
    BadRowError,
    ConfigError,
    ContractError,
    FencedError,
    IngestError,
    Interrupted,
    JobError,
    StalePlanError,
)
from ingest.storage.store import state_option

if TYPE_CHECKING:
    from ingest.driver.request import Request
    from ingest.records.history import History
    from ingest.watch.progress import Watcher

TYPED = "INGEST_TYPED"
"""The variable of a submitted run with what was typed to submit it: what is told to be typed again.
"""
_DOOMED = (BadRowError, ContractError, JobError)


@dataclass(frozen=True, slots=True)
class Advice:
    """What the user is told to type after an attempt that published nothing, or not all.

    `state` is how the place is called where the run is recorded, `state_connection` the name of the
    connection that it is reached by; `resume` resumes the run, `again` runs the job as it is then,
    `fresh` discards the run and starts over, `restored` resumes it after its inputs were put back
    (empty as long as the run has no id); `preview` shows rejected rows, empty if the job's other
    settings are not known.
    """

    state: str
    state_connection: str
    resume: str
    again: str
    fresh: str
    restored: str
    preview: str


def stopped(request: "Request", advice: Advice, history: "History") -> int:
    """Tell that the attempt was stopped, and return the exit code."""
    name = request.job.name
    if history.phase == "done":  # all that was left was to end the workers
        print(f"{name}: published. Stopped during the shutdown of the workers", file=sys.stderr)
        return 0
    print(f"{name}: stopped. {_next(advice, history)}", file=sys.stderr)
    return Interrupted.exit_code


def failed(request: "Request", advice: Advice, watching: "Watcher", error: IngestError) -> int:
    """Tell why the attempt failed, and return the exit code."""
    from ingest.driver.cursors import CursorMovedError  # noqa: PLC0415
    from ingest.records.lease import LeaseHeldError  # noqa: PLC0415

    history = watching.history
    print(f"error: {error}", file=sys.stderr)
    says_it_itself = isinstance(error, ConfigError | FencedError | LeaseHeldError)
    if says_it_itself or not history.attempt:
        return error.exit_code
    print(f"{request.job.name}: failed. {_kept(request, advice, watching, error)}", file=sys.stderr)
    if isinstance(error, _DOOMED):  # resumed as it is, it would fail so again
        if advice.preview and not isinstance(error, JobError):
            print(f"To see rejected rows in a sample: {advice.preview}", file=sys.stderr)
        print(f"Fix the input or the job, then run it again: {advice.again}", file=sys.stderr)
    elif isinstance(error, CursorMovedError):
        print(f"To start over: {advice.again}", file=sys.stderr)
    elif isinstance(error, StalePlanError):
        print(_stale(advice, watching), file=sys.stderr)
    else:
        print(_next(advice, history), file=sys.stderr)
    return error.exit_code


def _kept(request: "Request", advice: Advice, watching: "Watcher", error: IngestError) -> str:
    history = watching.history
    if history.phase == "committed":
        return (
            "Publishing has begun, and parts of the output may be visible. This run has to be "
            "finished before the job can run again."
        )
    if not watching.settled or isinstance(error, (*_DOOMED, StalePlanError)):
        return "Nothing was published."
    kept = _durable(request, watching.run_id)
    if kept is None:
        return f"Nothing was published. What is kept of it in {advice.state} cannot be read."
    partitions = counted(history.partitions, "partition")
    return f"{kept:,} of {partitions} completed and kept in {advice.state}; nothing was published."


def _durable(request: "Request", run_id: str) -> int | None:
    """Return how many partitions are completed by what the state has; None if it does not answer.

    What the attempt itself saw may be more: of its last second, if it could not be written.
    """
    from ingest.records.history import History  # noqa: PLC0415 - keeps --help quick
    from ingest.records.reader import Reader  # noqa: PLC0415
    from ingest.storage.objects import open_store  # noqa: PLC0415

    try:
        store = request.store or open_store(request.job.state, request.job.state_connection)
        return History.of(Reader(store, run_id).events()).totals.partitions
    except IngestError:
        return None


def _next(advice: Advice, history: "History") -> str:
    """Say what to type now."""
    if not history.attempt:
        return f"The run had not begun: there is nothing to resume. Start again: {advice.resume}"
    resume = f"Resume with: {advice.resume}"
    if history.phase == "committed":
        return resume
    return f"{resume}\nTo discard this run and start over: {advice.fresh}"


def _stale(advice: Advice, watching: "Watcher") -> str:
    """Say what to type after the input has changed: for the files as they are, or as they were."""
    from ingest.records.runs import resume_command  # noqa: PLC0415 - keeps --help quick

    here = state_option(advice.state, advice.state_connection)
    resume = advice.restored or resume_command(watching.run_id, here, restored=True)
    still = watching.inputs.open if watching.inputs else {}
    if still and not {"changed", "vanished"} & still.keys():  # touched only
        return (
            f"To finish this run: {resume}\n"
            f"To start over with the files as they are: {advice.fresh}"
        )
    return (
        f"To start over with the files as they are: {advice.again}\n"
        f"To finish this run, after you have restored them: {resume}"
    )
