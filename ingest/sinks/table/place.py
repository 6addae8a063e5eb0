"""Where a table lies, and what is asked of that place besides what the Delta library does there."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO, TypeVar

from ingest.core.errors import ConfigError
from ingest.sinks.directory.disk_errors import place_errors, storage_errors
from ingest.sinks.directory.local.preflight import overlaps, shape, user
from ingest.sinks.directory.staging import HashedFile, new_file
from ingest.sinks.directory.write_back import WriteBack
from ingest.storage import tree

T = TypeVar("T")
LOG = "_delta_log"
"""The folder of a table's log."""
PROBES = "_ingest-probe"
"""The folder of objects by which a store is tried; they are removed again."""
_MISREAD = "%\\"
"""What the library takes in a path for something else: it makes a URL of it."""


class TablePlace(ABC):
    """A folder or a prefix of a bucket. Names are relative to it, with `/`.

    Every method may raise `FatalError` or `RetryableError` of the storage.
    """

    uri: str
    """The absolute path, or the URI: what the library opens."""

    @property
    def options(self) -> Mapping[str, str]:
        """What the library is told of the storage."""
        return {}

    @property
    def is_table(self) -> bool:
        """Whether there is a log."""
        return any(name.endswith(".json") for name in self.names(LOG))

    def at(self, name: str) -> str:
        """Return where an object is, for texts."""
        return f"{self.uri}/{name}"

    def again(self, request: Callable[[], T]) -> T:
        """Make a request of the library, again if the storage does not answer and may yet."""
        return request()

    @abstractmethod
    def errors(self) -> AbstractContextManager[None]:
        """Say of an error of the storage what the driver is to do about it."""

    @abstractmethod
    def checking(self) -> AbstractContextManager[None]:
        """Say of an error of the storage what is wrong with the place, before anything runs."""

    @abstractmethod
    def unusable(self) -> Iterator[str]:
        """Say why this cannot be the place of a table, whatever lies there."""

    @abstractmethod
    def unwritable(self) -> str:
        """Say why nothing can be committed here; empty if it can."""

    @abstractmethod
    def overlapping(self, inputs: Sequence[str]) -> Iterator[str]:
        """Say which inputs lie here, or around this place."""

    @abstractmethod
    def names(self, folder: str = "") -> list[str]:
        """Return what lies directly below a folder, sorted; nothing if it is missing."""

    @abstractmethod
    def files(self, folder: str) -> Iterator[tuple[str, int]]:
        """Yield the files below a folder, by names below the place, and their bytes."""

    @abstractmethod
    def size(self, name: str) -> int | None:
        """Return the bytes of a file; None if there is none."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Return a small file whole."""

    @abstractmethod
    def opened(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """Open a file for reading parts of it.

        Raises:
            FileNotFoundError: there is none.
        """

    @abstractmethod
    def fetched(self, name: str) -> AbstractContextManager[Path]:
        """Have a file on a local disk, to be read whole.

        Raises:
            FileNotFoundError: there is none.
        """

    @abstractmethod
    def staging(self) -> AbstractContextManager[Path]:
        """Return a folder to write files into, at their names, before they are `keep`t."""

    @abstractmethod
    def new_file(self, path: Path, write_back: WriteBack) -> HashedFile:
        """Make a file in the folder of `staging`; see `staging.new_file`."""

    @abstractmethod
    def keep(self, folder: Path, name: str) -> None:
        """Have a file that was written into the folder of `staging` here, under its name."""

    @abstractmethod
    def remove(self, names: Iterable[str]) -> None:
        """Remove files; those that are not there are passed over."""

    @abstractmethod
    def remove_folder(self, folder: str) -> None:
        """Remove all below a folder, and the place itself if nothing is left in it."""

    @abstractmethod
    def settle(self, names: Iterable[str], write_back: WriteBack) -> None:
        """Make new files durable, with their names: all of a partition at once."""

    @abstractmethod
    def sync_log(self) -> None:
        """Make the newest commit durable: the library does not."""


class FolderPlace(TablePlace):
    """A folder of a local disk. Files are written where they stay."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.uri = str(root)

    def errors(self) -> AbstractContextManager[None]:
        """Make errors of ours of those of the system."""
        return storage_errors(self.root)

    def checking(self) -> AbstractContextManager[None]:
        """Make mistakes of the request of them."""
        return place_errors(self.root)

    def unusable(self) -> Iterator[str]:
        """Say what is wrong with the path."""
        yield from shape(self.root, table=True)
        if misread := set(_MISREAD) & set(self.uri):
            yield (
                f'"{self.root}" contains {" and ".join(sorted(misread))}, and the Delta library '
                "would open another path. Use a path without"
            )

    def unwritable(self) -> str:
        """Say if this user may not write here."""
        there = next(path for path in (self.root, *self.root.parents) if path.exists())
        if os.access(there, os.W_OK | os.X_OK, effective_ids=True):
            return ""
        return (
            f'"{there}" is not writable for {user()}. Change the permissions, or use another path'
        )

    def overlapping(self, inputs: Sequence[str]) -> Iterator[str]:
        """Compare local paths."""
        return overlaps(self.root, inputs)

    def names(self, folder: str = "") -> list[str]:
        """List a folder."""
        with suppress(FileNotFoundError, NotADirectoryError):
            return sorted(path.name for path in (self.root / folder).iterdir())
        return []

    def files(self, folder: str) -> Iterator[tuple[str, int]]:
        """Walk through a folder."""
        for name in list(tree.files(self.root / folder)):
            with suppress(FileNotFoundError):
                yield f"{folder}/{name}", (self.root / folder / name).lstat().st_size

    def size(self, name: str) -> int | None:
        """Ask the file system."""
        with suppress(FileNotFoundError):
            return (self.root / name).stat().st_size
        return None

    def read(self, name: str) -> bytes:
        """Read."""
        return (self.root / name).read_bytes()

    def opened(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """Open."""
        return (self.root / name).open("rb")

    @contextmanager
    def fetched(self, name: str) -> Iterator[Path]:
        """Return where it is."""
        if not (self.root / name).is_file():
            raise FileNotFoundError(self.at(name))
        yield self.root / name

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """Return the table's own folder: no reader sees what no version lists."""
        yield self.root

    def new_file(self, path: Path, write_back: WriteBack) -> HashedFile:
        """Make it."""
        return new_file(path, write_back, self.root.parent)

    def keep(self, folder: Path, name: str) -> None:
        """Do nothing: it is here."""

    def remove(self, names: Iterable[str]) -> None:
        """Unlink."""
        for name in names:
            (self.root / name).unlink(missing_ok=True)

    def remove_folder(self, folder: str) -> None:
        """Remove a tree."""
        tree.remove_tree(self.root / folder)
        if not self.is_table:
            tree.remove_empty(self.root.parent, [self.root.name])

    def settle(self, names: Iterable[str], write_back: WriteBack) -> None:
        """Sync the files, then all folders on the way to them."""
        write_back.wait()
        folders = {(self.root / name).parent for name in names}
        for made in sorted({*folders, *(path for each in folders for path in each.parents)}):
            if made == self.root.parent or made.is_relative_to(self.root):
                tree.sync(made)

    def sync_log(self) -> None:
        """Sync the newest file of the log, and its folders."""
        newest = max((self.root / LOG).glob("*.json"), default=None)
        if newest is not None:
            handle = os.open(newest, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
            for folder in (self.root / LOG, self.root, self.root.parent):
                tree.sync(folder)


def refused(problems: Iterable[str]) -> None:
    """Refuse a path.

    Raises:
        ConfigError: there are problems.
    """
    if lines := [f"path: {problem}" for problem in problems]:
        raise ConfigError(*lines)
