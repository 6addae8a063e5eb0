"""`ingest cursor`: what a job has read, and changing it."""

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ingest.commands.base import add_overrides, importing, load_job, parser, report
from ingest.core.counts import counted
from ingest.core.errors import ConfigError

if TYPE_CHECKING:
    from ingest.driver.marking import Choice
    from ingest.job import Job
    from ingest.records.cursors import Entry
    from ingest.storage.objects import Store

LAST = 20
ACTIONS = ("show", "set", "reset")
EXAMPLE = """ingest cursor show orders
  ingest cursor set orders --before 2026-11-01
  ingest cursor set orders --matching '*-2025-*.csv' --dry-run
  ingest cursor reset orders"""


def main(argv: Sequence[str] | None = None) -> int:
    """Show a job's cursor or change it; return the exit code."""
    options = parser(
        "cursor",
        "Show or change the cursor of a job with source.incremental: the files that its runs have "
        "read and published, and do not read again. `set` marks files as read although no "
        "run has read them: runs leave them out from then on. `reset` makes the next run read all "
        "files. A change is refused while a run of the job is in progress.",
        EXAMPLE,
    )
    options.add_argument("action", choices=ACTIONS, metavar="ACTION", help="show, set or reset")
    add_overrides(options)
    options.usage = f"{options.prog} [options] ACTION NAME [KEY=VALUE ...]"
    options.add_argument(
        "--before",
        metavar="TIME",
        help="for set: only files written before this date or time (UTC)",
    )
    options.add_argument(
        "--matching",
        metavar="PATTERN",
        default="",
        help="for set: only files whose name (or path, if the pattern has a /) matches; * means "
        "any characters",
    )
    options.add_argument(
        "--dry-run", action="store_true", help="say what would change, but change nothing"
    )
    options.add_argument(
        "--files", action="store_true", help="for show: list the files, one a line"
    )
    options.add_argument("--json", action="store_true", help="print the result as JSON")
    arguments = options.parse_intermixed_args(argv)
    before = _time(arguments.before) if arguments.before else None
    if (before or arguments.matching) and arguments.action != "set":
        raise ConfigError(
            f"command line: --before and --matching are for set, not for {arguments.action}. "
            "Remove them"
        )
    loaded = load_job(arguments.conf, arguments.overrides, f"ingest cursor {arguments.action}")
    with importing():
        from ingest.driver.marking import Choice, refuse_without  # noqa: PLC0415
        from ingest.storage.objects import open_store  # noqa: PLC0415

    refuse_without(loaded.job)
    store = open_store(loaded.job.state, loaded.job.state_connection)
    if arguments.action == "show":
        return _show(loaded.job, store, arguments)
    if arguments.action == "set":
        return _set(loaded.job, store, Choice(before, arguments.matching), arguments)
    return _reset(loaded.job, store, arguments)


def _show(job: "Job", store: "Store", arguments: Namespace) -> int:
    from ingest.driver.cursors import cursor_of  # noqa: PLC0415
    from ingest.records.cursors import outputs_of  # noqa: PLC0415

    cursor = cursor_of(job, store)
    entries = list(cursor.entries(0 if arguments.json else LAST))
    others = [output for output in outputs_of(store, job.name) if output != cursor.output]
    if arguments.files:
        for part in cursor.files(entries[-1]) if entries else ():
            for uri in part["uri"]:
                print(json.dumps(uri) if arguments.json else uri)
    elif arguments.json:
        print(json.dumps(_page(job, cursor.output, entries, others), indent=1))
    else:
        files = entries[-1].files if entries else 0
        print(f"{job.name}: {counted(files, 'file')} read and published to {cursor.output}")
        lines = [_line(entry) for entry in entries]
        head = f"  {'entry':>6} {'when':<24} {'added':>11} {'in all':>11}  by"
        print("\n".join([head, *lines]) if lines else "  No run was published there yet")
        for output in others:
            print(f"  This job also has a cursor for {output}")
    return 0


def _page(job: "Job", output: str, entries: list["Entry"], others: list[str]) -> dict[str, Any]:
    last = entries[-1] if entries else None
    shown = ("number", "by", "added", "files", "about")
    return {
        "job": job.name,
        "output": output,
        "files": last.files if last else 0,
        "position": last.position if last else {},
        "entries": [
            {key: value for key, value in asdict(entry).items() if key in shown}
            for entry in entries
        ],
        "other_outputs": others,
    }


def _line(entry: "Entry") -> str:
    about = entry.about
    by = f"run {about['run_id']}" if entry.by == "run" else f"{entry.by}, {about.get('user', '')}"
    told = [f"{key} {about[key]}" for key in ("before", "matching") if about.get(key)]
    when = about.get("at", "")[:19].replace("T", " ")
    return (
        f"  {entry.number:>6} {when:<24} {entry.added:>11,} {entry.files:>11,}  "
        f"{', '.join([by, *told])}"
    )


def _set(job: "Job", store: "Store", choice: "Choice", arguments: Namespace) -> int:
    from ingest.driver.marking import choose, held, mark, unfinished  # noqa: PLC0415

    if arguments.dry_run:
        marked, entry = choose(job, store, choice), None
    else:
        with held(job, store) as cursor:
            marked = choose(job, store, choice)
            entry = mark(cursor, marked, choice) if marked.files else None
    verb = "would be marked" if arguments.dry_run else "marked"
    files = f"{len(marked.files):,} of {counted(marked.listed, 'file')} {verb} as read"
    already = f" ({marked.read:,} already were)" if marked.read else ""
    page = {"marked": len(marked.files), "listed": marked.listed, "already": marked.read}
    _tell(f"{job.name}: {files}{already}", page, entry, arguments)
    _warn(unfinished(job, store) if entry else [])
    return 0


def _reset(job: "Job", store: "Store", arguments: Namespace) -> int:
    from ingest.driver.cursors import cursor_of  # noqa: PLC0415
    from ingest.driver.marking import held, reset, unfinished  # noqa: PLC0415

    entry, last = None, cursor_of(job, store).last()
    if not arguments.dry_run:
        with held(job, store) as cursor:
            last = cursor.last()
            entry = reset(cursor) if last is None or last.files or last.position else None
    forgotten = last.files if last else 0
    if forgotten:
        verb = "would be forgotten" if arguments.dry_run else "forgotten"
        text = f"{counted(forgotten, 'file')} {verb}: the next run reads all files"
        if job.sink.write_disposition == "append":
            text += ", and append adds their rows again"
    else:
        text = "no file counts as read: the next run reads all files"
    _tell(f"{job.name}: {text}", {"forgotten": forgotten}, entry, arguments)
    _warn(unfinished(job, store) if entry else [])
    return 0


def _tell(text: str, page: dict[str, Any], entry: "Entry | None", arguments: Namespace) -> None:
    if arguments.json:
        page = {**page, "entry": entry.number if entry else None, "dry_run": arguments.dry_run}
        report(json.dumps(page))
    else:
        report(f"{text}. Nothing was changed (--dry-run)" if arguments.dry_run else text)


def _warn(runs: Sequence[str]) -> None:
    for run in runs:
        print(f"run {run} is unfinished; the next run starts over in its place", file=sys.stderr)


def _time(text: str) -> datetime:
    """Return the moment that a date or time stands for, UTC unless it says otherwise.

    Raises:
        ConfigError: it is neither.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f'--before: "{text}": not a date or time. Write it like 2026-11-30 or 2026-11-30T12:00'
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
