"""The page about commands, from what they say themselves with `--help`."""

import contextlib
import io
import os
import re
from collections.abc import Iterator

from ingest import __main__ as console
from ingest.core.errors import ConfigError, IngestError, Interrupted
from tests.docs.options import flat
from tests.docs.type_pages import page

WIDE = "10000"
"""Columns of a terminal in which no help text is wrapped: where, differs among Pythons."""

EXIT_CODES = {
    0: "It is done.",
    IngestError.exit_code: "The run failed, or `test`, `verify`, `rerun`, `docs check` or "
    "`connections test` found something wrong. Completed partitions are kept, and the same command "
    "resumes the run; or it starts over, if the job or the input was fixed.",
    ConfigError.exit_code: "The request was wrong: the job file, the command line, the input or "
    "the output. Nothing ran.",
    Interrupted.exit_code: "It was stopped, by Ctrl-C or SIGTERM. The same command resumes it.",
}


def commands() -> str:
    """Return the page."""
    codes = "".join(f"| {code} | {text} |\n" for code, text in EXIT_CODES.items())
    parts = [
        "# Commands",
        (
            "`ingest COMMAND`, or `python -m ingest COMMAND`. Results go to stdout, notes and "
            "progress to stderr. Only `run`, `resume` and `cluster up` start Ray."
        ),
        "".join(f"- [`{name}`](#{name}): {text}\n" for name, text in console.COMMANDS.items()),
        (
            "Write settings as `key=value`: "
            "[Configure a job](../guides/configuration.md#change-settings-for-one-run)."
        ),
        *(section(name) for name in console.COMMANDS),
        "## Exit codes",
        f"| code | meaning |\n|---|---|\n{codes}",
        "The errors behind the codes: [Errors](errors.md).",
    ]
    return page(parts)


def section(name: str) -> str:
    """Return what a command's help says: usage, purpose, arguments, examples."""
    usage, *rest, example = help_of(name).split("\n\n")
    purpose = [part for part in rest if not part.startswith(("positional", "options"))]
    rows = [row for part in rest if part not in purpose for row in _arguments(part)]
    example = re.sub(r"^  ", "", example.partition("\n")[2].rstrip(), flags=re.MULTILINE)
    cells = [(left.replace("|", r"\|"), flat(right)) for left, right in rows]
    table = "".join(f"| `{left}` | {right} |\n" for left, right in cells)
    return (
        f"## {name}\n\n{flat(' '.join(purpose))}\n\n"
        f"```\n{_steady(usage.removeprefix('usage: '))}\n```\n\n"
        f"| argument | meaning |\n|---|---|\n{table}\n```\n{example}\n```"
    )


def help_of(name: str) -> str:
    """Return a command's help text, unwrapped."""
    out, before = io.StringIO(), os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = WIDE
    try:
        with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
            console.command(name).main(["--help"])
    finally:
        os.environ.pop("COLUMNS")
        if before is not None:
            os.environ["COLUMNS"] = before
    return out.getvalue()


def _arguments(part: str) -> Iterator[tuple[str, str]]:
    text = re.sub(r"\n {20,}", "  ", part.partition("\n")[2])
    for line in text.splitlines():
        left, _, right = line.strip().partition("  ")
        assert right, f'"{left}" has no help text'
        if not left.startswith("-h"):
            yield _steady(left), right.replace("|", "\\|")


def _steady(text: str) -> str:
    """Write `-n N, --rows N` as Pythons since 3.13 do: `-n, --rows N`."""
    return re.sub(r"(-\w) [A-Z]+, (--)", r"\1, \2", text)
