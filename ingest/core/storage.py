"""Small write-once objects, as the state is made of: on a local disk, readable with `ls` and `cat`.

An object store gives the same promises by conditional puts (`If-None-Match`).
"""

import contextlib
import errno
import os
import secrets
from pathlib import Path
from typing import Protocol

from ingest.core.errors import ConfigError, FatalError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Store(Protocol):
    """Objects by name; names have `/` in them, like paths.

    A `create` that returned is durable and complete: no reader ever sees half an object.
    """

    def uri(self, name: str = "") -> str:
        """Return where an object is, for people."""
        ...

    def create(self, name: str, data: bytes) -> bool:
        """Write an object only if there is none of that name; say whether it was written."""
        ...

    def replace(self, name: str, data: bytes) -> None:
        """Write an object whether or not there is one: for heartbeats, which may be lost."""
        ...

    def read(self, name: str) -> bytes:
        """Return an object whole.

        Raises:
            FileNotFoundError: there is none of that name.
        """
        ...

    def exists(self, name: str) -> bool:
        """Say whether there is an object of that name."""
        ...

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, without the folder, sorted; empty if there is none."""
        ...


class LocalStore:
    """Objects as files below a folder. `create` is a hard link, which fails if there is one."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def uri(self, name: str = "") -> str:
        """Return the path."""
        return str(self.root / name) if name else str(self.root)

    def create(self, name: str, data: bytes) -> bool:
        """Write, sync and link; then sync the folder, so that a power cut loses nothing."""
        path = self.root / name
        written = self._write(path, data)
        try:
            os.link(written, path)
        except FileExistsError:
            return False
        finally:
            written.unlink()
        _sync_folder(path.parent)
        return True

    def replace(self, name: str, data: bytes) -> None:
        """Write and rename over what is there."""
        path = self.root / name
        self._write(path, data).replace(path)

    def read(self, name: str) -> bytes:
        """Return the file's bytes."""
        return (self.root / name).read_bytes()

    def exists(self, name: str) -> bool:
        """Say whether the file is there."""
        return (self.root / name).exists()

    def names(self, folder: str) -> list[str]:
        """List a folder, passing over files that are still being written."""
        path = self.root / folder
        if not path.is_dir():
            return []
        return sorted(entry.name for entry in os.scandir(path) if not entry.name.startswith("."))

    def _write(self, path: Path, data: bytes) -> Path:
        written = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with written.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):
                written.unlink(missing_ok=True)
            if error.errno in _FULL:
                raise FatalError(
                    f"{path}: the state cannot be written: {error.strerror}. Free space there, "
                    "then go on"
                ) from None
            raise ConfigError(
                f"{path}: the state cannot be written: {error.strerror}. Give this user "
                "permission to write there, or name another place: state=DIR"
            ) from None
        return written


def open_store(uri: str) -> Store:
    """Return the store behind a place for state.

    Raises:
        ConfigError: there is no store for this kind of place.
    """
    if "://" in uri and not uri.startswith("file://"):
        raise ConfigError(
            f'state: no store for "{uri}". Write a local folder, such as state=.ingest'
        )
    return LocalStore(Path(uri.removeprefix("file://")).absolute())


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
