"""`ingest COMMAND`: the console script, and `python -m ingest`."""

import importlib
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from ingest import __version__
from ingest.commands.base import guarded
from ingest.core.leaving import leave
from ingest.core.names import hint

GROUPS = {
    "Begin": {
        "init-project": "lay out a repository for jobs, with one to try",
        "init": "look at a file or folder and write a job for it",
    },
    "Look before you run": {
        "validate": "check every job file",
        "test": "run jobs over their samples and compare with their expected rows",
        "preview": "show what each step does to rows, and what the contract would reject",
        "plan": "show what a run would read, and in how many partitions; changes nothing",
    },
    "Run": {
        "run": "run a job and publish it, or resume it",
        "resume": "resume an unfinished run by its id, as it was recorded",
    },
    "After a run": {
        "status": "list runs with row counts",
        "verify": "compare what a run has published with what is recorded of it",
        "bench": "say where the time of a job or of a run goes, and what would help",
        "clean": "remove old runs from the state, and files that dead runs have staged",
    },
}
"""The commands in the order of their use."""

COMMANDS = {name: text for group in GROUPS.values() for name, text in group.items()}

_DISCARD = "An unfinished run is discarded by: ingest run NAME --fresh"
_PLAN = "What a run would do is shown by: ingest plan NAME"
_CHECK = "Job files are checked by: ingest validate"
_RUN = "A job is run by: ingest run NAME"
ELSEWHERE = {
    **dict.fromkeys(("reset", "cancel", "abort", "discard"), _DISCARD),
    **dict.fromkeys(("clear", "purge", "prune", "gc", "vacuum", "cleanup"), "Did you mean clean?"),
    **dict.fromkeys(("list", "ls", "runs", "history", "logs", "show"), "Runs: ingest status"),
    **dict.fromkeys(("check", "lint", "compile", "parse"), _CHECK),
    **dict.fromkeys(("debug", "doctor", "info"), f"{_CHECK}. {_PLAN}"),
    **dict.fromkeys(("docs", "describe", "explain"), f"{_PLAN}. What a run did: ingest status RUN"),
    "deps": "Jobs need no packages to be fetched. " + _CHECK,
    **dict.fromkeys(("tests", "unittest"), "Did you mean test?"),
    **dict.fromkeys(("retry", "continue"), "Did you mean resume?"),
    **dict.fromkeys(("start", "exec", "execute", "build", "pipeline", "submit", "trigger"), _RUN),
}
"""What other tools call it, whose names are not like ours."""

USAGE = "usage: ingest COMMAND [options]    (or: python -m ingest COMMAND)"

PURPOSE = """A job is one YAML file, conf/job/NAME.yaml: what to read, what to do to the rows, what
they must be, and where they go. Its runs publish audited data sets, on one machine or,
by Ray, on a cluster."""

EXAMPLES = """Examples:
  ingest init downloads/orders.csv --name orders    # writes conf/job/orders.yaml
  ingest preview orders
  ingest run orders
  ingest status"""


def main(argv: Sequence[str] | None = None) -> int:
    """Hand over to the command that is named first; return its exit code."""
    return guarded(_command, argv)


def _command(argv: Sequence[str] | None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    name = arguments[0] if arguments else "--help"
    if name in {"-h", "--help", "help"}:
        print(usage())
        return 0
    if name == "--version":
        print(__version__)
        return 0
    if name not in COMMANDS:
        near = ELSEWHERE.get(name) or hint(name, COMMANDS)
        print(f'ingest: no such command "{name}". {near}', file=sys.stderr)
        print(f"\n{usage()}", file=sys.stderr)
        return 2
    return int(command(name).main(arguments[1:]))


def command(name: str) -> Any:
    """Return the module of a command; it is imported only now, which keeps all others quick."""
    return importlib.import_module(f"ingest.commands.{name.replace('-', '_')}")


def usage() -> str:
    """Return the help text: every command in a line, in groups, and examples."""
    width = max(map(len, COMMANDS)) + 2
    groups = (
        f"{title}:\n" + "\n".join(f"  {name:<{width}}{text}" for name, text in group.items())
        for title, group in GROUPS.items()
    )
    options = (
        "Options:\n"
        f"  {'-h, --help':<{width}}show this text; of one command: ingest COMMAND --help\n"
        f"  {'--version':<{width}}show the version"
    )
    parts = (USAGE, PURPOSE, *groups, options, EXAMPLES)
    return "\n\n".join(parts)


def script() -> NoReturn:
    """Be the console script: `main`, and then leave."""
    leave(main())


if __name__ == "__main__":
    script()
