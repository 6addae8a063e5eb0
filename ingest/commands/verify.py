"""`ingest verify`: count again what a run has published, and compare it with its records."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from ingest.commands.base import add_json, add_state, open_state, parser, report
from ingest.core.counts import counted
from ingest.core.errors import ConfigError
from ingest.driver.audit import check_books
from ingest.driver.publishing.publish import prepared
from ingest.driver.recorded import recorded_job
from ingest.driver.sinks import sinks_of
from ingest.job import Job
from ingest.records.history import DOOMED, History
from ingest.records.receipts import history_of
from ingest.records.runs import Runs, resume_command
from ingest.sinks.base import Verified
from ingest.storage.store import Store, state_option
from ingest.watch.summary import OUTPUTS


def main(argv: Sequence[str] | None = None) -> int:
    """Verify one run; return 0 if what it has published is there, or was replaced since, else 1."""
    options = parser(
        "verify",
        "Check whether the files that a run published are still as it wrote them: names, row "
        "counts and checksums. The exit code is 0 if they are, or if a later run has replaced "
        "them; 1 if files are missing or changed; 2 if there is nothing to check, because the run "
        "has published nothing or its records were removed.",
        "ingest verify 20261123t184500-1a2b3c",
    )
    options.add_argument(
        "run", metavar="RUN", help="the id of the run, as listed by `ingest status`"
    )
    add_json(options, "what was verified")
    add_state(options)
    arguments = options.parse_args(argv)
    store = open_state(arguments)
    runs = Runs(store)
    runs.facts(arguments.run)
    history = history_of(store, arguments.run)
    if history.phase != "done":
        name = runs.job_of(arguments.run)
        here = state_option(arguments.state, arguments.state_connection)
        raise ConfigError(_refusal(arguments.run, history, here, runs.command(arguments.run, name)))
    job = recorded_job(runs, arguments.run)
    check_books(history.totals, job.contract)
    if history.publish and not history.publish.effects:
        if arguments.json:
            report(json.dumps({"run_id": arguments.run, "problems": [], "outputs": {}}))
            return 0
        report(f"run {arguments.run}: nothing was new, so it has published nothing. OK")
        return 0
    sinks = sinks_of(job)
    outputs = {
        output: sink.verify(prepared(store, arguments.run, history, output))
        for output, sink in sinks.items()
    }
    places = {output: sink.uri for output, sink in sinks.items()}
    problems = [f"run {arguments.run}: {each}" for each in _problems(history, outputs, places)]
    if arguments.json:
        facts = {output: asdict(verified) for output, verified in outputs.items()}
        report(json.dumps({"run_id": arguments.run, "problems": problems, "outputs": facts}))
        return 1 if problems else 0
    again = list(_notes(outputs))
    if problems and any(
        _is_harmed(store, arguments.run, history, *each) for each in outputs.items()
    ):
        again.append(_again(job, runs.command(arguments.run, job.name)))
    for line in [*problems, *again]:
        print(line, file=sys.stderr)
    if not problems:
        fine = ", but later runs have replaced files" if _replaced(outputs) else ""
        report("\n".join([f"run {arguments.run}: ok{fine}", *_verdict(outputs)]))
    return 1 if problems else 0


def _refusal(run: str, history: History, here: str, again: str) -> str:
    what = f"run {run}: nothing to verify: "
    if history.phase == "abandoned":
        return (
            f"{what}it was discarded and has published nothing. To list the runs that were "
            "published (state: done): ingest status"
        )
    if history.phase == "new":
        return f"{what}it ended before it had a plan. Run the job again: {again}"
    if history.phase == "planned" and history.failure in DOOMED:
        return (
            f"{what}it is {history.standing} and has published nothing. Resumed as it is, it would "
            f"fail in the same way. Fix the input or the job, then run it again: {again}"
        )
    return f"{what}it is {history.standing}. Finish it first: {resume_command(run, here)}"


def _problems(
    history: History, outputs: dict[str, Verified], places: dict[str, str]
) -> Iterator[str]:
    for output, verified in outputs.items():
        name, recorded = OUTPUTS.get(output, output), history.totals.rows.get(output, 0)
        if verified.rows != recorded:
            yield (
                f"{name}: the commit record lists files with "
                f"{counted(verified.rows, 'row')}, but the completed partitions have "
                f"{recorded:,}. The records of the run were changed by hand: restore them from a "
                "backup"
            )
        for problem in verified.problems:
            # a name that begins with a dot is that of ingest's own folder beside the output
            is_inside = not verified.table and ": " in problem and not problem.startswith(".")
            yield f"{name} {places[output]}/{problem}" if is_inside else f"{name}: {problem}"


def _notes(outputs: dict[str, Verified]) -> Iterator[str]:
    for output, verified in outputs.items():
        name = OUTPUTS.get(output, output)
        yield from (f"{name}: note: {note}" for note in verified.notes)


def _is_harmed(store: Store, run: str, history: History, output: str, verified: Verified) -> bool:
    """Whether files that the run has published to an output are missing or changed."""
    named = {problem.partition(": ")[0] for problem in verified.problems}
    files = prepared(store, run, history, output) if named and not verified.table else ()
    return bool(verified.missing) or any(
        line.get("name") in named or line.get("add") in named for line in files
    )


def _again(job: Job, again: str) -> str:
    """Say how rows of missing or changed files are published again."""
    if job.sink.write_disposition == "append":
        return (
            "Restore these files from a backup. A new run would append all rows again, also those "
            "that are still there"
        )
    return f"To publish the rows again: {again}"


def _verdict(outputs: dict[str, Verified]) -> Iterator[str]:
    """Say of each output what became of it; what nobody has replaced is as it was published."""
    for output, verified in outputs.items():
        if output != "main" and not verified.files:
            continue
        name = OUTPUTS.get(output, output)
        files, rows = counted(verified.files, "file"), counted(verified.rows, "row")
        gone = sum(verified.replaced.values())
        by = f"{'run' if len(verified.replaced) == 1 else 'runs'} {', '.join(verified.replaced)}"
        if verified.table:
            yield f"  {name}: {rows}. OK: the table's record of the run matches its row counts"
        elif gone and gone == verified.files:
            yield f"  {name}: superseded: {by} replaced its {files} ({rows}) later"
        elif gone:
            yield (
                f"  {name}: {by} replaced {gone:,} of its {files} later. OK: the others match "
                "recorded row counts and checksums"
            )
        else:
            yield f"  {name}: {rows} in {files}. OK: files match recorded row counts and checksums"


def _replaced(outputs: dict[str, Verified]) -> bool:
    return any(one.replaced for one in outputs.values())
