"""One attempt at a run, as `run` and `resume` make it: watched, stoppable, and explained."""

import signal
import sys
import threading
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingest.command import importing
from ingest.core.errors import (
    BadRowError,
    ConfigError,
    ContractError,
    FencedError,
    IngestError,
    Interrupted,
)
from ingest.core.stop import Stop

if TYPE_CHECKING:
    from ingest.core.storage import Store
    from ingest.driver.flow import Place
    from ingest.job import Job
    from ingest.records.history import History
    from ingest.watch.progress import Mode
    from ingest.workers.forks import Forkserver

END_S = 2.0  # what ending workers by force takes


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a command wants worked, and the commands that it tells the user afterwards.

    `store` is where the state lies, `state` how it is called; `go_on` goes on with the run, `anew`
    gives it up. `server` is what its workers may be forked from, if that was started already.
    """

    job: "Job"
    config: str
    place: "Place"
    store: "Store | None"
    state: str
    go_on: str
    anew: str
    progress: "Mode"
    as_json: bool
    fresh: bool = False
    run_id: str | None = None
    server: "Forkserver | None" = None


def add_output(to: ArgumentParser) -> None:
    """Let a command say how progress and receipt are shown."""
    to.add_argument(
        "--progress",
        choices=("auto", "bar", "log", "json"),
        default="auto",
        help="a bar, lines of text, or every event as JSON, on stderr (auto: by the terminal)",
    )
    to.add_argument("--json", action="store_true", help="print the receipt as one line of JSON")


def make(attempt: Attempt) -> int:
    """Drive the attempt, say how it ended, and return the exit code."""
    with importing():  # here, because a job that is wrong is told sooner without them
        from ingest.driver.drive import Request, drive  # noqa: PLC0415
        from ingest.records.lease import LeaseHeldError  # noqa: PLC0415
        from ingest.watch.progress import watcher  # noqa: PLC0415
        from ingest.workers.choose import workers_for  # noqa: PLC0415

    job = attempt.job
    stop = Stop()
    watching = watcher(attempt.progress)
    with stopping(stop, job.execution.grace_s):
        try:
            with watching:
                receipt = drive(
                    Request(
                        job=job,
                        config=attempt.config,
                        place=attempt.place,
                        workers=workers_for(job, attempt.server),
                        fresh=attempt.fresh,
                        run_id=attempt.run_id,
                        store=attempt.store,
                        listeners=(watching,),
                        stop=stop,
                    )
                )
        except Interrupted:
            print(f"{job.name}: stopped. {_resume(attempt, watching.history)}", file=sys.stderr)
            raise
        except (ConfigError, FencedError, LeaseHeldError):
            raise
        except IngestError as error:
            print(f"error: {error}", file=sys.stderr)
            if not watching.history.attempt:  # it says itself what there is to do
                return error.exit_code
            left = _left(watching.history, attempt.state)
            print(f"{job.name}: failed. {left}", file=sys.stderr)
            # what breaks the contract does so again: the plan holds the input as it was
            anew = isinstance(error, BadRowError | ContractError)
            print(_resume(attempt, watching.history, anew=anew), file=sys.stderr)
            return error.exit_code
    _report(receipt, attempt)
    return 0


def _left(history: "History", state: str) -> str:
    if history.phase == "committed":
        return "Its output is committed, and parts of it may be visible: it can only be finished."
    return f"What is settled stays in {state}; nothing of this run is published."


def _resume(attempt: Attempt, history: "History", *, anew: bool = False) -> str:
    if not history.attempt:
        return f"This attempt has put nothing on record. Start it again: {attempt.go_on}"
    if anew:
        return f"Start anew when that is mended: {attempt.anew}"
    go_on = f"Go on with it: {attempt.go_on}"
    if history.phase == "committed":
        return go_on
    return f"{go_on}\nOr, if the job itself must be mended, start anew: {attempt.anew}"


def _report(receipt: dict[str, Any], attempt: Attempt) -> None:
    if attempt.as_json:
        import json  # noqa: PLC0415

        print(json.dumps(receipt, default=str))
        return
    from ingest.watch.summary import summary  # noqa: PLC0415

    print(summary(receipt, attempt.state))


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
            print(f"{name}: nothing is being worked yet", file=sys.stderr)
            raise KeyboardInterrupt
        print(f"{name}: finishing what is being worked; once more to stop at once", file=sys.stderr)
        signal.setitimer(signal.ITIMER_REAL, grace_s + END_S)

    asked = {signal.SIGINT: ask, signal.SIGTERM: ask, signal.SIGALRM: overdue}
    before = {number: signal.signal(number, handler) for number, handler in asked.items()}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
