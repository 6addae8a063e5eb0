"""`ingest verify`: count again what a run has published, and compare it with its records."""

import sys
from collections.abc import Iterator, Sequence

from ingest.commands.base import add_state, parser, report, state_option
from ingest.core.errors import ConfigError
from ingest.driver.audit import check_books
from ingest.driver.publishing import plan_of, sinks_of
from ingest.driver.recorded import recorded_job
from ingest.records.history import History
from ingest.records.receipts import history_of
from ingest.records.runs import Runs
from ingest.sinks.base import Verified
from ingest.storage.objects import open_store


def main(argv: Sequence[str] | None = None) -> int:
    """Verify one run; return 0 if what it has published is there, or was replaced since, else 1."""
    options = parser(
        "verify",
        "Check the published files of a run: compare files, row counts and checksums with the "
        "run's record. The exit code is 0 if they match or if a later run has replaced the "
        "files, 1 if they differ, and 2 if the run has published nothing (it was discarded, or "
        "is unfinished) or its records were removed.",
        "ingest verify 20261123t184500-1a2b3c",
    )
    options.add_argument("run", help="the id of the run, as listed by `ingest status`")
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
    outputs = {
        output: sink.verify(plan_of(history, output)) for output, sink in sinks_of(job).items()
    }
    problems = list(_problems(history, outputs))
    for line in [*problems, *_notes(outputs)]:
        print(line, file=sys.stderr)
    if not problems:
        report(f"run {arguments.run}: {'; '.join(_verdict(outputs))}")
    return 1 if problems else 0


def _refusal(run: str, history: History, state: str) -> str:
    what = f"run {run}: nothing to verify: "
    if history.phase == "abandoned":
        return (
            f"{what}it was discarded and published nothing. `ingest status` lists published "
            "runs as done"
        )
    if history.phase == "new":
        return f"{what}it ended before it had a plan. Run the job again"
    return (
        f"{what}it is unfinished ({history.ended or 'running, or died'}). Finish it first: "
        f"ingest resume {run}{state_option(state)}"
    )


def _problems(history: History, outputs: dict[str, Verified]) -> Iterator[str]:
    for output, verified in outputs.items():
        counted = history.totals.rows.get(output, 0)
        if verified.rows != counted:
            yield (
                f"{output}: the commit record lists files with {verified.rows:,} rows, but the "
                f"completed partitions have {counted:,}. The ledger was changed by hand: "
                "restore it from a backup: restore it from a backup: restore it from a backup: "
                "restore it from a backup"
            )
        yield from (f"{output}: {problem}" for problem in verified.problems)


def _notes(outputs: dict[str, Verified]) -> Iterator[str]:
    for output, verified in outputs.items():
        yield from (f"{output}: note: {note}" for note in verified.notes)


def _verdict(outputs: dict[str, Verified]) -> Iterator[str]:
    """Say of each output what became of it; what nobody has replaced is as it was published."""
    for output, verified in outputs.items():
        where = "" if output == "main" else " in the quarantine"
        gone = sum(verified.replaced.values())
        by = ", ".join(verified.replaced)
        rows = f"{verified.rows:,} rows in {verified.files:,} files{where}"
        if gone and gone == verified.files:
            yield f"superseded by {by}: {rows} were replaced"
        elif gone:
            yield (
                f"{gone:,} of {verified.files:,} files{where} were superseded by {by}; OK: the "
                "others match recorded row counts and checksums"
            )
        else:
            yield f"{rows}: OK: files match recorded row counts and checksums"
