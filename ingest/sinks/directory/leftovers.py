"""What dead runs have left beside a published directory: staged files that nobody will publish."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ingest.sinks.directory.content import data_files, run_of
from ingest.sinks.directory.place import Place
from ingest.sinks.directory.publishing import tidy
from ingest.sinks.directory.staging import storage_errors
from ingest.storage import tree


def staged(root: Path) -> Iterator[tuple[str, int]]:
    """Yield the runs that have files staged for a directory, with their bytes; of any state.

    Not those that are publishing there at this moment.
    """
    place = Place(root)
    with storage_errors(root):
        folders = sorted(place.beside.iterdir()) if place.beside.is_dir() else []
        for folder in folders:
            with suppress(FileNotFoundError):
                if folder.is_dir() and not place.tree(folder.name).exists():
                    yield folder.name, tree.size(folder)


def remove_staged(root: Path, run_id: str) -> None:
    """Remove what a dead run has staged for a directory. Idempotent; leaves one that publishes."""
    place = Place(root)
    with storage_errors(root):
        if not place.tree(run_id).exists():
            tree.remove_tree(place.staging(run_id))
            tidy(place)


def published_runs(root: Path) -> set[str]:
    """Return the runs that files of a directory are named for."""
    with storage_errors(root):
        return {run_of(name) for name in data_files(root)} - {""}
