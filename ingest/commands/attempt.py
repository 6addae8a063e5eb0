"""One attempt at a run, as `run` and `resume` make it: watched, stoppable, and explained."""

import signal
import sys
import threading
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from ingest.commands.advice import Advice, failed, stopped
from ingest.commands.base import add_format, importing, report
from ingest.core.errors import IngestError, Interrupted
from ingest.core.stop import Stop

if TYPE_CHECKING:
    from ingest.driver.request import Request
    from ingest.records.holders import Holder
    from ingest.watch.modes import Mode
    from ingest.watch.progress import Watcher

IfRunning = Literal["fail", "skip", "wait"]
END_S = 2.0  # what ending workers by force takes


def add_start(to: ArgumentParser) -> None:
    """Let a command say what is to be done about earlier runs of its job."""
    to.add_argument(
        "--fresh",
        action="store_true",
        help="discard the job's unfinished run, if there is one, and start over",
    )
    to.add_argument(
        "--if-running",
        choices=("fail", "skip", "wait"),
        default="fail",
        help=(
            "if the job is running already: end with exit code 1 (fail, the default), end with "
            "exit code 0 (skip), or wait for that run and then start (wait)"
        ),
    )


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
    add_format(to)
    to.add_argument("--json", action="store_true", help="print the receipt as one line of JSON")


def progress_of(arguments: Namespace) -> "Mode":
    """Return how progress is shown: as a log of JSON, if that is asked for."""
    return "log-json" if arguments.log_format == "json" else arguments.progress


def make(
    request: "Request",
    advice: Advice,
    progress: "Mode",
    *,
    as_json: bool,
    if_running: IfRunning = "fail",
    quiet: bool = False,
) -> int:
    """Drive the run, say how it ended, and return the exit code: what became of the run.

    `if_running` is what to do if the job is running already. With `quiet`, nothing is said of a run
    that was published: the caller has more to say.
    """
    with importing():  # here, because a job that is wrong is told sooner without them
        from ingest.driver.drive import drive  # noqa: F401, PLC0415
        from ingest.watch.logs import logged  # noqa: PLC0415

    with logged(progress) as watching:
        return _made(request, advice, watching, as_json=as_json, if_running=if_running, quiet=quiet)


def _made(
    request: "Request",
    advice: Advice,
    watching: "Watcher",
    *,
    as_json: bool,
    if_running: IfRunning,
    quiet: bool,
) -> int:
    from ingest.driver.drive import drive  # noqa: PLC0415
    from ingest.driver.holding import JobRunningError  # noqa: PLC0415
    from ingest.storage.objects import open_store  # noqa: PLC0415
    from ingest.watch.lineage import listening  # noqa: PLC0415
    from ingest.watch.metrics.serving import serving  # noqa: PLC0415

    request.stop, job = Stop(), request.job
    if if_running == "wait":
        request.waits = _always
    with stopping(request.stop, job.execution.grace_s):
        try:
            state = partial(open_store, job.state, job.state_connection)
            with watching, serving() as metrics, listening(state) as lineage:
                request.listeners = (watching, *metrics, *lineage)
                receipt = drive(request)
        except (Interrupted, KeyboardInterrupt):
            return stopped(request, advice, watching.history)
        except JobRunningError as error:
            if if_running == "skip":
                print(f"skipped, nothing was run: {error}", file=sys.stderr)
                return 0
            return failed(request, advice, watching, error)
        except IngestError as error:
            return failed(request, advice, watching, error)
        if not quiet:
            _report(receipt, advice, as_json=as_json)
    return 0


def _always(_holder: "Holder") -> bool:
    return True


def _report(receipt: dict[str, Any], advice: Advice, *, as_json: bool) -> None:
    if as_json:
        import json  # noqa: PLC0415

        report(json.dumps(receipt, default=str))
        return
    from ingest.watch.summary import summary  # noqa: PLC0415

    report(summary(receipt, advice.state, advice.state_connection))


@contextmanager
def stopping(stop: threading.Event, grace_s: float) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and a closed terminal end the run in order; a second one at once.

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
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as `nohup` has it: it is to go on
        asked[signal.SIGHUP] = ask
    before = {number: signal.signal(number, handler) for number, handler in asked.items()}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
