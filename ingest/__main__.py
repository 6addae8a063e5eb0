"""`ingest COMMAND`: the console script, and `python -m ingest`."""

import importlib
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from ingest import __version__
from ingest.commands.base import guarded
from ingest.core.leaving import leave
from ingest.core.names import hint

COMMANDS = {
    "init-project": "lay out a repository for jobs, with one to try",
    "init": "look at a file or folder and write a job for it",
    "preview": "show the first rows after each step, and what the contract would reject",
    "plan": "show what a run would read, and in how many partitions; changes nothing",
    "run": "run a job and publish it, or resume it",
    "resume": "resume an unfinished run by its id, as it was recorded",
    "status": "list runs with row counts",
    "bench": "say where the time of a job or of a run goes, and what would help",
    "verify": "compare what a run has published with what is recorded of it",
    "validate": "check every job file",
}

_DISCARD = "An unfinished run is discarded by: ingest run +job=NAME --fresh"
ELSEWHERE = {
    **dict.fromkeys(("clean", "clear", "purge", "reset", "cancel", "abort"), _DISCARD),
    **dict.fromkeys(("list", "ls", "runs", "history", "logs", "show"), "Runs: ingest status"),
    **dict.fromkeys(("check", "lint", "compile"), "Job files are checked by: ingest validate"),
    **dict.fromkeys(("retry", "continue"), "Did you mean resume?"),
    **dict.fromkeys(("start", "exec", "build"), "Did you mean run?"),
}
"""What other tools call it, whose names are not like ours."""

EXAMPLES = """examples:
  ingest init downloads/orders.csv --name orders
  ingest preview +job=orders
  ingest run +job=orders
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
    """Return the help text: every command in a line, and examples."""
    lines = "\n".join(f"  {name:<10}{text}" for name, text in COMMANDS.items())
    return (
        "usage: ingest COMMAND [options]    (or: python -m ingest COMMAND)\n\n"
        "One YAML file becomes a published, audited data set, on Ray.\n\n"
        f"commands:\n{lines}\n\n"
        f"Each has its own --help.\n\n{EXAMPLES}"
    )


def script() -> NoReturn:
    """Be the console script: `main`, and then leave."""
    leave(main())


if __name__ == "__main__":
    script()
