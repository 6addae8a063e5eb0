"""`ingest status`: the runs of a state directory, with row counts."""

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from ingest.commands.base import add_state, parser, state_option
from ingest.core.errors import ConfigError, FatalError
from ingest.core.storage import Store, open_store
from ingest.records.history import History
from ingest.records.holders import Holder, holder
from ingest.records.ledger import Event, Ledger
from ingest.records.receipts import ended
from ingest.records.runs import OtherFormatError, Runs
from ingest.watch.attempts import attempts
from ingest.watch.resuming import inputs


def main(argv: Sequence[str] | None = None) -> int:
    """List runs, newest last; return the exit code."""
    options = parser("status", "List runs with row counts.", "ingest status --job flights")
    options.add_argument("run", nargs="?", help="one run, with the row counts of each step")
    options.add_argument("--job", help="only this job's runs")
    add_state(options)
    options.add_argument("-n", "--last", type=int, default=20, help="how many runs to list (20)")
    options.add_argument("--json", action="store_true", help="print them as JSON")
    arguments = options.parse_args(argv)
    _refuse_word(arguments.state)
    store = open_store(arguments.state)
    if arguments.run:
        ids = [(arguments.run, Runs(store).job_of(arguments.run))]
    else:
        ids = newest(Runs(store), arguments.job, arguments.last)
    pages = [describe(store, run_id, name) for run_id, name in ids]
    if arguments.json:
        print(json.dumps(pages, indent=1))
    elif arguments.run:
        print("\n".join(details(pages[0], arguments.state)))
    else:
        print("\n".join(table(pages, arguments.state)))
    return 0


STATES = ("running", "open", "done", "failed", "interrupted", "abandoned", "died", "damaged")


def _refuse_word(state: str) -> None:
    if state in STATES and not Path(state).exists():
        raise ConfigError(
            f'--state {state}: there is no folder "{state}". The option names the folder that runs '
            f"are recorded in, and not how they ended. Write: ingest status | grep {state}"
        )


def newest(runs: Runs, job: str | None, number: int) -> list[tuple[str, str]]:
    """Return the last runs, oldest first, with their jobs; not those whose records are gone."""
    names = [job] if job else runs.jobs()
    ids = sorted(((run, name) for name in names for run in runs.of_job(name)), reverse=True)
    found = itertools.islice((each for each in ids if runs.exists(each[0])), max(0, number))
    return list(found)[::-1]


def describe(store: Store, run_id: str, job: str) -> dict[str, Any]:
    """Return what is recorded of a run, as plain data. A damaged one is a run of that state."""
    runs = Runs(store)
    history, tried, damage, how = History(), [], "", ""
    given_up = runs.given_up(run_id)
    try:
        tried = attempts(_brief(Ledger(store, run_id).events(), history))
    except FatalError as error:
        if not given_up and (past := ended(store, run_id)) is not None:
            history, tried = past, []
        else:
            damage = str(error)
            how = "unreadable" if isinstance(error, OtherFormatError) else "damaged"
    totals = history.totals
    last = runs.of_job(job)[-1:] == [run_id]
    state = _state(history, holder(store, f"jobs/{job}/lease") if last else None)
    if damage or given_up:
        state = "abandoned" if given_up else how
    return {
        "run_id": run_id,
        "job": job,
        "state": state,
        "started_at": history.started_at,
        "ended_at": history.ended_at,
        "attempts": history.attempt,
        "partitions": {"settled": totals.partitions, "planned": history.partitions},
        "rows": {
            "read": totals.records,
            "written": totals.rows.get("main", 0),
            "filtered": totals.dropped("filtered"),
            "rejected": totals.rejected,
        },
        "retries": dict(history.retries),
        "tried": [asdict(page) for page in tried],
        "inputs": history.inputs or {},
        "books": [
            {
                "step": b.step,
                "rows": b.rows,
                "added": b.added,
                "dropped": b.dropped,
                "filtered": b.filtered,
                "out": b.out,
            }
            for b in totals.books.values()
        ],
        "go_on": last
        and history.phase in {"planned", "committed"}
        and state != "abandoned"
        and not damage,
        "error": damage or history.error,
    }


def _brief(events: Iterable[Event], history: History) -> Iterator[Event]:
    """Fold events into a history and pass them on without what only that needs."""
    for event in events:
        history.see(event)
        yield {"event": event["event"], "at": event["at"]} if event["event"] == "settled" else event


def _state(history: History, held: Holder | None) -> str:
    """Say how it stands with a run, in a word; `open` if nobody here can tell."""
    if history.phase in {"done", "abandoned"}:
        return history.phase
    if held is not None and held.state in {"alive", "stopped"} and not history.ended:
        return "running"
    if held is not None and held.state == "elsewhere" and not history.ended:
        return "open"
    return history.ended or "died"


def table(pages: list[dict[str, Any]], state: str) -> list[str]:
    """Return a line for each run."""
    if not pages:
        return [f"no runs in {state}. Start one with: ingest run NAME"]
    head = f"{'run':<23} {'job':<20} {'state':<12} {'partitions':>13} {'read':>13} "
    head += f"{'written':>13} {'rejected':>10} {'time':>9}"
    return [head, *(_line(page) for page in pages)]


def _dropped(book: dict[str, Any]) -> Iterator[str]:
    """Say why rows were dropped, and in brackets what filtered ones were filtered for."""
    for reason, count in book["dropped"].items():
        named = book["filtered"] if reason == "filtered" else {}
        why = ", ".join(f"{number:,} {name}" for name, number in named.items())
        yield f"{reason} {count:,}" + (f" ({why})" if why else "")


def _line(page: dict[str, Any]) -> str:
    done = f"{page['partitions']['settled']:,}/{page['partitions']['planned']:,}"
    rows = page["rows"]
    return (
        f"{page['run_id']:<23} {page['job']:<20} {page['state']:<12} "
        f"{done:>13} {rows['read']:>13,} "
        f"{rows['written']:>13,} {rows['rejected']:>10,} {_took(page):>9}"
    )


def details(page: dict[str, Any], state: str) -> list[str]:
    """Return one run: its attempts, the row counts of each step, what ended it, what to type."""
    width = max((len(book["step"]) for book in page["books"]), default=4)
    lines = [f"{key}: {page[key]}" for key in ("run_id", "job", "state", "started_at", "attempts")]
    parts = page["partitions"]
    lines.append(f"partitions: {parts['settled']:,} of {parts['planned']:,} completed")
    for tried in page["tried"]:
        lines += _attempt(tried, page)
    if page["inputs"]:
        lines += ["", *inputs(page["inputs"]), *(f"  {one}" for one in page["inputs"]["examples"])]
    lines.append(f"\n{'step':<{width}} {'in':>13} {'added':>10} {'out':>13}  dropped")
    for book in page["books"]:
        dropped = ", ".join(_dropped(book))
        lines.append(
            f"{book['step']:<{width}} {book['rows']:>13,} {book['added']:>10,} "
            f"{book['out']:>13,}  {dropped}"
        )
    lines += [f"\nerror: {page['error']}"] if page["error"] else []
    if page["go_on"] and page["state"] != "running":
        lines.append(f"\nresume it: ingest resume {page['run_id']}{state_option(state)}")
    return lines


def _attempt(tried: dict[str, Any], page: dict[str, Any]) -> list[str]:
    """Return what an attempt came to; of the last one that said nothing, what state it is in."""
    is_last = tried["number"] == page["attempts"]
    how = tried["ended"] or (page["state"] if is_last else "died")
    by = f"process {tried['pid']} on {tried['host']}: " if tried["host"] else ""
    if how == "abandoned":
        return [f"\nattempt {tried['number']}: {tried['started_at']} {by}the run was discarded"]
    said = [f"{tried['settled']:,} completed"]
    said += [f"{count:,} retries ({kind})" for kind, count in tried["retries"].items()]
    said += [f"{count:,} {kind}" for kind, count in tried["events"].items()]
    error = tried["error"].partition("\n")[0]
    line = f"\nattempt {tried['number']}: {tried['started_at']} {by}{how}"
    line += f": {error}" if error else ""
    why = f" ({tried['cluster_why']})" if tried["cluster_why"] else ""
    notes = [f"cluster: {tried['cluster']}{why}"] if tried["cluster"] else []
    notes += [*tried["changes"], *(f"warning: {text}" for text in tried["warnings"])]
    return [line, f"  {', '.join(said)}", *(f"  {note}" for note in notes)]


def _took(page: dict[str, Any]) -> str:
    if not page["ended_at"] or not page["started_at"]:
        return "-"
    span = datetime.fromisoformat(page["ended_at"]) - datetime.fromisoformat(page["started_at"])
    return f"{span.total_seconds():,.1f} s"
