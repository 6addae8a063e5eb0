"""Counting again what a run has added to a table: its files, their rows, and what replaced them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from ingest.sinks.base import Verified
from ingest.sinks.directory.verifying import CountRows, compare
from ingest.sinks.table.log import Log
from ingest.sinks.table.place import LOG, TablePlace
from ingest.sinks.table.plan import TablePlan

_LOST = "a version whose log has expired"


def verified(place: TablePlace, plan: TablePlan, count_rows: CountRows) -> Verified:
    """Compare what a run has added with what the newest version lists and with the files."""
    files, rows = plan.counts["files"], plan.counts["rows"]
    log = Log.open(place)
    if log is None or not log.has(plan.run_id):
        what = "there is no table" if log is None else f"the table does not contain {plan.run_id}"
        return Verified(files, rows, (f"{LOG}: {what}. Restore it from a backup",), missing=files)
    there = {file.path for file in log.files()}
    gone = [line["add"] for line in plan.adds() if line["add"] not in there]
    problems = []
    for line in plan.adds():
        if line["add"] in there:
            problems += [f"{line['add']}: {each}" for each in _compared(place, line, count_rows)]
    replaced = Counter(_removers(log, plan.run_id, gone).values()) if gone else Counter[str]()
    return Verified(files, rows, tuple(problems), replaced=dict(replaced))


def _compared(place: TablePlace, line: Mapping[str, Any], count_rows: CountRows) -> Iterable[str]:
    try:
        with place.fetched(line["add"]) as path:
            return list(compare(path, line, count_rows))
    except FileNotFoundError:
        return ["missing, but the table lists it. Restore it from a backup"]


def _removers(log: Log, run_id: str, paths: Iterable[str]) -> dict[str, str]:
    """Return by file who has removed it: a run, or a version that somebody else has made."""
    found = dict.fromkeys(paths, _LOST)
    for version, actions in log.commits():
        told: dict[str, Any] = next((a["commitInfo"] for a in actions if "commitInfo" in a), {})
        who = told.get("ingest", {}).get("run_id")
        if who == run_id:
            break  # what is older than the files has not removed them
        who = who or f"version {version} ({told.get('operation', 'unknown')})"
        for action in actions:
            if "remove" in action and (path := unquote(action["remove"]["path"])) in found:
                found[path] = str(who)
    return found
