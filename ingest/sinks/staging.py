"""Writing files that nobody sees yet: cut to size, hashed on the way, durable when reported."""

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol

import polars as pl

from ingest.core import tree
from ingest.core.causes import storage_error
from ingest.core.errors import FatalError
from ingest.core.outcome import StagedFile

_FATAL = {
    errno.ENOSPC: "the disk is full. Free space there",
    errno.EDQUOT: "the disk quota is used up. Free space there",
    errno.EFBIG: "the file would be larger than the system allows. Raise that limit",
    errno.EACCES: "it may not be written. Give this user permission to write there",
    errno.EPERM: "it may not be written. Give this user permission to write there",
    errno.EROFS: "the file system is read-only. Name another place",
    errno.ENOTDIR: "a part of the path is a file. Name another place",
    errno.ENAMETOOLONG: "the name is too long. Name another place",
}


class Encoder(Protocol):
    """Turns rows into the bytes of one file."""

    def write(self, rows: pl.DataFrame) -> None:
        """Add rows. Never called with none, nor after `close`."""
        ...

    def close(self) -> None:
        """Write what the format wants at its end."""
        ...


class HashedFile:
    """A new file that knows its size and SHA-256 without being read again.

    Hashing costs 0.6 s/GB of output (SHA-NI), about 3 % of what encoding Parquet costs.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bytes = 0
        self.closed = False
        self._digest = hashlib.sha256()
        self._file: BinaryIO = path.open("xb")

    def write(self, data: bytes) -> int:
        """Append bytes."""
        self._digest.update(data)
        self.bytes += memoryview(data).nbytes
        return self._file.write(data)

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self.bytes

    def flush(self) -> None:
        """Do nothing; `finish` flushes."""

    def writable(self) -> bool:
        """Say yes, to whoever treats this as a file."""
        return True

    def readable(self) -> bool:
        """Say no."""
        return False

    def seekable(self) -> bool:
        """Say no."""
        return False

    def close(self) -> None:
        """Do nothing: encoders close what they write to, but only `finish` makes it durable."""

    def finish(self) -> str:
        """Make the contents durable and return their SHA-256, in hex."""
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())
        self.closed = True
        return self._digest.hexdigest()

    def abandon(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)
        with suppress(OSError):  # the same full disk again, on flushing what is thrown away
            self._file.close()
        self.closed = True


Open = Callable[[HashedFile], Encoder]


def stage_rows(
    rows: pl.DataFrame,
    paths: Iterator[Path],
    open_encoder: Open,
    *,
    target_bytes: int,
    most_rows: int,
) -> Iterator[StagedFile]:
    """Write rows as files of about `target_bytes` each, in order; `folder` and `output` are empty.

    A file is closed as soon as it has reached the target; what is checked in between is a chunk of
    at most `most_rows` rows, which takes no more than the target in memory.

    Raises:
        FatalError: the disk is full or may not be written. The file at hand is removed.
        RetryableError: any other trouble of the storage.
    """
    size = max(1, int(rows.estimated_size()))
    chunk = max(1, min(most_rows, target_bytes * rows.height // size))
    start = 0
    while start < rows.height:
        first = start
        with _new_file(next(paths)) as file:
            encoder = open_encoder(file)
            # At least one chunk, whatever the target: a Parquet file begins with four bytes.
            while start == first or (start < rows.height and file.bytes < target_bytes):
                encoder.write(rows.slice(start, chunk))
                start = min(start + chunk, rows.height)
            encoder.close()
            sha256 = file.finish()
        yield StagedFile("", file.path.name, "", start - first, file.bytes, sha256)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Say of an error of the operating system what the driver is to do about it."""
    try:
        yield
    except OSError as error:
        # By `errno`, not by class: pyarrow raises what Python's file raised as a plain OSError.
        if error.errno in _FATAL:
            raise FatalError(f"{path}: {_FATAL[error.errno]}, then run again") from error
        text = f"{path}: the storage failed: {error}. Mend it or the connection to it"
        raise storage_error(f"{text}, then run again", error) from error


@contextmanager
def _new_file(path: Path) -> Iterator[HashedFile]:
    with storage_errors(path):
        tree.make_folder(path.parent)
        file = HashedFile(path)
        try:
            yield file
        finally:
            if not file.closed:
                file.abandon()
