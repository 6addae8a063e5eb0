"""What runs have left at a place, whatever kind of sink publishes there.

For whoever tidies up, when the job that published there is not at hand any more. A place is told by
its URI and, if one was needed, by how it is reached (`Sink.reached_by`).
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from ingest.sinks.directory import content
from ingest.sinks.directory.opening import open_place
from ingest.sinks.directory.place import Place
from ingest.sinks.table import leftovers as table
from ingest.sinks.table.library import LOG
from ingest.storage.connections import AnyConnection, Connection
from ingest.storage.remote import is_remote

Reached = Mapping[str, Any] | None

_CONNECTION: TypeAdapter[Connection] = TypeAdapter(AnyConnection)


def staged(uri: str, reached_by: Reached = None) -> Iterator[tuple[str, int]]:
    """Yield the runs that have files staged for a place, with their bytes; of any state.

    Not those that are publishing there at this moment.
    """
    if place := _directory(uri, reached_by):
        with place.errors():
            yield from place.staged()
    if not is_remote(uri):
        yield from table.staged(Path(uri))


def remove_staged(uri: str, run_id: str, reached_by: Reached = None) -> None:
    """Remove what a dead run has staged for a place. Idempotent; leaves one that publishes."""
    if place := _directory(uri, reached_by):
        with place.errors():
            place.remove_staged(run_id)
    if not is_remote(uri):
        table.remove_staged(Path(uri), run_id)


def published_runs(uri: str, reached_by: Reached = None) -> set[str]:
    """Return the runs of which rows are there now."""
    if is_table(uri):
        return table.published_runs(Path(uri))
    if place := _directory(uri, reached_by):
        with place.errors():
            return content.published_runs(place)
    return set()


def publishes_in(uri: str, reached_by: Reached = None) -> bool:
    """Say whether what runs have published lies in a folder, or a table of anybody's."""
    place = _directory(uri, reached_by)
    return is_table(uri) or (place is not None and content.publishes_in(place))


def is_table(uri: str) -> bool:
    """Say whether a folder is a Delta table's."""
    return not is_remote(uri) and os.path.isdir(f"{uri}/{LOG}")  # noqa: PTH112 - also if too long


def _directory(uri: str, reached_by: Reached) -> Place | None:
    """Return the place of a directory, None if there can be none."""
    with suppress(ValueError):
        return open_place(uri, _CONNECTION.validate_python(reached_by) if reached_by else None)
    return None
