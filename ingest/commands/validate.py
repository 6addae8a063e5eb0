"""`ingest validate`: check every job file."""

import sys
from collections.abc import Sequence

from ingest.commands.base import add_conf, importing, parser, report
from ingest.core.counts import counted
from ingest.core.errors import ConfigError


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
    arguments = options.parse_args(argv)
    with importing():
        from ingest.library.jobs import checked  # noqa: PLC0415 - keeps --help free of Hydra

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
