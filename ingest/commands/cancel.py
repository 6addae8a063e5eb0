"""`ingest cancel`: stop a run in order, wherever it works; it can be resumed."""

import json
import time
from argparse import Namespace
from collections.abc import Sequence

from ingest.commands.base import add_json, add_state, open_state, parser, report
from ingest.core.counts import counted
from ingest.core.errors import ConfigError, FatalError
from ingest.records.cancellation import EVERY_S, Cancellation
from ingest.records.history import History
from ingest.records.receipts import history_of
from ingest.records.runs import Runs, resume_command
from ingest.storage.objects import Store
from ingest.storage.store import state_option
from ingest.watch.runs import SHOWN, describe

POLL_S = 0.5
TIMEOUT_S = 120.0


def main(argv: Sequence[str] | None = None) -> int:
    """Stop a run; return 0 if it is stopped, 1 if it was published first or does not answer."""
    options = parser(
        "cancel",
        "Stop a running run, on this machine or on a cluster: as if Ctrl-C was pressed where it "
        "runs. Running partitions are finished, for up to execution.grace_s seconds, nothing is "
        "published, and the run can be resumed. A run that has begun to publish is not stopped.",
        "ingest cancel 20261123t184500-1a2b3c",
    )
    options.add_argument(
        "run", metavar="RUN", help="the id of the run, as listed by `ingest status`"
    )
    options.add_argument(
        "--timeout",
        type=float,
        default=TIMEOUT_S,
        metavar="SECONDS",
        help=f"how long to wait until it has stopped (default: {TIMEOUT_S:g}; 0: only ask)",
    )
    add_json(options, "what happened to the run")
    add_state(options)
    arguments = options.parse_args(argv)
    store = open_state(arguments)
    runs = Runs(store)
    here = state_option(arguments.state, arguments.state_connection)
    resume = resume_command(arguments.run, here)
    job = runs.job_of(arguments.run)
    page = describe(store, arguments.run, job)
    if page["state"] not in {"running", "open"}:
        state = SHOWN.get(page["state"], page["state"])
        more = f". Resume it with: {resume}" if page["go_on"] else ""
        raise ConfigError(f"run {arguments.run}: is {state}: there is nothing to stop{more}")
    Cancellation(store, arguments.run, page["attempts"]).ask()
    if not arguments.timeout:
        text = f"run {arguments.run}: asked to stop. To see whether it has: ingest status{here}"
        _tell(arguments, "asked", text)
        return 0
    return _await(store, arguments, page["attempts"], resume)


def _tell(arguments: Namespace, became: str, text: str) -> None:
    page = {"run_id": arguments.run, "became": became}
    report(json.dumps(page) if arguments.json else text)


def _await(store: Store, arguments: Namespace, attempt: int, resume: str) -> int:
    run, timeout_s = arguments.run, arguments.timeout
    deadline = time.monotonic() + timeout_s
    while not _over(history := history_of(store, run), attempt):
        if time.monotonic() > deadline:
            raise FatalError(
                f"run {run}: has not stopped within {timeout_s:g} s. It looks for the request "
                f"every {EVERY_S:g} s: perhaps its process has died, or cannot reach the state. "
                f"See: ingest status {run}"
            )
        time.sleep(POLL_S)
    if history.phase == "done":
        _tell(arguments, "published", f"run {run}: was published before it could be stopped")
        return 1
    completed = f"{history.totals.partitions:,} of {counted(history.partitions, 'partition')}"
    text = f"run {run}: stopped. {completed} completed. Resume it with: {resume}"
    _tell(arguments, "stopped", text)
    return 0


def _over(history: History, attempt: int) -> bool:
    return bool(history.ended) or history.attempt > attempt
