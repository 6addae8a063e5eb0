"""What runs have left at a place, whatever kind of sink publishes there.

For whoever tidies up, when the job that published there is not at hand any more. A place is told by
its URI and, if one was needed, by how it is reached (`Sink.reached_by`).
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from ingest.sinks.directory import content
from ingest.sinks.directory.opening import open_place
from ingest.sinks.directory.place import Place
from ingest.sinks.table import leftovers as table
from ingest.sinks.table.opening import table_place
from ingest.sinks.table.place import TablePlace
from ingest.storage.connections import AnyStore, StoreConnection

if TYPE_CHECKING:
    from ingest.sinks.postgres import Postgres

DATABASE = "postgresql://"
Reached = Mapping[str, Any] | None

_CONNECTION: TypeAdapter[StoreConnection] = TypeAdapter(AnyStore)


def staged(uri: str, reached_by: Reached = None) -> Iterator[tuple[str, int]]:
    """Yield the runs that have files staged for a place, with their bytes; of any state.

    Not those that are publishing there at this moment.
    """
    if table_sink := _database(uri, reached_by):
        yield from table_sink.staged_runs()
    elif place := _directory(uri, reached_by):
        with place.errors():
            yield from place.staged()
    if tables := _table(uri, reached_by):
        yield from table.staged(tables)


def remove_staged(uri: str, run_id: str, reached_by: Reached = None) -> None:
    """Remove what a dead run has staged for a place. Idempotent; leaves one that publishes."""
    if table_sink := _database(uri, reached_by):
        table_sink.discard(run_id)
    elif place := _directory(uri, reached_by):
        with place.errors():
            place.remove_staged(run_id)
    if tables := _table(uri, reached_by):
        table.remove_staged(tables, run_id)


def published_runs(uri: str, reached_by: Reached = None) -> set[str]:
    """Return the runs of which rows are there now."""
    if table_sink := _database(uri, reached_by):
        return table_sink.published_runs()
    if (tables := _table(uri, reached_by)) and tables.is_table:
        return table.published_runs(tables)
    if place := _directory(uri, reached_by):
        with place.errors():
            return content.published_runs(place)
    return set()


def publishes_in(uri: str, reached_by: Reached = None) -> bool:
    """Say whether what runs have published lies in a folder, or a table of anybody's."""
    place, tables = _directory(uri, reached_by), _table(uri, reached_by)
    with suppress(OSError):  # such as for a name that is too long
        if tables is not None and tables.is_table:
            return True
    return place is not None and content.publishes_in(place)


def _directory(uri: str, reached_by: Reached) -> Place | None:
    """Return the place of a directory, None if there can be none."""
    if uri.startswith(DATABASE):
        return None
    with suppress(ValueError):
        return open_place(uri, _CONNECTION.validate_python(reached_by) if reached_by else None)
    return None


def _table(uri: str, reached_by: Reached) -> TablePlace | None:
    """Return the place of a table, None if there can be none."""
    if uri.startswith(DATABASE):
        return None
    with suppress(ValueError):
        return table_place(uri, _CONNECTION.validate_python(reached_by) if reached_by else None)
    return None


def _database(uri: str, reached_by: Reached) -> "Postgres | None":
    """Return the sink of a table in a database; None if it is none, or nobody can log in."""
    if not uri.startswith(DATABASE) or not reached_by:
        return None
    from ingest.sinks.postgres import Postgres  # noqa: PLC0415 - few places are databases

    return Postgres.reached(reached_by)
