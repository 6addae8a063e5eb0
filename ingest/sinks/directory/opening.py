"""Opening the place of a directory sink, by its path."""

import os
from functools import lru_cache
from pathlib import Path

from ingest.sinks.directory.bucket.place import Prefix
from ingest.sinks.directory.local.place import Folder
from ingest.sinks.directory.place import Place
from ingest.storage.clients.addresses import endpoint_of
from ingest.storage.connections import StoreConnection
from ingest.storage.remote import canonical, writer_of
from ingest.storage.uris import is_remote


def uri_of(path: str) -> str:
    """Return where a path leads: absolute, with symbolic links resolved."""
    return canonical(path) if is_remote(path) else os.path.realpath(path)


def open_place(path: str, connection: StoreConnection | None = None) -> Place:
    """Return the place; a bucket is not asked for anything yet.

    Raises:
        ValueError: there can be no place.
    """
    uri, used = uri_of(path), writer_of(path, connection)
    return _prefix(uri, used, endpoint_of(used)) if used else Folder(Path(uri))


@lru_cache(maxsize=16)
def _prefix(uri: str, connection: StoreConnection, endpoint: str) -> Prefix:  # noqa: ARG001 - the environment may change it
    """Return the same place again, with the connections to the server that it has open."""
    return Prefix(uri, connection)
