"""Writing files that nobody sees yet: cut to size, hashed on the way."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import polars as pl
import pyarrow as pa

from ingest.core.errors import FatalError
from ingest.formats.base import Encoder
from ingest.sinks.directory.disk_errors import storage_errors
from ingest.sinks.directory.staged import StagedFile
from ingest.sinks.directory.write_back import WriteBack, begin_writing
from ingest.storage import tree

if TYPE_CHECKING:
    from ingest.sinks.directory.place import Measured

_OPEN_ATTEMPTS = 5
_WRITE_BACK_BYTES = 1024 * 1024


class HashedFile:
    """A new file that knows its size and SHA-256 without being read again.

    `path` is where it is made, which errors of the system are about. `write_back` makes it durable
    after `finish`; None if what is written here is only put somewhere else. `file` is there if it
    was opened already, for writing and in another way.

    Hashing costs 0.6 s/GB of output (SHA-NI), about 3 % of what encoding Parquet costs. The disk
    begins to write while the next rows are encoded: making 8 MB durable then took 0.2 ms at the
    end instead of 4 ms.
    """

    def __init__(
        self, path: Path, write_back: WriteBack | None, file: BinaryIO | None = None
    ) -> None:
        self.path = path
        self.name = path.name
        self.bytes = 0
        self.closed = False
        self._write_back = write_back
        self._on_its_way = 0
        self._digest = hashlib.sha256()
        self._file: BinaryIO = file or path.open("xb")

    def write(self, data: bytes) -> int:
        """Append bytes."""
        self._digest.update(data)
        self.bytes += memoryview(data).nbytes
        written = self._file.write(data)
        if self._write_back and self.bytes - self._on_its_way >= _WRITE_BACK_BYTES:
            self._begin_writing()
        return written

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
        """Do nothing: encoders close what they write to, but only `finish` ends it."""

    def finish(self) -> str:
        """Leave the contents to `write_back`, and return their SHA-256, in hex."""
        if self._write_back:
            self._begin_writing()
            self._write_back.add(self.path, self._file)
        else:
            self._file.close()
        self.closed = True
        return self._digest.hexdigest()

    def abandon(self) -> None:
        """Remove the file, as far as that can be done now."""
        with suppress(OSError):  # what is said is the first error, not those that follow from it
            self.path.unlink(missing_ok=True)
        with suppress(OSError):  # the same full disk again, on flushing what is thrown away
            self._file.close()
        self.closed = True

    def _begin_writing(self) -> None:
        self._file.flush()
        begin_writing(self._file.fileno(), self._on_its_way, self.bytes)
        self._on_its_way = self.bytes


Open = Callable[[HashedFile, pl.DataFrame], Encoder]


def stage_rows(
    portions: Iterable[pl.DataFrame],
    files: Iterator[HashedFile],
    open_encoder: Open,
    *,
    target_bytes: int,
    most_rows: int,
) -> Iterator[StagedFile]:
    """Write rows as files of about `target_bytes` each, in order; `folder` is empty.

    `files` opens one whenever it is asked for the next, see `new_file`.
    A file is closed as soon as it has reached the target; what is checked in between is a chunk of
    `most_rows` rows, or fewer where that would take more than the target in memory.

    Raises:
        FatalError: the disk is full or may not be written. The file at hand is removed.
        RetryableError: any other trouble of the storage.
        Exception: whatever `portions` raises, unchanged.
    """
    chunks = chunked(portions, most_rows, target_bytes)
    rows = next(chunks, None)
    while rows is not None:
        with _unless_finished(next(files)) as file:
            path = file.path
            with storage_errors(path):
                encoder = open_encoder(file, rows)
            written = 0
            # At least one chunk, whatever the target: a Parquet file begins with four bytes.
            while rows is not None:
                with storage_errors(path):
                    encoder.write(rows)
                written += rows.height
                rows = None  # before more is read
                if file.bytes >= target_bytes:
                    break
                rows = next(chunks, None)
            with storage_errors(path):
                encoder.close()
                sha256 = file.finish()
        yield StagedFile(file.name, "", written, file.bytes, sha256)
        rows = rows if rows is not None else next(chunks, None)


def stage_none(none: pl.DataFrame, file: HashedFile, open_encoder: Open) -> StagedFile:
    """Write a file that has columns and no rows.

    Raises:
        FatalError, RetryableError: as `stage_rows`.
    """
    with _unless_finished(file), storage_errors(file.path):
        encoder = open_encoder(file, none)
        encoder.write(none)
        encoder.close()
        sha256 = file.finish()
    return StagedFile(file.name, "", 0, file.bytes, sha256)


def stage_joined(
    parts: Sequence[StagedFile],
    file: HashedFile,
    read: Callable[[str], AbstractContextManager["Measured"]],
    join: Callable[[Iterable[pa.NativeFile], HashedFile], None],
) -> StagedFile:
    """Write a file that holds the rows of staged files, which `read` opens.

    Raises:
        FatalError: one of them is not what was staged.
        FatalError, RetryableError: as `stage_rows`.
        Exception: whatever `join` raises. The file at hand is removed.
    """

    def sources() -> Iterator[pa.NativeFile]:
        for part in parts:
            with read(part.name) as measured:
                if (measured.size, measured.sha256) != (part.bytes, part.sha256):
                    raise FatalError(f"{part.name}: the staged file has changed")
                yield measured.source

    with _unless_finished(file), storage_errors(file.path):
        join(sources(), file)
        sha256 = file.finish()
    rows = sum(part.rows for part in parts)
    return StagedFile(file.name, parts[0].folder, rows, file.bytes, sha256)


def chunked(
    portions: Iterable[pl.DataFrame], most_rows: int, most_bytes: int
) -> Iterator[pl.DataFrame]:
    """Join and cut frames, in order, into chunks of at most `most_rows` rows.

    Or into smaller ones, so that no chunk takes much more than `most_bytes` in memory. One that is
    at least half full ends where another frame like the last would not fit: so it does not wait,
    in memory, for a part of what is yet to be read and worked.
    """
    waiting: list[pl.DataFrame] = []
    height = 0
    for portion in portions:
        size = max(1, int(portion.estimated_size()))
        most = max(1, min(most_rows, most_bytes * portion.height // size))
        start = 0
        while start < portion.height:
            waiting.append(_part(portion, start, max(1, most - height)))
            start, height = start + waiting[-1].height, height + waiting[-1].height
            ends = start == portion.height and 2 * height >= most
            if height >= most or (ends and height + portion.height > most):
                chunk, waiting, height = [pl.concat(waiting, rechunk=False)], [], 0
                yield chunk.pop()
        del portion  # before the next is made
    if waiting:
        yield pl.concat(waiting, rechunk=False)


def _part(rows: pl.DataFrame, start: int, most: int) -> pl.DataFrame:
    """Return so many rows; if these are all, as they are: of a slice, texts are measured again."""
    return rows.slice(start, most) if start or most < rows.height else rows


def new_file(path: Path, write_back: WriteBack | None, root: Path) -> HashedFile:
    """Make a file in a folder that whoever publishes may remove as empty at this very moment.

    The names of folders are durable down to that of `root`; those below it, and the file's, are so
    once whoever settles the file has synced the folders that they lie in.

    Raises:
        FatalError: the disk is full, may not be written, or there can be no folder, though nothing
            says why not, as under /proc.
        RetryableError: any other trouble of the storage.
    """
    with storage_errors(path):
        for _ in range(_OPEN_ATTEMPTS):
            with suppress(FileNotFoundError):
                tree.make_folder(root)
                path.parent.mkdir(parents=True, exist_ok=True)
                return HashedFile(path, write_back)
    raise FatalError(
        f"{path.parent}: no folder can be created there. Use a path on a disk, then run again"
    )


@contextmanager
def _unless_finished(file: HashedFile) -> Iterator[HashedFile]:
    """Remove a file if it was not finished."""
    try:
        yield file
    finally:
        if not file.closed:
            file.abandon()
