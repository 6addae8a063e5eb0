"""`ingest bench`: where the time of a job goes, and what would help."""

import json
import os
import re
import sys
from collections.abc import Sequence
from typing import Any

from ingest.commands.base import add_overrides, add_state, load_job, open_state, parser
from ingest.core.errors import ConfigError

EXAMPLE = """ingest bench flights
  ingest bench flights --what-if                    (tries other settings, too)
  ingest bench 20261123t184500-1a2b3c               (a past run, from its recorded times)"""
PARTITIONS = 5
RUN = re.compile(r"\d{8}t\d{6}-")
"""How the id of a run begins, as no job's name does."""
THREADS = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure a job on a sample of its partitions, or read a run's times; return the exit code."""
    options = parser(
        "bench",
        "Show where the time of a job goes, and what would make it faster. Processes some of its "
        "partitions (the parts of its input) in one process; publishes nothing and leaves no "
        "files. With a run's id: show where the time of that run went.",
        EXAMPLE,
    )
    add_overrides(options)
    options.usage = f"{options.usage}\n       {options.prog} [options] RUN"
    options.add_argument(
        "--partitions",
        type=int,
        default=PARTITIONS,
        metavar="N",
        help=f"how many partitions to process, from all over the input (default: {PARTITIONS})",
    )
    options.add_argument("--full", action="store_true", help="process all partitions")
    options.add_argument(
        "--what-if",
        action="store_true",
        help="also process the same partitions with other settings, and compare the times",
    )
    add_state(options, None)
    options.add_argument("--json", action="store_true", help="print the result as JSON")
    arguments = options.parse_intermixed_args(argv)
    if run := _run_id(arguments):
        return _past(run, arguments)
    os.environ.update(dict.fromkeys(THREADS, "1"))  # as in a worker; Polars reads it when imported
    return _measure(arguments)


def _run_id(arguments: Any) -> str:
    """Return the run that is asked for; none if it is a job."""
    named = [word for word in arguments.overrides if RUN.match(word)]
    wrong = len(arguments.overrides) > 1 or arguments.full or arguments.what_if
    if named and wrong:
        raise ConfigError(
            f'command line: "{named[0]}" is the id of a run, which goes alone: what was, cannot be '
            "measured otherwise. Write: ingest bench RUN, or ingest bench NAME KEY=VALUE"
        )
    if not named and arguments.state:
        raise ConfigError(
            "command line: --state is only used with the id of a run. Write: ingest bench RUN "
            "--state DIR. For a job, set state=DIR"
        )
    if arguments.partitions < 1:
        raise ConfigError(
            f"command line: --partitions {arguments.partitions}: must be 1 or more. Write "
            "--partitions N, or --full for all"
        )
    return named[0] if named else ""


def _measure(arguments: Any) -> int:
    # here, because `--help` is told sooner without them, and Polars must not be imported before
    import polars as pl  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    from ingest.measuring.estimate import start  # noqa: PLC0415
    from ingest.measuring.findings import Findings  # noqa: PLC0415
    from ingest.measuring.hints import hints  # noqa: PLC0415
    from ingest.measuring.judging import checks  # noqa: PLC0415
    from ingest.measuring.page import page, render  # noqa: PLC0415
    from ingest.measuring.sample import sample  # noqa: PLC0415
    from ingest.measuring.what_if import what_if  # noqa: PLC0415
    from ingest.measuring.working import scratch, staging_in, work_all  # noqa: PLC0415

    pa.set_cpu_count(1)
    loaded = load_job(arguments.conf, arguments.overrides, "ingest bench")
    job, place = loaded.job, loaded.place

    def tell(text: str) -> None:
        print(f"{job.name}: {text}", file=sys.stderr)

    taken = sample(job, place, None if arguments.full else arguments.partitions)
    started = start(job, taken.cluster)
    with scratch(job) as folder:
        worked = work_all(staging_in(folder, taken.task), taken.partitions, folder, tell)
        each = tuple(checks(taken.task, taken.partitions[0]))
        tried = tuple(what_if(taken, place, folder, tell)) if arguments.what_if else None
    found = Findings(taken, worked, started, each, tried, pl.thread_pool_size())
    advice = hints(found, place)
    print(json.dumps(page(found, advice), indent=1) if arguments.json else render(found, advice))
    return 0


def _past(run_id: str, arguments: Any) -> int:
    from ingest.records.plans import Plan  # noqa: PLC0415
    from ingest.records.reader import Reader  # noqa: PLC0415
    from ingest.records.runs import Runs  # noqa: PLC0415
    from ingest.watch.times import Times, page, render  # noqa: PLC0415

    store = open_state(arguments)
    runs = Runs(store)
    job = runs.job_of(run_id)
    times = Times.of(Reader(store, run_id).events())
    if not times.totals.partitions:
        raise ConfigError(
            f"run {run_id}: none of its partitions is completed, so there are no times to "
            f"show. See what happened: ingest status {run_id}"
        )
    plan = Plan(store, run_id)
    slow = {index: str(times.children.get(index) or plan[index]) for index in times.slow}
    found = page(run_id, job, times, slow)
    print(json.dumps(found, indent=1) if arguments.json else render(found, times))
    return 0
