"""What dead runs have left in a table's folder: staged files that no version lists."""

import re
from collections.abc import Iterator

from ingest.sinks.table.log import Log
from ingest.sinks.table.place import PROBES, TablePlace

_RUN_ID = re.compile(r"\d{8}t\d{6}-[0-9a-f]+")


def staged(place: TablePlace) -> Iterator[tuple[str, int]]:
    """Yield the runs that have files staged in a folder and are in no version, with their bytes."""
    log = Log.open(place)
    with place.errors():
        for name in place.names():
            if _RUN_ID.fullmatch(name) and not (log and log.has(name)):
                yield name, sum(size for _, size in place.files(name))


def strange(place: TablePlace) -> str:
    """Return the name of something in a folder that no run has staged; empty if there is none."""
    with place.errors():
        names = (name for name in place.names() if name != PROBES)
        return next((name for name in names if not _RUN_ID.fullmatch(name)), "")


def remove_staged(place: TablePlace, run_id: str) -> None:
    """Remove what a run has staged, unless it is in the table. Idempotent."""
    log = Log.open(place)
    if log is not None and log.has(run_id):
        return  # older versions of the table are made of its files, too: they are for VACUUM
    with place.errors():
        place.remove_folder(run_id)


def published_runs(place: TablePlace) -> set[str]:
    """Return the runs whose files the newest version lists.

    If it has files of other names, such as those of OPTIMIZE, whose rows are of any run, then all
    runs that the history still knows.
    """
    log = Log.open(place)
    if log is None:
        return set()
    folders = {file.run_id for file in log.files()}
    runs = {name for name in folders if log.has(name)}
    if folders != runs:
        for _, actions in log.commits():
            told = (action.get("commitInfo", {}).get("ingest", {}) for action in actions)
            runs |= {each["run_id"] for each in told if "run_id" in each}
    return runs
