"""`ingest diff`: what changed between two runs."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from ingest.commands.base import add_state, open_state, parser, report
from ingest.core.counts import counted
from ingest.core.faults import fault
from ingest.driver.differences import Page, differences


def main(argv: Sequence[str] | None = None) -> int:
    """Show what differs between two runs; return the exit code."""
    options = parser(
        "diff",
        "Show what changed between two runs: settings of the job, code (Git revision and "
        "uncommitted files), versions of packages, input files, columns, and row counts. The exit "
        "code is 0 whether something changed or not.",
        "ingest diff 20261122t184500-0f9e8d 20261123t184500-1a2b3c",
    )
    options.add_argument("first", metavar="RUN", help="the id of the earlier run")
    options.add_argument("second", metavar="RUN", help="the id of the later run")
    options.add_argument("--json", action="store_true", help="print the differences as JSON")
    add_state(options)
    arguments = options.parse_args(argv)
    page = differences(open_state(arguments), arguments.first, arguments.second)
    report(json.dumps(page, indent=1) if arguments.json else "\n".join(_lines(page)))
    return 0


def _lines(page: Page) -> Iterator[str]:
    yield f"{page['runs'][0]}  {page['jobs'][0]}"
    yield f"{page['runs'][1]}  {page['jobs'][1]}"
    same = []
    for name in ("settings", "code", "versions", "inputs", "schema", "rows"):
        if name not in page:
            continue
        if lines := list(_part(name, page[name])):
            yield from ("", name, *(f"  {line}" for line in lines))
        else:
            same.append(name)
    if same:
        yield from ("", f"the same: {', '.join(same)}")
    yield from (f"unknown: {line}" for line in page["unknown"])


def _part(name: str, part: Any) -> Iterator[str]:
    if name == "settings":
        yield from part
    elif name == "inputs":
        for kind, found in part.items():
            yield f"{counted(found['files'], 'file')} {kind}"
            yield from (f"  {uri}" for uri in found["examples"])
    elif name == "schema":
        for which, columns in part.items():
            yield from (f"{which}: {_change(column, *two)}" for column, two in columns.items())
    else:
        yield from (_change(_said(key), *two) for key, two in part.items())


def _change(name: str, was: Any, now: Any) -> str:
    return f"{name}: {_shown(was)} → {_shown(now)}"


def _said(name: str) -> str:
    """Return a name as people know it: of rejected rows, what is wrong with them."""
    head, rejected, reason = name.partition("rejected, ")
    return f"rejected, {fault(reason)}" if rejected and not head else name


def _shown(value: Any) -> str:
    if value in (None, ""):
        return "none"
    return f"{value:,}" if isinstance(value, int) else str(value)
