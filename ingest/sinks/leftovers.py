"""What runs have left at a place, whatever kind of sink publishes there.

For whoever tidies up, when the job that published there is not at hand any more.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from ingest.sinks.directory import content
from ingest.sinks.directory.opening import open_place
from ingest.sinks.table import leftovers as table
from ingest.sinks.table.library import LOG


def staged(place: Path) -> Iterator[tuple[str, int]]:
    """Yield the runs that have files staged for a place, with their bytes; of any state.

    Not those that are publishing there at this moment.
    """
    directory = open_place(str(place))
    with directory.errors():
        yield from directory.staged()
    yield from table.staged(place)


def remove_staged(place: Path, run_id: str) -> None:
    """Remove what a dead run has staged for a place. Idempotent; leaves one that publishes."""
    directory = open_place(str(place))
    with directory.errors():
        directory.remove_staged(run_id)
    table.remove_staged(place, run_id)


def published_runs(place: Path) -> set[str]:
    """Return the runs of which rows are there now."""
    if is_table(place):
        return table.published_runs(place)
    directory = open_place(str(place))
    with directory.errors():
        return content.published_runs(directory)


def publishes_in(folder: Path) -> bool:
    """Say whether what runs have published lies in a folder, or a table of anybody's."""
    return is_table(folder) or content.publishes_in(open_place(str(folder)))


def is_table(folder: Path) -> bool:
    """Say whether a folder is a Delta table's."""
    return os.path.isdir(folder / LOG)  # noqa: PTH112 - also of a path that is too long
