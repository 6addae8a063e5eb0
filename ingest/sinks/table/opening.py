"""Opening the place of a table, by its path."""

from pathlib import Path

from ingest.sinks.directory.opening import uri_of
from ingest.sinks.table.place import FolderPlace, TablePlace
from ingest.storage.connections import StoreConnection
from ingest.storage.remote import writer_of


def table_place(path: str, connection: StoreConnection | None) -> TablePlace:
    """Return the place of a table: a local path, or a URI.

    Raises:
        ValueError: there can be none.
    """
    if found := writer_of(path, connection):
        from ingest.sinks.table.bucket_place import BucketPlace  # noqa: PLC0415 - imports obstore

        return BucketPlace(uri_of(path), found)
    return FolderPlace(Path(uri_of(path)))
