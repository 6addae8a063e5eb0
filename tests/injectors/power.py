"""Power cuts on purpose: a folder that forgets whatever was not made durable by `fsync`.

The model is a journaling file system (ext4, XFS, Btrfs) at its most forgetful:

- `fsync` of a file makes its bytes durable, `fsync` of a folder the names in it, and nothing else
  does, however much time passes. A file whose name is on the disk and whose bytes were not synced
  may be whole, torn or empty; a folder whose own name was not synced is lost with all in it.
- Of the names that changed since their folder's last `fsync`, any may have changed on the disk.
- A move, or an exchange of two folders, is one record: the disk has both sides of it or neither,
  and `fsync` of either side writes both, and what must be there before it.

Not modelled: bytes that rot after their `fsync`, an `fsync` that lies or is cut in two, times and
permissions that were changed without one, symbolic links. Linux only.
"""

import os
import random
import shutil
import stat
import tempfile
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

Names = dict[int, dict[str, int]]
"""The names in every folder, by the folder's inode, and the inodes that they lead to."""


@dataclass(slots=True)
class _Record:
    """Names that change on the disk together: the two sides of a move, or a single name."""

    names: set[tuple[int, str]]
    inodes: set[int]


class PowerCut:
    """Watches the files below `root` while it is entered; what is there then is durable.

    It stands in for `os.fsync`, through which all of `ingest` goes, in the whole process, and
    really syncs nothing. One at a time.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.RLock()
        self._real: Callable[[int], None] = os.fsync
        self._pins: dict[int, int] = {}  # open handles: else a removed file's inode is used again
        self._names: Names = {}
        self._bytes: dict[int, bytes] = {}
        self._unnamed: set[int] = set()  # files that were synced before they have a name

    def __enter__(self) -> Self:
        self._real = os.fsync
        self._restart()
        os.fsync = self._fsync  # type: ignore[assignment]
        return self

    def __exit__(self, *_: object) -> None:
        os.fsync = self._real  # type: ignore[assignment]
        self._unpin(self._pins.keys())

    def cut(self, chance: random.Random | None = None) -> None:
        """Cut the power and come back: `root` becomes what the disk held; see `crash_image`."""
        with self._lock, tempfile.TemporaryDirectory(dir=self.root.parent) as scratch:
            image = Path(scratch) / "image"
            self.crash_image(image, chance)
            for entry in list(self.root.iterdir()):
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
            for entry in list(image.iterdir()):
                entry.rename(self.root / entry.name)
            self._restart()

    def crash_image(self, target: Path, chance: random.Random | None = None) -> None:
        """Write, as a new folder, what the disk may hold if the power is cut now.

        Without `chance`, everything is lost that can be lost; else it decides, change by change.
        """
        with self._lock:
            now = self._look()
            names = {folder: dict(entries) for folder, entries in self._names.items()}
            records = self._records(now)
            for record in list(records) if chance else ():
                if chance and chance.random() < 0.5:
                    _write(names, now, record, records)
            self._copy(names, self.root.stat().st_ino, target, chance)

    def _fsync(self, handle: int) -> None:
        status = os.fstat(handle)
        with self._lock:
            now = self._look()
            if stat.S_ISDIR(status.st_mode):
                records = self._records(now)
                for record in list(records):
                    if any(folder == status.st_ino for folder, _ in record.names):
                        _write(self._names, now, record, records)
            else:
                if status.st_nlink == 0 and status.st_ino not in self._pins:
                    self._pin(status.st_ino, f"/proc/self/fd/{handle}")
                    self._unnamed.add(status.st_ino)
                if status.st_ino in self._pins:
                    self._bytes[status.st_ino] = self._read(status.st_ino)
            self._forget(now)

    def _records(self, now: Names) -> list[_Record]:
        """Return what has changed since it was last durable."""
        found: list[_Record] = []
        for folder in self._names.keys() | now.keys():
            before, after = self._names.get(folder, {}), now.get(folder, {})
            for name in before.keys() | after.keys():
                if before.get(name) == after.get(name):
                    continue
                joined = _Record({(folder, name)}, {before.get(name, 0), after.get(name, 0)} - {0})
                for other in [record for record in found if record.inodes & joined.inodes]:
                    found.remove(other)
                    joined.names |= other.names
                    joined.inodes |= other.inodes
                found.append(joined)
        return sorted(found, key=lambda record: min(record.names))

    def _look(self) -> Names:
        """Return the names as they are now, and hold on to every inode."""
        names: Names = {}
        folders = [self.root]
        while folders:
            folder = folders.pop()
            with suppress(FileNotFoundError):  # moved or removed by another thread just now
                entries = names[folder.stat().st_ino] = {}
                for entry in list(os.scandir(folder)):
                    self._pin(entry.inode(), entry.path)
                    entries[entry.name] = entry.inode()
                    if entry.is_dir():
                        folders.append(Path(entry.path))
        return names

    def _pin(self, inode: int, path: str) -> None:
        if inode not in self._pins:
            self._pins[inode] = os.open(path, os.O_PATH | os.O_CLOEXEC)

    def _unpin(self, inodes: Iterable[int]) -> None:
        for inode in list(inodes):
            os.close(self._pins.pop(inode))

    def _read(self, inode: int) -> bytes:
        return Path(f"/proc/self/fd/{self._pins[inode]}").read_bytes()

    def _forget(self, now: Names) -> None:
        """Let go of inodes that are neither there nor on the disk, nor about to be linked."""
        alive = {self.root.stat().st_ino}
        for names in (*self._names.values(), *now.values()):
            alive.update(names.values())
        self._unnamed -= alive
        alive |= self._unnamed
        self._names = {folder: self._names[folder] for folder in self._names.keys() & alive}
        self._bytes = {inode: self._bytes[inode] for inode in self._bytes.keys() & alive}
        self._unpin(self._pins.keys() - alive)

    def _restart(self) -> None:
        self._unpin(self._pins.keys())
        self._unnamed.clear()
        self._names = self._look()
        files = self._pins.keys() - self._names.keys()
        self._bytes = {inode: self._read(inode) for inode in files}

    def _copy(self, names: Names, folder: int, target: Path, chance: random.Random | None) -> None:
        target.mkdir()
        for name, inode in sorted(names.get(folder, {}).items()):
            status = os.fstat(self._pins[inode])
            if stat.S_ISDIR(status.st_mode):
                self._copy(names, inode, target / name, chance)
            else:
                (target / name).write_bytes(self._content(inode, chance))
            (target / name).chmod(stat.S_IMODE(status.st_mode))
            os.utime(target / name, ns=(status.st_atime_ns, status.st_mtime_ns))

    def _content(self, inode: int, chance: random.Random | None) -> bytes:
        durable, now = self._bytes.get(inode, b""), self._read(inode)
        if chance is None or durable == now:
            return durable
        return chance.choice([durable, now, now[: chance.randrange(len(now) + 1)]])


def _write(names: Names, now: Names, record: _Record, records: list[_Record]) -> None:
    """Put a record on the disk, after those that the file system would have put there first."""
    if record not in records:
        return
    records.remove(record)
    for other in list(records):
        # a move leads into folders that are there; a folder goes when what was in it has gone
        made = len(record.names) > 1 and other.inodes & {folder for folder, _ in record.names}
        emptied = any(folder in record.inodes - now.keys() for folder, _ in other.names)
        if made or emptied:
            _write(names, now, other, records)
    for folder, name in record.names:
        names.setdefault(folder, {}).pop(name, None)
        if inode := now.get(folder, {}).get(name):
            names[folder][name] = inode
