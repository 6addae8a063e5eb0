"""`ingest status`: the runs of a state directory and their books."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ingest.command import guarded, parser
from ingest.core.storage import Store, open_store
from ingest.records.history import History
from ingest.records.ledger import Ledger
from ingest.records.runs import Runs


def main(argv: Sequence[str] | None = None) -> int:
    """List runs, newest last; return the exit code."""
    options = parser("status", "List the runs and their books.", "ingest status --job flights")
    options.add_argument("run", nargs="?", help="one run, with the books of each step")
    options.add_argument("--job", help="only this job's runs")
    options.add_argument("--state", default=".ingest", help="the state directory (.ingest)")
    options.add_argument("-n", "--last", type=int, default=20, help="how many runs to list (20)")
    options.add_argument("--json", action="store_true", help="print them as JSON")
    arguments = options.parse_args(argv)
    store = open_store(arguments.state)
    runs = Runs(store)
    names = [arguments.job] if arguments.job else runs.jobs()
    ids = sorted((run_id, name) for name in names for run_id in runs.of_job(name))
    if arguments.run:
        name = str(runs.facts(arguments.run)["job"])
        ids = [(arguments.run, name)]
    pages = [describe(store, run_id, name) for run_id, name in ids[-arguments.last :]]
    if arguments.json:
        print(json.dumps(pages, indent=1))
    elif arguments.run:
        print("\n".join(details(pages[0])))
    else:
        print("\n".join(table(pages, arguments.state)))
    return 0


def describe(store: Store, run_id: str, job: str) -> dict[str, Any]:
    """Return what the ledger says of a run, as plain data."""
    history = History.of(Ledger(store, run_id).events())
    totals = history.totals
    over = history.phase in {"done", "abandoned"}
    return {
        "run_id": run_id,
        "job": job,
        "state": history.phase if over else history.ended or "open",
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
        "retries": history.retries,
        "books": [
            {"step": b.step, "rows": b.rows, "added": b.added, "dropped": b.dropped, "out": b.out}
            for b in totals.books.values()
        ],
        "error": history.error,
    }


def table(pages: list[dict[str, Any]], state: str) -> list[str]:
    """Return a line for each run."""
    if not pages:
        return [f"no runs in {state}. Start one with: ingest run +job=NAME"]
    head = f"{'run':<23} {'job':<20} {'state':<12} {'partitions':>13} {'read':>13} "
    head += f"{'written':>13} {'rejected':>10} {'time':>9}"
    return [head, *(_line(page) for page in pages)]


def _line(page: dict[str, Any]) -> str:
    done = f"{page['partitions']['settled']:,}/{page['partitions']['planned']:,}"
    rows = page["rows"]
    return (
        f"{page['run_id']:<23} {page['job']:<20} {page['state']:<12} "
        f"{done:>13} {rows['read']:>13,} "
        f"{rows['written']:>13,} {rows['rejected']:>10,} {_took(page):>9}"
    )


def details(page: dict[str, Any]) -> list[str]:
    """Return one run with the books of each step and the error that ended it."""
    width = max((len(book["step"]) for book in page["books"]), default=4)
    lines = [f"{key}: {page[key]}" for key in ("run_id", "job", "state", "started_at", "attempts")]
    lines.append(f"\n{'step':<{width}} {'in':>13} {'added':>10} {'out':>13}  dropped")
    for book in page["books"]:
        dropped = ", ".join(f"{reason} {count:,}" for reason, count in book["dropped"].items())
        lines.append(
            f"{book['step']:<{width}} {book['rows']:>13,} {book['added']:>10,} "
            f"{book['out']:>13,}  {dropped}"
        )
    return [*lines, *([f"\nerror: {page['error']}"] if page["error"] else [])]


def _took(page: dict[str, Any]) -> str:
    if not page["ended_at"]:
        return "-"
    span = datetime.fromisoformat(page["ended_at"]) - datetime.fromisoformat(page["started_at"])
    return f"{span.total_seconds():,.1f} s"


if __name__ == "__main__":
    sys.exit(guarded(main))
