"""`ingest verify`: count again what a run has published, and compare it with its books."""

import sys
from collections.abc import Sequence

from ingest.command import guarded, parser, report
from ingest.core.errors import ConfigError
from ingest.core.storage import open_store
from ingest.driver.audit import check_books
from ingest.driver.opening import recorded_job
from ingest.driver.publishing import sinks_of
from ingest.records.history import History
from ingest.records.ledger import Ledger
from ingest.records.runs import Runs


def main(argv: Sequence[str] | None = None) -> int:
    """Verify one run; return 0 if files and books agree, else 1."""
    options = parser(
        "verify", "Count again what a run has published.", "ingest verify 20261123t184500-1a2b3c"
    )
    options.add_argument("run", help="the run's id, as `ingest status` lists it")
    options.add_argument("--state", default=".ingest", help="the state directory (.ingest)")
    arguments = options.parse_args(argv)
    store = open_store(arguments.state)
    runs = Runs(store)
    runs.facts(arguments.run)
    job = recorded_job(runs, arguments.run)
    history = History.of(Ledger(store, arguments.run).events())
    if history.phase != "done":
        raise ConfigError(
            f"run {arguments.run}: not published: it is {history.phase}. Only published runs can "
            f"be verified. Finish it with: python -m ingest.run +job={job.name}"
        )
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
            f"{totals.rows.get('quarantine', 0):,} in the quarantine: files and books agree"
        )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(guarded(main))
