"""`ingest COMMAND`: the console script, and `python -m ingest`."""

import importlib
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from ingest import __version__

STOPPED = 130

GROUPS = {
    "Begin": {
        "init-project": "create a repository for jobs, with an example",
        "init": "inspect a file or folder and write a job for it",
    },
    "Look before you run": {
        "validate": "check every job file",
        "test": "run jobs on their samples and compare with the expected rows",
        "preview": "show what each step does to rows, and which rows the contract would reject",
        "plan": "show what a run would read, and in how many partitions; changes nothing",
        "connections": "list connections to buckets and databases, or test one",
    },
    "Run": {
        "run": "run a job and publish its rows, or resume its last run if that was stopped",
        "resume": "resume an unfinished run by its id, with the settings it was started with",
        "submit": "run a job on a Ray cluster that is already running, and follow it",
        "cancel": "stop a running run in order, wherever it runs; it can be resumed",
        "k8s": "write the Kubernetes manifests of a job, or check manifests",
        "cluster": "keep a Ray running on this machine, which runs with cluster=local use",
    },
    "After a run": {
        "status": "list runs with their row counts, or show one",
        "ui": "show all runs in a browser, live and afterwards",
        "lineage": "show which columns of the source the columns of a run's output come from",
        "verify": "check whether the published files of a run are still as it wrote them",
        "logs": "show the log of a run, as text or JSON; follow one that is running",
        "diff": "show what changed between two runs: settings, code, versions, inputs, rows",
        "rerun": "reproduce a published run beside it, and compare the files byte for byte",
        "cursor": "show which files a job has read, mark files as read, or read all again",
        "bench": "show where the time of a job or run goes, and what would help",
        "docs": "document all data flows: a site, a README for each job, and a check for CI",
        "clean": "remove what was recorded of old runs, and leftover files; never published rows",
    },
}
"""The commands in the order of their use."""

COMMANDS = {name: text for group in GROUPS.values() for name, text in group.items()}

_DISCARD = "To discard an unfinished run: ingest run NAME --fresh"
_PLAN = "To see what a run would do: ingest plan NAME"
_CHECK = "To check job files: ingest validate"
_RUN = "To run a job: ingest run NAME"
ELSEWHERE = {
    **dict.fromkeys(("abort", "discard"), _DISCARD),
    **dict.fromkeys(("stop", "kill"), "Did you mean cancel?"),
    "reset": f"{_DISCARD}. To read all files again: ingest cursor reset NAME",
    **dict.fromkeys(("clear", "purge", "prune", "gc", "vacuum", "cleanup"), "Did you mean clean?"),
    **dict.fromkeys(("list", "ls", "runs", "history", "show"), "To list runs: ingest status"),
    **dict.fromkeys(("check", "lint", "compile", "parse"), _CHECK),
    **dict.fromkeys(("debug", "doctor", "info"), f"{_CHECK}. {_PLAN}"),
    **dict.fromkeys(("describe", "explain"), f"{_PLAN}. To see what a run did: ingest status RUN"),
    **dict.fromkeys(("documentation", "catalog", "catalogue"), "Did you mean docs?"),
    **dict.fromkeys(
        ("deploy", "kubernetes", "kuberay", "render", "manifest", "manifests"),
        "To write the Kubernetes manifests of a job: ingest k8s render NAME",
    ),
    **dict.fromkeys(("dashboard", "serve", "web", "page", "watch"), "Did you mean ui?"),
    "deps": "Jobs need no packages to be installed. " + _CHECK,
    **dict.fromkeys(("tests", "unittest"), "Did you mean test?"),
    **dict.fromkeys(("retry", "continue"), "Did you mean resume?"),
    **dict.fromkeys(("start", "exec", "execute", "build", "pipeline", "trigger"), _RUN),
}
"""What other tools call it, whose names are not like ours."""

USAGE = "usage: ingest COMMAND [options]    (or: python -m ingest COMMAND)"

PURPOSE = (
    "A job is one YAML file, conf/job/NAME.yaml. It says which files to read, which steps\nto "
    "apply, which contract (column types and checks) the rows must meet, and where to write\n"
    "them. A run first checks the result, then publishes it: only then can readers see it."
)

EXAMPLES = """Examples:
  ingest init downloads/orders.csv --name orders    # writes conf/job/orders.yaml
  ingest preview orders
  ingest run orders
  ingest status"""


def main(argv: Sequence[str] | None = None) -> int:
    """Hand over to the command that is named first; return its exit code."""
    from ingest.commands.base import guarded  # noqa: PLC0415 - so that Ctrl-C is caught: `script`

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
        from ingest.core.names import hint  # noqa: PLC0415

        near = ELSEWHERE.get(name) or hint(name, COMMANDS)
        print(f'ingest: no such command "{name}". {near}'.rstrip(), file=sys.stderr)
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
        f"Options:\n  {'-h, --help':<{width}}show this text; for one command: ingest COMMAND "
        f"--help\n  {'--version':<{width}}show the version"
    )
    parts = (USAGE, PURPOSE, *groups, options, EXAMPLES)
    return "\n\n".join(parts)


def script() -> NoReturn:
    """Be the console script: `main`, and then leave. Ctrl-C ends it from the first import on."""
    try:
        code = main()
    except KeyboardInterrupt:
        code = STOPPED
    from ingest.core.leaving import leave  # noqa: PLC0415

    leave(code)


if __name__ == "__main__":
    script()
