"""What all commands share: options, how a job is loaded, how errors become exit codes."""

import argparse
import os
import re
import shutil
import sys
import textwrap
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.commands.typed import Parser
from ingest.core.collecting import uncollected
from ingest.core.errors import ConfigError, IngestError, Interrupted
from ingest.core.streams import forgive, lost_output, standard
from ingest.storage.store import STATE

if TYPE_CHECKING:
    from ingest.config.load import Loaded
    from ingest.job import Job
    from ingest.storage.objects import Store

LONGEST_LINE = 90
UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}

Main = Callable[[Sequence[str] | None], int]


def parser(name: str, purpose: str, example: str) -> Parser:
    """Return a parser for a command, with an example in its help."""
    width = min(LONGEST_LINE, shutil.get_terminal_size().columns)
    return Parser(
        prog=f"ingest {name}",
        description=textwrap.fill(purpose, width),
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def add_conf(to: argparse.ArgumentParser) -> None:
    """Let a command take its job files from another folder."""
    to.add_argument(
        "--conf",
        type=Path,
        metavar="DIR",
        help="folder that contains job/<name>.yaml (default: ./conf)",
    )


def add_overrides(to: argparse.ArgumentParser) -> None:
    """Let a command take a job by name, any of its settings, and the folder of job files."""
    add_conf(to)
    to.usage = f"{to.prog} [options] NAME [KEY=VALUE ...]"
    to.add_argument(
        "overrides",
        nargs="*",
        metavar="NAME KEY=VALUE",
        help=(
            "the job (+job=NAME means the same), and settings to change for this command only: "
            "sink.path=out cluster=inline"
        ),
    )


def add_state(to: argparse.ArgumentParser, default: str | None = STATE) -> None:
    """Let a command look at the runs of another state."""
    to.add_argument(
        "--state",
        default=default,
        metavar="DIR",
        help="folder where runs are recorded, or s3://BUCKET/PATH (default: .ingest)",
    )
    to.add_argument(
        "--state-connection",
        metavar="NAME",
        help="if --state is a bucket: how to reach it, see conf/connection/NAME.yaml",
    )


def add_json(to: argparse.ArgumentParser, what: str) -> None:
    """Let a command print what it has to say as JSON."""
    to.add_argument("--json", action="store_true", help=f"print {what} as JSON")


def add_format(to: argparse.ArgumentParser) -> None:
    """Let a command write its log as text or JSON."""
    to.add_argument(
        "--log-format",
        choices=("text", "json"),
        default="text",
        help=(
            "text (the default), or one JSON object in a line, with timestamp, level, message, "
            "job, run, attempt and partition"
        ),
    )


def open_state(arguments: argparse.Namespace) -> "Store":
    """Open the state that the options of `add_state` name.

    Raises:
        ConfigError: there is no such connection, or it does not lead there.
    """
    from ingest.storage.objects import open_store  # noqa: PLC0415 - keeps --help quick

    connection = None
    if name := arguments.state_connection:
        from ingest.config.load import load_connection  # noqa: PLC0415 - needs Hydra
        from ingest.storage.connections import StoreConnection  # noqa: PLC0415

        named = load_connection(getattr(arguments, "conf", None), name)
        if not isinstance(named, StoreConnection):
            raise ConfigError(
                f"--state-connection {name}: leads to a database ({named.address}). A state is a "
                "folder or a place in a bucket: name the connection of an object store"
            )
        connection = named
    return open_store(arguments.state or STATE, connection)


def duration(text: str, option: str) -> timedelta:
    """Return the time that `30d`, `12h` or `2w` stand for.

    Raises:
        ConfigError: it is written otherwise, or is longer than any run is old.
    """
    match = re.fullmatch(r"(\d{1,5})([hdw])", text.strip())
    if not match:
        raise ConfigError(
            f'{option}: "{text}": not a length of time. Write a number and h, d or w (hours, '
            f"days, weeks): {option} 30d"
        )
    return int(match[1]) * UNITS[match[2]]


def load_job(
    conf: Path | None,
    overrides: Sequence[str],
    command: str = "ingest run",
) -> "Loaded[Job]":
    """Compose and validate a job; `command` is what to type before its name, if none is named.

    Raises:
        ConfigError: all mistakes at once, each with its file and line.
    """
    with importing():
        from ingest.config.load import load  # noqa: PLC0415 - keeps --help free of Hydra and Polars
        from ingest.job import Job  # noqa: PLC0415

        return load(Job, conf, overrides, command=command)


@contextmanager
def importing() -> Iterator[None]:
    """Import without the garbage collector, then or later; for a process of the command's own."""
    # its threads, which nothing in here needs, would keep the process from being forked for workers
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with uncollected(for_good=True):
        yield


def report(text: str) -> None:
    """Print what a command has done: if that cannot be printed, it is done nevertheless."""
    print(text)
    if why := lost_output():
        print(f"warning: stdout: {why}: the printed output is incomplete", file=sys.stderr)
        forgive()


def guarded(main: Main, argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0, 1 failed, 2 the request was wrong, 130 stopped.

    A user's mistake is a text on stderr; a traceback is shown for bugs only. That nobody reads
    stdout or stderr any more changes no exit code; that they cannot be written (a full disk) only
    that of a command which has nothing to give but what it prints.
    """
    with standard(), _logged_as_asked(sys.argv[1:] if argv is None else argv):
        code = _code(main, argv)
        why = lost_output()
        if why and not code:
            print(
                f"error: stdout: {why}. The printed output is incomplete. "
                "Fix that, then run the command again",
                file=sys.stderr,
            )
            code = 1
        return code


@contextmanager
def _logged_as_asked(words: Sequence[str]) -> Iterator[None]:
    """With `--log-format json`, have errors and warnings be lines of JSON, too."""
    if not re.search(r"(^| )--log-format[ =]json( |$)", " ".join(words)):
        yield
        return
    from ingest.watch.logs import lines_of_json  # noqa: PLC0415 - keeps --help quick

    with lines_of_json():
        yield


def _code(main: Main, argv: Sequence[str] | None) -> int:
    try:
        return main(argv)
    except IngestError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except (KeyboardInterrupt, Interrupted):
        return Interrupted.exit_code
    except SystemExit as ended:
        where = traceback.extract_tb(ended.__traceback__)[-1]
        if where.filename == argparse.__file__:
            raise  # --help, or a mistake on the command line
        print(
            f"error: {where.filename}:{where.lineno}: called sys.exit({ended.code!r}) while "
            "the command was at work, which did not finish. Have it raise an error instead",
            file=sys.stderr,
        )
        return 1
