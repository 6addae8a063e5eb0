"""`ingest run`: run a job and publish it, or resume it."""

import os
import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from ingest.commands.advice import TYPED, Advice
from ingest.commands.attempt import add_output, add_start, make, progress_of
from ingest.commands.base import add_overrides, guarded, importing, load_job, parser, report
from ingest.core.beside import Beside
from ingest.core.errors import ConfigError, IngestError, Interrupted

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.config.composed import Composed

EXAMPLE = """ingest run flights
  ingest run flights cluster=inline sink.path=elsewhere/flights
  ingest run flights,events                       (two jobs, one run after the other)
  python -m ingest.run +job=flights               (for Ray job submission)"""
PROGRAM = "ingest run"
ENDED = {
    0: "published",
    IngestError.exit_code: "failed",
    ConfigError.exit_code: "refused",
    Interrupted.exit_code: "interrupted",
}
"""What became of a run, by its exit code."""


def main(argv: Sequence[str] | None = None, program: str = PROGRAM) -> int:
    """Run the jobs that the command line names, one after the other; return the exit code.

    `program` is what was typed before it, which is what is told to be typed again.
    """
    options = parser(
        "run",
        "Run a job and publish its rows: make them visible in its output, all at once. If the "
        "last run of the job was stopped, this resumes it.",
        EXAMPLE,
    )
    add_overrides(options)
    add_start(options)
    add_output(options)
    options.set_defaults(program=program)
    arguments = options.parse_intermixed_args(argv)
    reading = Beside(partial(_read, arguments.overrides, arguments.conf))
    with importing():  # meanwhile; here, because it keeps --help quick
        from ingest.driver.drive import drive  # noqa: F401, PLC0415
        from ingest.library.running import opened  # noqa: F401, PLC0415

    sweeps, composed, surroundings = reading.result()
    if composed:
        return _run(arguments, sweeps[0], composed, surroundings)
    loaded = [load_job(arguments.conf, overrides) for overrides in sweeps]
    with importing():
        from ingest.driver.outputs import check_together  # noqa: PLC0415 - keeps --help quick

    check_together([(one.job, one.place) for one in loaded])  # all are right, or nothing runs
    return _all(arguments, sweeps)


def _read(
    overrides: Sequence[str], conf: "Path | None"
) -> "tuple[list[list[str]], Composed | None, dict[str, Any] | None]":
    """Return what the command line asks for and, of a single job, itself and its surroundings."""
    from ingest.config.sweep import read  # noqa: PLC0415 - Hydra takes a quarter of a small job

    sweeps, composed = read(overrides, conf)
    if composed is None:
        return sweeps, None, None
    from ingest.records.environment import surroundings  # noqa: PLC0415 - it asks Git

    return sweeps, composed, surroundings()


def _all(arguments: Any, sweeps: Sequence[Sequence[str]]) -> int:
    """Run one after the other, say what became of each, and return the worst exit code.

    That of a wrong request means that nothing ran: if another one of them did, it is a failure.
    """
    codes: list[int] = []
    for overrides in sweeps:
        codes.append(guarded(partial(_run, arguments), overrides))
        if codes[-1] == Interrupted.exit_code:  # whoever stops one run means all of them
            break
    ended = ENDED | ({0: "published or skipped"} if arguments.if_running == "skip" else {})
    became = [ended[code] for code in codes] + ["not started"] * (len(sweeps) - len(codes))
    counts = ", ".join(f"{number} {what}" for what, number in Counter(became).items())
    lines = [f"  {what:<12} {shlex.join(each)}" for what, each in zip(became, sweeps, strict=True)]
    text = "\n".join([f"\n{len(sweeps)} runs: {counts}", *lines])
    if arguments.json:
        print(text, file=sys.stderr)
    else:
        report(text)
    refused = ConfigError.exit_code
    return IngestError.exit_code if refused in codes and set(codes) != {refused} else max(codes)


def _run(
    arguments: Any,
    overrides: Sequence[str] | None,
    composed: "Composed | None" = None,
    surroundings: dict[str, Any] | None = None,
) -> int:
    conf = ["--conf", str(arguments.conf)] if arguments.conf else []
    words = shlex.join([*conf, *(overrides or ())])
    again = os.environ.get(TYPED) or f"{arguments.program} {words}"
    with ExitStack() as stack:
        with importing():
            from ingest.library.running import opened  # noqa: PLC0415 - keeps --help quick

            request = stack.enter_context(
                opened(
                    arguments.conf,
                    overrides or (),
                    fresh=arguments.fresh,
                    composed=composed,
                    surroundings=surroundings,
                )
            )
        return make(
            request,
            Advice(
                state=request.job.state,
                state_connection=request.job.state_connection_name,
                resume=again,
                again=again,
                fresh=f"{again} --fresh",
                restored="",
                preview=f"ingest preview {words}" if arguments.program == PROGRAM else "",
            ),
            progress_of(arguments),
            as_json=arguments.json,
            if_running=arguments.if_running,
        )
