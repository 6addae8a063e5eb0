"""`ingest verify`: count again what a run has published, and compare it with its records."""

import sys
from collections.abc import Sequence

from ingest.command import add_state, guarded, parser, report, state_option
from ingest.core.errors import ConfigError
from ingest.core.storage import open_store
from ingest.driver.audit import check_books
from ingest.driver.opening import recorded_job
from ingest.driver.publishing import sinks_of
from ingest.records.history import History
from ingest.records.receipts import history_of
from ingest.records.runs import Runs


def main(argv: Sequence[str] | None = None) -> int:
    """Verify one run; return 0 if the files match what is recorded of them, else 1."""
    options = parser(
        "verify", "Count again what a run has published.", "ingest verify 20261123t184500-1a2b3c"
    )
    options.add_argument("run", help="the run's id, as `ingest status` lists it")
    add_state(options)
    arguments = options.parse_args(argv)
    store = open_store(arguments.state)
    runs = Runs(store)
    runs.facts(arguments.run)
    history = history_of(store, arguments.run)
    if history.phase != "done":
        raise ConfigError(_refusal(arguments.run, history, arguments.state))
    job = recorded_job(runs, arguments.run)
    check_books(history.totals, job.contract)
    problems = [
        f"{output}: {problem}"
        for output, sink in sinks_of(job).items()
        for problem in sink.verify(arguments.run)
    ]
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        totals = history.totals
        report(
            f"run {arguments.run}: {totals.rows.get('main', 0):,} rows in {totals.files:,} files, "
            f"{totals.rows.get('quarantine', 0):,} in the quarantine. OK: files match recorded row "
            "counts and checksums"
        )
    return 1 if problems else 0


def _refusal(run: str, history: History, state: str) -> str:
    what = f"run {run}: nothing to verify: "
    if history.phase == "abandoned":
        return (
            f"{what}it was discarded and published nothing. Published runs are those that "
            "`ingest status` lists as done"
        )
    if history.phase == "new":
        return f"{what}it ended before it had a plan. Run the job again"
    return (
        f"{what}it is unfinished ({history.ended or 'running, or died'}). Finish it first: "
        f"ingest resume {run}{state_option(state)}"
    )


if __name__ == "__main__":
    sys.exit(guarded(main))
