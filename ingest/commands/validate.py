"""`ingest validate`: check every job file."""

import sys
from collections.abc import Sequence

from ingest.commands.base import add_conf, load_job, parser, report
from ingest.config.folders import search_path
from ingest.config.load import jobs
from ingest.config.places import shown
from ingest.core.errors import ConfigError


def main(argv: Sequence[str] | None = None) -> int:
    """Compose and validate all jobs, or those named; return 2 if any is wrong."""
    options = parser(
        "validate",
        "Check job files: every job of the folder, or those named. Reads no data. Lists all "
        "mistakes, each with its file and line. Exit code 0 if there are none, else 2.",
        "ingest validate\n  ingest validate orders events",
    )
    add_conf(options)
    options.add_argument("jobs", nargs="*", metavar="NAME", help="names of jobs (all)")
    arguments = options.parse_args(argv)
    from ingest.config.overrides import FIRST, literal  # noqa: PLC0415 - keeps --help free of Hydra

    names = arguments.jobs or jobs(arguments.conf)
    if not names:
        raise ConfigError(
            f"{shown(search_path(arguments.conf)[0] / 'job')}: holds no jobs. {FIRST}"
        )
    wrong = 0
    for name in names:
        try:
            load_job(arguments.conf, [literal("+job", name)])
        except ConfigError as error:
            wrong += 1
            print(error, file=sys.stderr)
        else:
            report(f"{name}: ok")
    report(f"{len(names) - wrong} of {len(names)} jobs are valid")
    return ConfigError.exit_code if wrong else 0
