"""`ingest status`: the runs of a state directory, with row counts."""

import json
import shutil
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from ingest.commands.base import add_state, duration, open_state, parser
from ingest.commands.typed import count
from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError, FatalError
from ingest.core.names import hint
from ingest.core.streams import cursor_moving
from ingest.records.endings import RECEIPT
from ingest.records.plan_facts import plan_facts
from ingest.records.runs import Runs, made_at
from ingest.storage.glance import Glance
from ingest.storage.objects import Store
from ingest.storage.store import STATE, state_option
from ingest.watch.listing import details, following, table
from ingest.watch.runs import ENDED, Page, describe, newest
from ingest.watch.telling import Telling


def main(argv: Sequence[str] | None = None) -> int:
    """List runs, newest last; return the exit code."""
    options = parser(
        "status",
        "List runs, how they ended, and their row counts. A run is done (published), running, "
        "discarded, or unfinished: failed, interrupted or died (killed). Or show one run: what "
        "happened to its rows, and what to type next.",
        "ingest status\n  ingest status --job flights\n  ingest status 20261123t184500-1a2b3c",
    )
    options.add_argument(
        "run",
        nargs="?",
        metavar="RUN",
        help="the id of a run: show this run in detail",
    )
    options.add_argument("--job", help="only this job's runs")
    options.add_argument(
        "--failed", action="store_true", help="only runs that failed, were interrupted or died"
    )
    options.add_argument(
        "--since", metavar="TIME", help="only runs that started within this time: 12h, 2d, 1w"
    )
    options.add_argument("--watch", action="store_true", help="show the runs live, until Ctrl-C")
    add_state(options)
    options.add_argument(
        "-n", "--last", type=count(1), default=20, help="how many runs to list (default: 20)"
    )
    options.add_argument("--json", action="store_true", help="print the runs as JSON")
    arguments = options.parse_args(argv)
    _refuse_word(arguments.state)
    if arguments.run and _filters(arguments):
        raise ConfigError(
            f"{_filters(arguments)}: chooses runs of the list; RUN shows one run. Leave out one"
        )
    store = Glance(open_state(arguments))
    here = state_option(arguments.state, arguments.state_connection)
    if arguments.watch:
        return _watch(store, arguments)
    runs = Pages(store, arguments)
    pages = runs.look()
    for page in pages:
        if why := _outdated(store, page):
            page["outdated"] = why
        page["next"] = following(page, here)
    if arguments.json:
        print(json.dumps(pages, indent=1))
    elif arguments.run:
        print("\n".join(details(pages[0], here)))
    else:
        print("\n".join(table(pages) if pages else [_none(store, arguments)]))
        if runs.more:
            wider = f"-n {10 * arguments.last}"
            print(f"Older runs are not shown. To see more: {wider}", file=sys.stderr)
    return 0


def _filters(arguments: Namespace) -> str:
    """Return the options that choose runs, as they were typed."""
    typed = [f"--job {arguments.job}"] if arguments.job else []
    typed += ["--failed"] if arguments.failed else []
    typed += [f"--since {arguments.since}"] if arguments.since else []
    return " ".join(typed)


FAILED = {"failed", "interrupted", "died", "damaged"}
STATES = ("running", "open", "done", "failed", "interrupted", "discarded", "died", "damaged")


def _outdated(store: Store, page: Page) -> str:
    """Say why an unfinished run cannot be resumed, although it stands there; mostly empty.

    What only its inputs can tell is not asked: that would list them.
    """
    if not page.get("go_on") or page["phase"] != "planned" or page["state"] == "running":
        return ""
    with suppress(ConfigError, FatalError):  # who resumes it is told
        if plan_facts(store, page["run_id"]).cursor:
            from ingest.driver.cursors import moved  # noqa: PLC0415 - a second, where it is needed
            from ingest.driver.recorded import recorded_job  # noqa: PLC0415
            from ingest.records.plans import Plan  # noqa: PLC0415

            run_id = page["run_id"]
            return moved(recorded_job(Runs(store), run_id), store, Plan(store, run_id))
    return ""


REDRAW_S, REDRAW_OF_A_BUCKET_S = 1.0, 2.0
CLEAR = "\x1b[H\x1b[J"


@dataclass()
class Pages:
    """The runs that were asked for, as of each look at the state.

    Those that are `known` to have ended are not read again; of those in `tellings`, only what has
    come since is. `more` says whether there are older ones than those that were shown last.
    """

    glance: Glance
    arguments: Namespace
    known: dict[str, Page] = field(default_factory=dict)
    tellings: dict[str, Telling] = field(default_factory=dict)
    more: bool = False

    def look(self) -> list[Page]:
        """Return them, newest last."""
        self.glance.look()
        asked = self.arguments
        if asked.run:
            runs = Runs(self.glance)
            mark = runs.removed(asked.run)
            job = mark["job"] if mark else runs.job_of(asked.run)
            return [describe(self.glance, asked.run, job, self.tellings)]
        since = datetime.now(UTC) - duration(asked.since, "--since") if asked.since else None
        runs_left = iter(
            each
            for each in newest(self.glance, asked.job)
            if since is None or (made_at(each[0]) or since) >= since
        )
        pages: list[Page] = []
        while wanted := list(islice(runs_left, max(asked.last - len(pages), 0))):
            every = filter(None, self.glance.each(self._page, wanted))
            pages += [page for page in every if not asked.failed or page["state"] in FAILED]
        self.more = next(runs_left, None) is not None
        return pages[::-1]

    def _page(self, run: tuple[str, str]) -> Page | None:
        """Return a run; None if its records are gone, or it is none that was asked for."""
        run_id, job = run
        if not Runs(self.glance).exists(run_id):
            return None
        if self.arguments.failed and self.glance.exists(f"runs/{run_id}/{RECEIPT}"):
            return None  # it is done: most are, and this is quicker than to read them
        page = self.known.get(run_id) or describe(self.glance, run_id, job, self.tellings)
        if page["state"] in ENDED:
            self.known[run_id] = page
            self.tellings.pop(run_id, None)
        return page


def _watch(store: Glance, arguments: Namespace) -> int:
    """Show the runs again and again, until Ctrl-C; as JSON, a line for each change."""
    if not (sys.stdout.isatty() or arguments.json):
        raise ConfigError(
            "--watch: stdout is not a terminal. Leave out --watch, or add --json: a line for each "
            "change"
        )
    runs, shown = Pages(store, arguments), ""
    while True:
        text = _text_of(runs.look(), store, arguments)
        if not arguments.json:
            cursor_moving(sys.stdout).write(CLEAR)
        if text != shown or not arguments.json:
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()
        shown = text
        time.sleep(REDRAW_S if store.is_local else REDRAW_OF_A_BUCKET_S)


def _text_of(pages: list[Page], store: Store, arguments: Namespace) -> str:
    """Return what is shown of a look: as much as fits the terminal, or a line of JSON."""
    here = state_option(arguments.state, arguments.state_connection)
    if arguments.json:
        return json.dumps([{**page, "next": following(page, here)} for page in pages])
    if arguments.run:
        return "\n".join(_fitting([], details(pages[0], here)))
    head, *lines = table(pages) if pages else [_none(store, arguments)]
    return "\n".join(_fitting([head], lines))


def _fitting(head: list[str], lines: list[str]) -> list[str]:
    """Return the head, and the last lines that fit the terminal with it; wide ones take several."""
    columns, height = shutil.get_terminal_size()
    room = height - 1 - sum(_rows(line, columns) for line in head)
    kept: list[str] = []
    for line in reversed("\n".join(lines).split("\n") if lines else []):
        room -= _rows(line, columns)
        if room < 0:
            break
        kept.append(line)
    return [*head, *reversed(kept)]


def _rows(line: str, columns: int) -> int:
    return max(1, -(-len(line) // max(columns, 1)))


def _refuse_word(state: str) -> None:
    if state in STATES and not Path(state).exists():
        raise ConfigError(
            f'--state {state}: there is no folder "{state}". --state is the folder where runs '
            f"are recorded. To filter by how they ended, write: ingest status | grep {state}"
        )


def _named(state: str) -> str:
    """Return a state without runs; of a folder that is not there that too, for it may be a typo."""
    if state == STATE or "://" in state or Path(state).is_dir():
        return state
    return f"{state}, because there is no such folder"


def _none(store: Store, arguments: Namespace) -> str:
    """Say that there are no runs to list, of the job if one is named."""
    known = Runs(store).jobs()
    if known and (arguments.failed or arguments.since):
        filters = _filters(arguments)
        return f"no runs in {arguments.state} match {filters}. To list all: ingest status"
    if not (arguments.job and known):
        return f"no runs in {_named(arguments.state)}. Start one with: ingest run NAME"
    if arguments.job in known:
        return f'no runs of job "{arguments.job}" are recorded in {arguments.state}'
    near = hint(arguments.job, known)
    return (
        f'no runs of a job "{arguments.job}" in {arguments.state}. {near}Jobs with runs: '
        f"{', '.join(known)}"
    )
