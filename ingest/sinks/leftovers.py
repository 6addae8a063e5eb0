"""What runs have left at a place, whatever kind of sink publishes there.

For whoever tidies up, when the job that published there is not at hand any more.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from ingest.sinks.directory import content
from ingest.sinks.directory import leftovers as directory
from ingest.sinks.table import leftovers as table
from ingest.sinks.table.library import LOG


def staged(place: Path) -> Iterator[tuple[str, int]]:
    """Yield the runs that have files staged for a place, with their bytes; of any state.

    Not those that are publishing there at this moment.
    """
    yield from directory.staged(place)
    yield from table.staged(place)


def remove_staged(place: Path, run_id: str) -> None:
    """Remove what a dead run has staged for a place. Idempotent; leaves one that publishes."""
    directory.remove_staged(place, run_id)
    table.remove_staged(place, run_id)


def published_runs(place: Path) -> set[str]:
    """Return the runs of which rows are there now."""
    return table.published_runs(place) if is_table(place) else directory.published_runs(place)


def publishes_in(folder: Path) -> bool:
    """Say whether what runs have published lies in a folder, or a table of anybody's."""
    return is_table(folder) or content.publishes_in(folder)


def is_table(folder: Path) -> bool:
    """Say whether a folder is a Delta table's."""
    return os.path.isdir(folder / LOG)  # noqa: PTH112 - also of a path that is too long
