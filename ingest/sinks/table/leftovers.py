"""What dead runs have left in a table's folder: staged files that no version lists."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ingest.sinks.directory.staging import storage_errors
from ingest.sinks.table.log import Log
from ingest.storage import tree

_RUN_ID = re.compile(r"\d{8}t\d{6}-[0-9a-f]+")


def staged(root: Path) -> Iterator[tuple[str, int]]:
    """Yield the runs that have files staged in a folder and are in no version, with their bytes."""
    log = Log.open(root)
    with storage_errors(root):
        folders = sorted(root.iterdir()) if root.is_dir() else []
        for folder in folders:
            if _RUN_ID.fullmatch(folder.name) and not (log and log.has(folder.name)):
                with suppress(FileNotFoundError):
                    yield folder.name, tree.size(folder)


def strange(root: Path) -> str:
    """Return the name of something in a folder that no run has staged; empty if there is none."""
    with storage_errors(root):
        names = sorted(path.name for path in root.iterdir()) if root.is_dir() else []
    return next((name for name in names if not _RUN_ID.fullmatch(name)), "")


def remove_staged(root: Path, run_id: str) -> None:
    """Remove what a run has staged, unless it is in the table. Idempotent."""
    log = Log.open(root)
    if log is not None and log.has(run_id):
        return  # older versions of the table are made of its files, too: they are for VACUUM
    with storage_errors(root):
        tree.remove_tree(root / run_id)
        if log is None:
            tree.remove_empty(root.parent, [root.name])


def published_runs(root: Path) -> set[str]:
    """Return the runs whose files the newest version lists.

    If it has files of other names, such as those of OPTIMIZE, whose rows are of any run, then all
    runs that the history still knows.
    """
    log = Log.open(root)
    if log is None:
        return set()
    folders = {file.run_id for file in log.files()}
    runs = {name for name in folders if log.has(name)}
    if folders != runs:
        for _, actions in log.commits():
            told = (action.get("commitInfo", {}).get("ingest", {}) for action in actions)
            runs |= {each["run_id"] for each in told if "run_id" in each}
    return runs
