"""One attempt at a run, as `run` and `resume` make it: watched, stoppable, and explained."""

import sys
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from ingest.commands.advice import Advice, failed, stopped
from ingest.commands.base import add_format, importing, report
from ingest.commands.stopping import stop_is_answered, stopping
from ingest.core.counts import counted
from ingest.core.errors import IngestError, Interrupted
from ingest.core.stop import Stop

if TYPE_CHECKING:
    from ingest.driver.request import Request
    from ingest.records.events import Event
    from ingest.records.history import History
    from ingest.records.holders import Holder
    from ingest.watch.modes import Mode
    from ingest.watch.progress import Watcher

IfRunning = Literal["fail", "skip", "wait"]


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
    copied: bool = False,
) -> int:
    """Drive the run, say how it ended, and return the exit code: what became of the run.

    `if_running` is what to do if the job is running already. With `quiet`, nothing is said of a run
    that was published: the caller has more to say. A run is `copied` if it has the plan of another
    one and nothing was done for it yet: it is not shown as one that is resumed.
    """
    with importing():  # here, because a job that is wrong is told sooner without them
        from ingest.driver.drive import drive  # noqa: F401, PLC0415
        from ingest.watch.logs import logged  # noqa: PLC0415

    with logged(progress) as watching:
        if copied and progress != "json":  # which are the events as they are on record
            request.listeners = (partial(_as_new, watching),)
        return _made(request, advice, watching, as_json=as_json, if_running=if_running, quiet=quiet)


def _as_new(watching: "Watcher", event: "Event", history: "History") -> None:
    from ingest.records.events import AttemptBegan  # noqa: PLC0415 - keeps --help quick

    if isinstance(event, AttemptBegan):
        note = f"reproducing run {event.run_id}: {counted(event.partitions, 'partition')}"
        event = replace(event, resumed=False, notes=(note, *event.notes))
    watching(event, history)


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
                shown = request.listeners or (watching,)
                request.listeners = (*shown, *metrics, *lineage)
                receipt = drive(request)
        except (Interrupted, KeyboardInterrupt):
            stop_is_answered()
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
