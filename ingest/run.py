"""`ingest run`: work a job to its published output."""

import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from ingest.command import add_overrides, guarded, load_job, parser
from ingest.core.errors import (
    BadRowError,
    ConfigError,
    ContractError,
    FencedError,
    IngestError,
    Interrupted,
)

if TYPE_CHECKING:
    from ingest.config.load import Loaded
    from ingest.job import Job
    from ingest.records.history import History
    from ingest.watch.progress import Watcher

EXAMPLE = """python -m ingest.run +job=flights
  python -m ingest.run +job=flights cluster=inline sink.path=elsewhere/flights
  python -m ingest.run +job=flights,events          (a sweep: one run after the other)"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the jobs that the command line names, one after the other; return the exit code."""
    options = parser("run", "Work a job to its published output, or go on with it.", EXAMPLE)
    add_overrides(options)
    options.add_argument(
        "--fresh", action="store_true", help="give an unfinished run of the job up and start anew"
    )
    options.add_argument(
        "--progress",
        choices=("auto", "bar", "log", "json"),
        default="auto",
        help="a bar, lines of text, or every event as JSON, on stderr (auto: by the terminal)",
    )
    options.add_argument(
        "--json", action="store_true", help="print the receipt as one line of JSON"
    )
    arguments = options.parse_intermixed_args(argv)
    from ingest.config.sweep import sweep  # noqa: PLC0415 - keeps --help free of Hydra

    sweeps = sweep(arguments.overrides, arguments.conf)
    if len(sweeps) > 1:
        for overrides in sweeps:  # all are right, or nothing runs
            load_job(arguments.conf, overrides)
    return max(guarded(partial(_run, arguments), overrides) for overrides in sweeps)


def _run(arguments: Any, overrides: Sequence[str] | None) -> int:
    overrides = overrides or ()
    loaded = load_job(arguments.conf, overrides)
    from ingest.records.lease import LeaseHeldError  # noqa: PLC0415 - a wrong job is told sooner
    from ingest.watch.progress import watcher  # noqa: PLC0415

    stop = threading.Event()
    watching = watcher(arguments.progress)
    with stopping(stop):
        try:
            receipt = _drive(loaded, arguments, stop, watching)
        except Interrupted:
            print(f"{loaded.job.name}: stopped. {_resume(arguments, overrides)}", file=sys.stderr)
            raise
        except (ConfigError, FencedError, LeaseHeldError):
            raise
        except IngestError as error:
            print(f"error: {error}", file=sys.stderr)
            left = _left(watching.history, loaded.job)
            print(f"{loaded.job.name}: failed. {left}", file=sys.stderr)
            # what breaks the contract does so again: the plan holds the input as it was
            anew = isinstance(error, BadRowError | ContractError)
            print(_resume(arguments, overrides, anew=anew), file=sys.stderr)
            return error.exit_code
    _report(receipt, loaded.job.state, as_json=arguments.json)
    return 0


def _drive(
    loaded: "Loaded[Job]", arguments: Any, stop: threading.Event, watching: "Watcher"
) -> dict[str, Any]:
    from ingest.driver.drive import Request, drive  # noqa: PLC0415
    from ingest.workers.choose import workers_for  # noqa: PLC0415

    job = loaded.job
    with watching:
        return drive(
            Request(
                job=job,
                config=loaded.yaml(),
                place=loaded.place,
                workers=workers_for(job),
                fresh=arguments.fresh,
                listeners=(watching,),
                stop=stop,
            )
        )


def _left(history: "History", job: "Job") -> str:
    if history.phase == "committed":
        return "Its output is committed, and parts of it may be visible: it can only be finished."
    return f"What is settled stays in {job.state}; nothing of this run is published."


def _resume(arguments: Any, overrides: Sequence[str], *, anew: bool = False) -> str:
    conf = ["--conf", str(arguments.conf)] if arguments.conf else []
    command = shlex.join([*conf, *overrides])
    if anew:
        return f"Start anew when that is mended: python -m ingest.run {command} --fresh"
    return (
        f"Go on with it: python -m ingest.run {command}\n"
        "Or, if the job itself must be mended, start anew: the same with --fresh"
    )


def _report(receipt: dict[str, Any], state: str, *, as_json: bool) -> None:
    if as_json:
        import json  # noqa: PLC0415

        print(json.dumps(receipt, default=str))
        return
    from ingest.watch.summary import summary  # noqa: PLC0415

    print(summary(receipt, f"{state}/runs/{receipt['run_id']}/receipt.json"))


@contextmanager
def stopping(stop: threading.Event) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the run in order; a second one ends it at once."""

    def ask(number: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        name = signal.Signals(number).name
        print(f"{name}: finishing what is being worked; once more to stop at once", file=sys.stderr)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    sys.exit(guarded(main))
