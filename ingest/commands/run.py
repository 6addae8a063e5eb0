"""`ingest run`: run a job and publish it, or resume it."""

import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ingest.commands.attempt import Attempt, add_output, make
from ingest.commands.base import add_overrides, guarded, importing, load_job, parser, report
from ingest.core.errors import ConfigError, IngestError, Interrupted

if TYPE_CHECKING:
    from ingest.workers.headstart import HeadStart

EXAMPLE = """python -m ingest.run +job=flights
  python -m ingest.run +job=flights cluster=inline sink.path=elsewhere/flights
  python -m ingest.run +job=flights,events          (a sweep: one run after the other)"""
ENDED = {
    0: "published",
    IngestError.exit_code: "failed",
    ConfigError.exit_code: "refused",
    Interrupted.exit_code: "interrupted",
}
"""What became of a run, by its exit code."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the jobs that the command line names, one after the other; return the exit code."""
    options = parser("run", "Run a job and publish it, or resume its unfinished run.", EXAMPLE)
    add_overrides(options)
    options.add_argument(
        "--fresh", action="store_true", help="discard an unfinished run of the job and start over"
    )
    add_output(options)
    arguments = options.parse_intermixed_args(argv)
    with importing():
        from ingest.config.sweep import sweep  # noqa: PLC0415 - keeps --help free of Hydra

    sweeps = sweep(arguments.overrides, arguments.conf)
    if len(sweeps) == 1:
        return _run(arguments, sweeps[0])
    for overrides in sweeps:  # all are right, or nothing runs
        load_job(arguments.conf, overrides)
    return _all(arguments, sweeps)


def _all(arguments: Any, sweeps: Sequence[Sequence[str]]) -> int:
    """Run one after the other, say what became of each, and return the worst exit code."""
    codes: list[int] = []
    for overrides in sweeps:
        codes.append(guarded(partial(_run, arguments), overrides))
        if codes[-1] == Interrupted.exit_code:  # whoever stops one run means all of them
            break
    became = [ENDED[code] for code in codes] + ["not started"] * (len(sweeps) - len(codes))
    counts = ", ".join(f"{number} {what}" for what, number in Counter(became).items())
    lines = [f"  {what:<12} {shlex.join(each)}" for what, each in zip(became, sweeps, strict=True)]
    text = "\n".join([f"\nsweep of {len(sweeps)} runs: {counts}", *lines])
    if arguments.json:
        print(text, file=sys.stderr)
    else:
        report(text)
    return max(codes)


def _run(arguments: Any, overrides: Sequence[str] | None) -> int:
    overrides = overrides or ()
    with importing():
        from ingest.workers.headstart import HeadStart  # noqa: PLC0415 - keeps --help quick

    head = HeadStart()
    try:
        return _work(arguments, overrides, head)
    finally:
        head.end()


def _work(arguments: Any, overrides: Sequence[str], head: "HeadStart") -> int:
    loaded = load_job(arguments.conf, overrides, head.begin)
    conf = ["--conf", str(arguments.conf)] if arguments.conf else []
    again = f"python -m ingest.run {shlex.join([*conf, *overrides])}"
    return make(
        Attempt(
            job=loaded.job,
            config=loaded.yaml(),
            place=loaded.place,
            store=None,
            state=loaded.job.state,
            resume=again,
            again=again,
            progress=arguments.progress,
            as_json=arguments.json,
            fresh=arguments.fresh,
            server=head.server,
        )
    )
