"""One attempt at a run, as `run` and `resume` make it: watched, stoppable, and explained."""

import signal
import sys
import threading
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingest.commands.base import importing, report, state_option
from ingest.core.counts import counted
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
from ingest.core.stop import Stop

if TYPE_CHECKING:
    from ingest.driver.drive import Request
    from ingest.records.history import History
    from ingest.watch.progress import Mode, Watcher

_DOOMED = (BadRowError, ContractError, JobError)
END_S = 2.0  # what ending workers by force takes


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a command wants done, and the commands that it tells the user afterwards.

    `state` is how the place is called where the run is recorded, `state_connection` the name of the
    connection that it is reached by; `resume` resumes the run, `again`
    runs the job as it is then; `preview` shows rejected rows, empty if the job's other settings are
    not known.
    """

    request: "Request"
    state: str
    state_connection: str
    resume: str
    again: str
    preview: str
    progress: "Mode"
    as_json: bool


def add_output(to: ArgumentParser) -> None:
    """Let a command say how progress and receipt are shown."""
    to.add_argument(
        "--progress",
        choices=("auto", "bar", "log", "json"),
        default="auto",
        help=(
            "how to show progress on stderr: a bar, lines of text, or every event as JSON "
            "(default: auto, depending on the terminal)"
        ),
    )
    to.add_argument("--json", action="store_true", help="print the receipt as one line of JSON")


def make(attempt: Attempt) -> int:
    """Drive the attempt, say how it ended, and return the exit code: what became of the run."""
    with importing():  # here, because a job that is wrong is told sooner without them
        from ingest.driver.drive import drive  # noqa: PLC0415
        from ingest.watch.progress import watcher  # noqa: PLC0415

    watching = watcher(attempt.progress)
    request = attempt.request
    request.listeners, request.stop = (watching,), Stop()
    with stopping(request.stop, request.job.execution.grace_s):
        try:
            with watching:
                receipt = drive(request)
        except (Interrupted, KeyboardInterrupt):
            return _stopped(attempt, watching.history)
        except IngestError as error:
            return _failed(attempt, watching, error)
        _report(receipt, attempt)
    return 0


def _stopped(attempt: Attempt, history: "History") -> int:
    name = attempt.request.job.name
    if history.phase == "done":  # all that was left was to end the workers
        print(f"{name}: published. Stopped during the shutdown of the workers", file=sys.stderr)
        return 0
    print(f"{name}: stopped. {_next(attempt, history)}", file=sys.stderr)
    return Interrupted.exit_code


def _failed(attempt: Attempt, watching: "Watcher", error: IngestError) -> int:
    from ingest.driver.cursors import CursorMovedError  # noqa: PLC0415
    from ingest.records.lease import LeaseHeldError  # noqa: PLC0415

    history = watching.history
    print(f"error: {error}", file=sys.stderr)
    says_it_itself = isinstance(error, ConfigError | FencedError | LeaseHeldError)
    if says_it_itself or not history.attempt:
        return error.exit_code
    print(f"{attempt.request.job.name}: failed. {_kept(attempt, watching, error)}", file=sys.stderr)
    if isinstance(error, _DOOMED):  # resumed as it is, it would fail so again
        if attempt.preview and not isinstance(error, JobError):
            print(f"To see rejected rows in a sample: {attempt.preview}", file=sys.stderr)
        print(f"Fix the input or the job, then run it again: {attempt.again}", file=sys.stderr)
    elif isinstance(error, CursorMovedError):
        print(f"To start over: {attempt.again}", file=sys.stderr)
    elif isinstance(error, StalePlanError):
        print(_stale(attempt, watching), file=sys.stderr)
    else:
        print(_next(attempt, history), file=sys.stderr)
    return error.exit_code


def _kept(attempt: Attempt, watching: "Watcher", error: IngestError) -> str:
    history = watching.history
    if history.phase == "committed":
        return (
            "Publishing has begun, and parts of the output may be visible. This run has to be "
            "finished before the job can run again."
        )
    if not watching.settled or isinstance(error, (*_DOOMED, StalePlanError)):
        return "Nothing was published."
    partitions = counted(history.partitions, "partition")
    return (
        f"{watching.settled:,} of {partitions} completed and kept in {attempt.state}; nothing was "
        "published."
    )


def _next(attempt: Attempt, history: "History") -> str:
    """Say what to type now."""
    if not history.attempt:
        return f"The run had not begun: there is nothing to resume. Start again: {attempt.resume}"
    resume = f"Resume with: {attempt.resume}"
    if history.phase == "committed":
        return resume
    return f"{resume}\nTo discard this run and start over: {attempt.again} --fresh"


def _stale(attempt: Attempt, watching: "Watcher") -> str:
    """Say what to type after the input has changed: for the files as they are, or as they were."""
    resume = attempt.resume
    if attempt.request.run_id is None:
        here = state_option(attempt.state, attempt.state_connection)
        resume = f"ingest resume {watching.run_id}{here}"
    still = watching.inputs.open if watching.inputs else {}
    if still and not {"changed", "vanished"} & still.keys():  # touched only
        return (
            f"To finish this run: {resume} execution.touched_inputs=accept\n"
            f"To start over with the files as they are: {attempt.again} --fresh"
        )
    return (
        f"To start over with the files as they are: {attempt.again}\n"
        f"To finish this run, after you have restored them: {resume}"
    )


def _report(receipt: dict[str, Any], attempt: Attempt) -> None:
    if attempt.as_json:
        import json  # noqa: PLC0415

        report(json.dumps(receipt, default=str))
        return
    from ingest.watch.summary import summary  # noqa: PLC0415

    report(summary(receipt, attempt.state, attempt.state_connection))


@contextmanager
def stopping(stop: threading.Event, grace_s: float) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the run in order; a second one ends it at once.

    So does the first while the run is only planned (`Stop.at_once`): there is nothing to finish.
    What has not come to its end by itself in `grace_s` seconds, and the time that workers take to
    be ended, is ended as if asked twice.
    """

    def overdue(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    def ask(number: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        name = signal.Signals(number).name
        if isinstance(stop, Stop) and stop.at_once:
            print(f"{name}: stopped while planning, before a run had begun", file=sys.stderr)
            raise KeyboardInterrupt
        wait = f"max {grace_s:g} s"
        again = "Ctrl-C again to abort" if number == signal.SIGINT else f"{name} again to abort"
        print(f"{name}: finishing running partitions ({wait}). {again}", file=sys.stderr)
        # Ray's own handler of SIGTERM, which comes first, has put another one here: it aborts.
        signal.signal(signal.SIGALRM, overdue)
        signal.setitimer(signal.ITIMER_REAL, grace_s + END_S)

    asked = {signal.SIGINT: ask, signal.SIGTERM: ask, signal.SIGALRM: overdue}
    before = {number: signal.signal(number, handler) for number, handler in asked.items()}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
