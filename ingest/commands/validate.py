"""`ingest validate`: check every job file."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ingest.commands.base import add_conf, add_json, importing, parser, report
from ingest.core.counts import counted
from ingest.core.errors import ConfigError

if TYPE_CHECKING:
    from ingest.job import Job


def main(argv: Sequence[str] | None = None) -> int:
    """Compose and validate all jobs, or those named; return 2 if any is wrong."""
    options = parser(
        "validate",
        "Check job files: all jobs of the folder, or only the named ones. Reads no data. Lists "
        "all mistakes, each with its file and line. The exit code is 0 if there are none, and "
        "2 if there are.",
        "ingest validate\n  ingest validate orders events",
    )
    add_conf(options)
    options.add_argument("jobs", nargs="*", metavar="NAME", help="names of jobs (default: all)")
    add_json(options, "each job and its mistakes")
    arguments = options.parse_args(argv)
    with importing():
        from ingest.library.jobs import checked  # noqa: PLC0415 - keeps --help free of Hydra

    if arguments.json:
        return _as_json(checked(arguments.jobs, arguments.conf))
    number = wrong = 0
    for name, job in checked(arguments.jobs, arguments.conf):
        number += 1
        if isinstance(job, ConfigError):
            wrong += 1
            print(job, file=sys.stderr)
        else:
            report(f"{name}: ok")
    are = "is" if number == 1 else "are"
    report(f"{number - wrong} of {counted(number, 'job')} {are} valid")
    return ConfigError.exit_code if wrong else 0


def _as_json(jobs: "Iterable[tuple[str, Job | ConfigError]]") -> int:
    pages = [
        {"job": name, "mistakes": list(job.lines) if isinstance(job, ConfigError) else []}
        for name, job in jobs
    ]
    report(json.dumps(pages, indent=1))
    return ConfigError.exit_code if any(page["mistakes"] for page in pages) else 0
