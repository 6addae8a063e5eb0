"""`ingest resume`: resume an unfinished run, by its id, as it was recorded."""

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.commands.advice import Advice
from ingest.commands.attempt import add_output, make, progress_of
from ingest.commands.base import add_conf, add_state, importing, open_state, parser
from ingest.core.errors import ConfigError, FatalError
from ingest.storage.store import state_option

if TYPE_CHECKING:
    from ingest.job import Job
    from ingest.records.runs import Runs
    from ingest.storage.objects import Store

EXAMPLE = """ingest resume 20261123t184500-1a2b3c
  ingest resume 20261123t184500-1a2b3c execution.workers=2 cluster=inline"""


def main(argv: Sequence[str] | None = None) -> int:
    """Resume the run and publish it; return the exit code."""
    options = parser(
        "resume",
        "Resume an unfinished run by its id, with the settings that it was started with, even if "
        "its job file has changed or is gone. `ingest run JOB` resumes the last run of the job.",
        EXAMPLE,
    )
    options.usage = f"{options.prog} [options] RUN [KEY=VALUE ...]"
    options.add_argument(
        "run", metavar="RUN", help="the id of the run, as listed by `ingest status`"
    )
    options.add_argument(
        "overrides",
        nargs="*",
        default=[],
        metavar="KEY=VALUE",
        help="settings to change that do not affect the output: execution.workers=2",
    )
    add_conf(options)
    add_state(options)
    add_output(options)
    arguments = options.parse_intermixed_args(argv)
    with importing():  # here, because --help is told sooner without them
        from ingest.config.places import dotted  # noqa: PLC0415
        from ingest.driver.request import Request  # noqa: PLC0415
        from ingest.records.runs import Runs, command_of, resume_command  # noqa: PLC0415
        from ingest.workers.choose import workers_for  # noqa: PLC0415

    store = open_state(arguments)  # before the folder changes
    state = store.uri()
    runs = Runs(store)
    facts = runs.facts(arguments.run)
    job = _amended(runs, arguments, facts)
    go_to(arguments.run, facts, committed=_committed(store, arguments.run))
    conf = ["--conf", str(arguments.conf)] if arguments.conf else []
    resume = partial(
        resume_command,
        arguments.run,
        state_option(arguments.state, arguments.state_connection),
        [*arguments.overrides, *conf],
    )
    return make(
        Request(
            job=job,
            config="",  # it is on record
            place=dotted,
            workers=workers_for(job),
            arguments=[*conf, *arguments.overrides],
            run_id=arguments.run,
            store=store,
        ),
        Advice(
            state=state,
            state_connection=arguments.state_connection or "",
            resume=resume(),
            again=command_of(facts, job.name),
            fresh=f"{command_of(facts, job.name)} --fresh",
            restored=resume(restored=True),
            preview=command_of(facts, job.name).replace("ingest run", "ingest preview", 1),
        ),
        progress_of(arguments),
        as_json=arguments.json,
    )


def _amended(runs: "Runs", arguments: Any, facts: dict[str, Any]) -> "Job":
    """Return the job as recorded, with the settings of the command line."""
    import yaml  # noqa: PLC0415
    from pydantic import ValidationError  # noqa: PLC0415

    from ingest.config.recorded import amend  # noqa: PLC0415
    from ingest.driver.recorded import damaged_job  # noqa: PLC0415
    from ingest.job import Job  # noqa: PLC0415

    text = runs.config(arguments.run)
    try:
        asked = facts.get("arguments") or ()
        return amend(Job, text, arguments.overrides, arguments.conf, asked)
    except (ValidationError, ValueError, yaml.YAMLError) as error:
        raise damaged_job(runs, arguments.run, error) from None


def _committed(store: "Store", run_id: str) -> bool:
    from ingest.records.history import History  # noqa: PLC0415
    from ingest.records.reader import Reader  # noqa: PLC0415

    try:
        return History.of(Reader(store, run_id).events()).phase == "committed"
    except FatalError:  # who opens the run says what is wrong with its ledger
        return False


def go_to(run_id: str, facts: dict[str, Any], *, committed: bool) -> None:
    """Go to the folder where the run was made: its relative paths are meant from there.

    What is committed needs it no more: its outputs are on record with absolute paths.
    """
    folder = facts.get("folder", "")
    if not folder or Path(folder) == Path.cwd():
        return
    try:
        os.chdir(folder)
    except OSError as error:
        if committed:
            return
        raise ConfigError(
            f'run {run_id}: it was started in "{folder}", where its relative paths start: '
            f"{error.strerror}. Put the folder back, then resume"
        ) from None
    print(f"in {folder}, where the run was started", file=sys.stderr)
