"""The state's objects on a local disk, readable with `ls` and `cat`; and opening any state."""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ingest.core.credentials import masked
from ingest.core.errors import ConfigError, FatalError, IngestError
from ingest.core.names import hint
from ingest.storage import tree
from ingest.storage.store import Store
from ingest.storage.uris import is_remote

if TYPE_CHECKING:
    from ingest.storage.connections import StoreConnection

__all__ = ["LocalStore", "Store", "open_store"]

_LONGEST_ROOT = 4096 - 400
"""In bytes: with a job's name of 255, the longest name in a state has less than 400."""
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_ALLOWED = {
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG,
}  # fmt: skip
_WITH_CONNECTION = (
    "Name a connection that has references to credentials, or set them in the environment: "
    "state_connection=NAME"
)
_NO_UNNAMED = {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT}
"""How a system says that it has no files without a name, or no /proc to link them by."""


class LocalStore:
    """Objects as files below a folder. `create` is a hard link, which fails if there is one.

    No run removes anything from a state. So a folder that this store has written to and that is
    gone has vanished (a disk was unmounted, somebody tidied up), and what comes next is not written
    into the hole: a ledger that began in the middle would be taken for a whole one.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known: set[Path] = set()

    def uri(self, name: str = "") -> str:
        """Return the path."""
        return str(self.root / name) if name else str(self.root)

    def create(self, name: str, data: bytes) -> bool:
        """Write, sync and link; then sync the folder, so that a power cut loses nothing.

        The folder is synced also where the object is somebody else's, who may have died before.
        """
        path = self.root / name
        with self._errors(path, "written"):
            self._make_folder(path.parent)
            created = _create(path, data)
            tree.sync(path.parent)
        return created

    def replace(self, name: str, data: bytes) -> None:
        """Write in place: a file to be renamed would stay behind when the process is killed."""
        path = self.root / name
        with self._errors(path, "written"):
            self._make_folder(path.parent)
            path.write_bytes(data)

    def read(self, name: str) -> bytes:
        """Return the file's bytes."""
        path = self.root / name
        with self._errors(path, "read"):
            return path.read_bytes()

    def exists(self, name: str) -> bool:
        """Say whether the file is there."""
        path = self.root / name
        try:
            with self._errors(path, "read"):
                path.stat()
        except FileNotFoundError:
            return False
        return True

    def names(self, folder: str) -> list[str]:
        """List a folder, passing over files that are still being written."""
        path = self.root / folder
        try:
            with self._errors(path, "read"), os.scandir(path) as entries:
                return sorted(entry.name for entry in entries if not entry.name.startswith("."))
        except FileNotFoundError:
            return []

    def size(self, name: str) -> int:
        """Add up the sizes of the files."""
        path = self.root / name
        with self._errors(path, "read"):
            try:
                return tree.size(path)
            except FileNotFoundError:
                return 0

    def remove(self, name: str) -> None:
        """Unlink the file, or the files below the folder and then the folder."""
        path = self.root / name
        with self._errors(path, "written"):
            if path.is_dir() and not path.is_symlink():
                tree.remove_tree(path)
            else:
                path.unlink(missing_ok=True)
        self._known = {folder for folder in self._known if not folder.is_relative_to(path)}

    def _make_folder(self, folder: Path) -> None:
        """Create a folder whose name a power cut will not lose.

        Also if it exists: whoever made it may have died before making that durable.
        """
        if folder in self._known:
            folder.stat()
            return
        if folder == self.root:
            try:
                tree.make_folder(folder)
            except FileNotFoundError as error:  # as under /proc
                raise ConfigError(
                    f"{folder}: the state cannot be written: no folder can be created there. Use "
                    "another folder: state=DIR"
                ) from error
        else:
            self._make_folder(folder.parent)
            folder.mkdir(exist_ok=True)
        tree.sync_name(folder)
        self._known.add(folder)

    @contextlib.contextmanager
    def _errors(self, path: Path, what: Literal["read", "written"]) -> Iterator[None]:
        """Say of an error of the operating system what a person can do about it.

        A `FileNotFoundError` passes, unless it means that the state has vanished.
        """
        try:
            yield
        except FileNotFoundError as error:
            for folder in sorted(self._known.copy()):  # the beat of a lease adds to it
                if not folder.is_dir():
                    raise FatalError(
                        f"{folder}: the state folder no longer exists, although this run has "
                        "written to it. The run has stopped writing. Restore the folder (mount "
                        "it again, or copy it back), then run again"
                    ) from error
            raise
        except OSError as error:
            raise _refusal(path, what, error, begun=bool(self._known)) from error


def _create(path: Path, data: bytes) -> bool:
    """Write a file that has its name only once it is durable; say whether it got it."""
    try:
        return _create_unnamed(path, data)
    except OSError as error:
        if error.errno not in _NO_UNNAMED:
            raise
    return _create_named(path, data)


def _create_unnamed(path: Path, data: bytes) -> bool:
    """Write a file without a name, of which nothing is left if the process dies; then link it."""
    if not hasattr(os, "O_TMPFILE"):
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
    handle = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY, 0o666)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(handle)
        try:
            # `src_dir_fd` has no other use than to make Python follow the link under /proc: without
            # it, 3.11 links what is under /proc itself and fails with EXDEV
            os.link(f"/proc/self/fd/{handle}", path, src_dir_fd=handle)
        except FileExistsError:
            return False
    return True


def _create_named(path: Path, data: bytes) -> bool:
    """Write a hidden file beside `path`, which stays there if the process dies; then link it."""
    written = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with written.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return _link(written, path)
    finally:
        with contextlib.suppress(OSError):
            written.unlink(missing_ok=True)


def _link(written: Path, path: Path) -> bool:
    """Give a file its name, unless that is taken; say whether it has it now."""
    try:
        os.link(written, path)
    except FileExistsError:
        # Over NFS the answer to our own link may be lost, and the repeated request then fails.
        return written.samefile(path)
    return True


def _refusal(path: Path, what: str, error: OSError, *, begun: bool) -> IngestError:
    found = f"{path}: the state cannot be {what}: {error.strerror}"
    if error.errno in _FULL:
        return FatalError(f"{found}. Free space there, then resume")
    if error.errno not in _NOT_ALLOWED:
        return FatalError(f"{found}. Fix the disk or the connection to it, then run again")
    if error.errno not in {errno.EACCES, errno.EPERM}:
        kind = FatalError if begun else ConfigError
        return kind(f"{found}. Fix that, or use another folder: state=DIR")
    verb = "read" if what == "read" else "write"
    allow = f"{found}. Give this user permission to {verb} there"
    if begun:
        return FatalError(f"{allow}, then run again")
    return ConfigError(f"{allow}, or use another folder: state=DIR")


def open_store(uri: str, connection: "StoreConnection | None" = None) -> Store:
    """Return the store behind a place for state.

    A bucket is opened by a connection, without one by what the environment says.

    Raises:
        ConfigError: there is no store for this kind of place, or the credentials are missing.
    """
    if is_remote(uri):
        return _open_bucket(uri, connection)
    root = Path(uri.removeprefix("file://")).absolute()
    if (size := len(os.fsencode(root))) > _LONGEST_ROOT:
        raise ConfigError(
            f'state: a path of {size:,} bytes, "{uri[:50]}…": the paths of files in it would '
            "be longer than the system allows. Choose a shorter path: state=DIR"
        )
    return LocalStore(root)


def _open_bucket(uri: str, connection: "StoreConnection | None") -> Store:
    from ingest.storage.connections import SCHEMES, usual  # noqa: PLC0415 - loads pydantic

    scheme = uri.partition("://")[0]
    if (shown := masked(uri)) != uri:
        raise ConfigError(f'state: "{shown}" contains credentials. Remove them: {_WITH_CONNECTION}')
    connection = connection or usual(scheme)
    if connection is None:
        raise ConfigError(
            f'state: "{uri}": {scheme}:// cannot be opened without a connection. '
            f"{hint(scheme, SCHEMES)}The state can be a local folder, s3://BUCKET/PATH or "
            f"gs://BUCKET/PATH. {_WITH_CONNECTION}"
        )
    from ingest.storage.object_store import ObjectStore  # noqa: PLC0415 - loads obstore
    from ingest.storage.retrying import RetryingStore  # noqa: PLC0415

    return RetryingStore(ObjectStore(uri, connection), connection.max_tries)
