"""`ingest rerun`: reproduce a run from what was recorded of it, and compare the outputs."""

import json
import shlex
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.commands.advice import Advice
from ingest.commands.attempt import add_output, make, progress_of
from ingest.commands.base import add_state, importing, open_state, parser, report
from ingest.commands.resume import go_to
from ingest.core.counts import counted
from ingest.core.errors import ConfigError, IngestError
from ingest.storage.store import state_option

if TYPE_CHECKING:
    from ingest.driver.rerunning import Compared, Rerun
    from ingest.storage.objects import Store

REASON = (
    "Restore what is missing, or run the job as it is now. To see what changed between two runs: "
    "ingest diff RUN RUN"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Process the run's plan again beside it; return 0 if the same bytes came out, else 1."""
    options = parser(
        "rerun",
        "Reproduce a published run: process its plan again, with the settings that were recorded, "
        "into a folder of its own, and compare the files with those of the run, byte for byte. "
        "Rows of PostgreSQL go to a table of their own, and are compared there. "
        "The published output is not touched. If inputs were changed or deleted since, or what "
        "the run needs is gone, this lists all of it and nothing runs (exit code 2). The exit code "
        "is 1 if other bytes came out.",
        "ingest rerun 20261123t184500-1a2b3c",
    )
    options.add_argument(
        "run", metavar="RUN", help="the id of the run, as listed by `ingest status`"
    )
    options.add_argument(
        "--to",
        type=Path,
        metavar="DIR",
        help="an empty folder for the output and the records (default: reruns/RUN)",
    )
    options.add_argument(
        "--dry-run", action="store_true", help="only say whether the run can be reproduced"
    )
    add_state(options)
    add_output(options)
    arguments = options.parse_args(argv)
    folder = (arguments.to or Path("reruns") / arguments.run).absolute()
    store = open_state(arguments)
    rerun = _prepared(store, arguments, folder)
    if rerun is None:
        return 0
    code = _run(rerun, arguments, folder)
    return code or _compared(store, rerun, arguments, folder)


def _prepared(store: "Store", arguments: Namespace, folder: Path) -> "Rerun | None":
    """Return the run to be made, None if it was only asked for whether it can be."""
    with importing():  # here, because --help is told sooner without them
        from ingest.driver.rerunning import missing, prepare  # noqa: PLC0415
        from ingest.records.runs import Runs  # noqa: PLC0415

    go_to(arguments.run, Runs(store).facts(arguments.run), committed=False)
    gone, other = missing(store, arguments.run)
    for line in other:
        print(f"warning: {line}", file=sys.stderr)
    if gone:
        raise ConfigError(
            f"run {arguments.run}: cannot be reproduced:", *(f"  {line}" for line in gone), REASON
        )
    if arguments.dry_run:
        report(f"run {arguments.run}: can be reproduced: its inputs are as they were")
        return None
    return prepare(store, arguments.run, folder, other)


def _run(rerun: "Rerun", arguments: Namespace, folder: Path) -> int:
    """Process the plan, or what an interrupted rerun has left of it."""
    from ingest.config.places import dotted  # noqa: PLC0415
    from ingest.driver.request import Request  # noqa: PLC0415
    from ingest.records.receipts import history_of  # noqa: PLC0415
    from ingest.workers.choose import workers_for  # noqa: PLC0415

    history = history_of(rerun.store, rerun.run_id)
    if history.phase == "done":
        return 0
    here = state_option(arguments.state, arguments.state_connection)
    again = f"ingest rerun {arguments.run} --to {shlex.quote(str(folder))}{here}"
    return make(
        Request(
            job=rerun.job,
            config="",  # it is on record
            place=dotted,
            workers=workers_for(rerun.job),
            run_id=rerun.run_id,
            store=rerun.store,
        ),
        Advice(
            rerun.store.uri(),
            "",
            resume=again,
            again=again,
            fresh=f"rm -r {shlex.quote(str(folder))} && {again}",
            restored=again,
            preview="",
        ),
        progress_of(arguments),
        as_json=False,
        quiet=True,
        copied=history.attempt == 1,  # which has copied the plan
    )


def _compared(store: "Store", rerun: "Rerun", arguments: Namespace, folder: Path) -> int:
    from dataclasses import asdict  # noqa: PLC0415

    from ingest.driver.rerunning import compare  # noqa: PLC0415
    from ingest.watch.summary import OUTPUTS  # noqa: PLC0415

    every = compare(store, rerun)
    outputs = [each for each in every if each.files or each.rows or each.rows_again]
    same = all(each.is_same for each in outputs)
    if arguments.json:
        page = {"run_id": rerun.run_id, "folder": str(folder), "same": same}
        compared = [asdict(each) for each in outputs]
        report(json.dumps({**page, "warnings": rerun.warnings, "outputs": compared}))
    else:
        how = "byte for byte" if all(each.files for each in outputs) else "with the same row counts"
        how = "with the same rows" if any(each.again for each in outputs) else how
        what = f"came out {how}" if same else "came out differently"
        lines = [_line(OUTPUTS.get(each.output, each.output), each) for each in outputs]
        lines += [f"    other bytes: {name}" for each in outputs for name in each.differing[:20]]
        places = {each.place for each in outputs if each.again}
        lines += [f"  in {place}" for place in (*sorted(places), folder)]
        report("\n".join([f"run {rerun.run_id}: {what}", *lines]))
    return 0 if same else IngestError.exit_code


def _line(name: str, each: "Compared") -> str:
    rows = counted(each.rows, "row")
    if each.rows != each.rows_again:
        rows += f", now {each.rows_again:,}"
    if each.again:
        text = f"  {name}: {each.again.same:,} of {counted(each.again.there, 'row')} the same"
        gone = each.rows - each.again.there
        return f"{text}; {gone:,} were changed or removed since, or not written" if gone else text
    if not each.files:
        return f"  {name}: {rows}. Row counts were compared, no files"
    return f"  {name}: {each.same:,} of {counted(each.files, 'file')} the same, {rows}"
