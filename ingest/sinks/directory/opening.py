"""Opening the place of a directory sink, by its path."""

import os
from pathlib import Path

from ingest.sinks.directory.local.place import Folder
from ingest.sinks.directory.place import Place


def uri_of(path: str) -> str:
    """Return where a path leads: absolute, with symbolic links resolved."""
    return os.path.realpath(path)


def open_place(path: str) -> Place:
    """Return the place."""
    return Folder(Path(uri_of(path)))
