"""The runs of states, and what is wrong with the events of OpenLineage that they come to."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ingest.core.errors import IngestError
from ingest.records.reader import Reader, folder_of
from ingest.storage.objects import LocalStore
from ingest.watch.openlineage.folding import events_of
from tests.lineage.judging import checked


def mistakes(store: Any, run_id: str) -> list[str]:
    """Return what is wrong with the events of a run: with one at most.

    Events are those that `ingest lineage RUN --events` prints, up to where the ledger cannot be
    read: many tests damage theirs.
    """
    try:
        for event in events_of(store, run_id, Reader(store, run_id).events()):
            for _ in checked(event):
                pass
    except IngestError:
        pass  # it is refused, in words
    except Exception as error:  # noqa: BLE001 - whatever it is, the command would end like this
        place = store.uri(folder_of(run_id))
        return [f"{place}: {type(error).__name__}: {error}"]
    return []


def runs_at(path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the runs below a folder, or in which it lies, each with its state."""
    for parts in (path, *path.parents):
        if parts.parent.name == "runs":
            yield from _runs(parts.parent, parts.name)
            return
    yield from _runs(path) if path.name == "runs" else _below(path)


def _below(folder: Path) -> Iterator[tuple[Path, str]]:
    try:
        with os.scandir(folder) as entries:
            inner = [each.name for each in entries if each.is_dir(follow_symlinks=False)]
    except OSError:
        return  # it is gone, or not to be read
    if "runs" in inner and "jobs" in inner:
        yield from _runs(folder / "runs")
    elif "site-packages" not in inner:
        for name in inner:
            yield from _below(folder / name)


def _runs(folder: Path, only: str = "") -> Iterator[tuple[Path, str]]:
    try:
        names = [only] if only else [each.name for each in folder.iterdir()]
    except OSError:
        return
    for name in names:
        if (folder / name / "ledger").is_dir():
            yield folder.parent, name


def local(state: Path) -> LocalStore:
    """Return the store of a state on this disk."""
    return LocalStore(state)


@dataclass
class InBucket:
    """The states of a bucket, to be read; by the client of the tests."""

    bucket: Any
    root: str

    @cached_property
    def _keys(self) -> list[str]:
        return [key.removeprefix(self.root) for key in self.bucket.keys(self.root)]

    def uri(self, name: str = "") -> str:
        return f"{self.bucket.uri}/{self.root}{name}"

    def read(self, name: str) -> bytes:
        if not self.exists(name):
            raise FileNotFoundError(name)
        return self.bucket.get(self.root + name)

    def exists(self, name: str) -> bool:
        return name in self._keys

    def names(self, folder: str) -> list[str]:
        head = f"{folder}/"
        return sorted({key.removeprefix(head).partition("/")[0] for key in self._keys
                       if key.startswith(head)})  # fmt: skip


def runs_in(bucket: Any) -> Iterator[tuple[InBucket, str]]:
    """Yield the runs in a bucket, each with its state."""
    stores: dict[str, InBucket] = {}
    every = bucket.keys()
    for key in every:
        root, runs, name = key.rpartition("runs/")
        run_id, _, page = name.partition("/")
        if runs and page == "run.json":
            yield stores.setdefault(root, InBucket(bucket, root)), run_id
