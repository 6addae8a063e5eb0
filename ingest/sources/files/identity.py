"""What makes an input the one that was planned: its size, its version, and when it was changed.

The version is the etag, or else the time of the last writing (mtime). Who rewrites a local file can
put that time back, but not the time at which the file's inode was changed (ctime): it is compared
too, unless the slice does not know it (`Slice.changed_ns`). The inode's number is compared only
between the beginning and the end of one reading, in which it is held: many file systems give a file
another one when it is met again. See docs/decisions/0010-identity-of-inputs.md.
"""

import os
from datetime import UTC, datetime

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError, IngestError, StalePlanError
from ingest.core.partition import Slice
from ingest.core.paths import readable_path
from ingest.sources.files.remote import stat_remote
from ingest.storage.connections import StoreConnection
from ingest.storage.uris import is_remote


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an input is at a moment; the last two are of local files, else 0."""

    size: int
    version: str
    changed_ns: int = 0
    inode: tuple[int, int] = (0, 0)


class InputChangedError(StalePlanError):
    """An input has changed since the plan was made, or is gone (`now` is None)."""

    def __init__(self, piece: Slice, now: Stamp | None) -> None:
        self.piece, self.now = piece, now
        super().__init__(
            f"{readable_path(piece.uri)}: input changed since planning: it {self.change}. To "
            "use the file as it is, run the job again: it starts over. To finish this run instead, "
            "restore the file as it was, then resume it"
        )

    @property
    def change(self) -> str:
        """What it was, and what it is."""
        was = f"was {described(self.piece.uri, self.piece.size, self.piece.version)}"
        if self.now is None:
            return f"{was}, and is gone"
        if (self.now.size, self.now.version) == (self.piece.size, self.piece.version):
            when = time_of(self.now.changed_ns)
            return (
                f"{was}, and has the same size and time, but was replaced, rewritten or touched "
                f"{when}"
            )
        return f"{was}, and is now {described(self.piece.uri, self.now.size, self.now.version)}"


def stamp_of(
    uri: str, status: os.stat_result | None = None, connection: StoreConnection | None = None
) -> Stamp:
    """Return what an input is now, or was when a status was taken of it.

    Raises:
        FileNotFoundError, PermissionError, OSError: as the storage says.
    """
    if is_remote(uri):
        return Stamp(*stat_remote(uri, connection))
    if status is None:
        status = os.stat(uri)  # noqa: PTH116 - a Path takes five times as long
    inode = (status.st_dev, status.st_ino)
    return Stamp(status.st_size, str(status.st_mtime_ns), status.st_ctime_ns, inode)


def refuse_changed(piece: Slice, now: Stamp, opened: Stamp | None = None) -> None:
    """Compare an input with its plan; `opened` is what it was when its reading began.

    Raises:
        InputChangedError: it is another one.
    """
    same = (now.size, now.version) == (piece.size, piece.version)
    if piece.changed_ns:
        same = same and now.changed_ns == piece.changed_ns
    if not same or (opened is not None and now.inode != opened.inode):
        raise InputChangedError(piece, now)


def while_planning(error: IngestError) -> ConfigError:
    """Make the error for an input that cannot be read while the plan is made."""
    if not isinstance(error, InputChangedError):
        return ConfigError(str(error))
    uri = readable_path(error.piece.uri)
    if error.now is None:
        return ConfigError(
            f"{uri}: the file was deleted during planning. Run again when no process writes there"
        )
    return ConfigError(
        f"{uri}: the file changed during planning: it {error.change}. A file must be complete "
        "before it is read. Run again when it is, or write the file elsewhere and move it here "
        "when it is complete"
    )


def described(uri: str, size: int, version: str) -> str:
    """Return an input's size and version for people."""
    if is_remote(uri) or not version.isdecimal():
        return f"{size:,} bytes of version {version}"
    return f"{size:,} bytes written {time_of(int(version))}"


def time_of(since_1970_ns: int) -> str:
    """Return a time to the nanosecond: two versions may be closer than a microsecond."""
    seconds, rest = divmod(since_1970_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
