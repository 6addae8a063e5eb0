"""Making the files of a partition durable together: the disk is told early, and waited for once."""

import ctypes
import os
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Self

from ingest.sinks.directory.disk_errors import storage_errors

OPEN_FILES = 64
"""How many files are open at most. 32 and 128 take as long, and systems allow 256 or 1,024."""

_WRITE = 2
_sync_file_range = getattr(ctypes.CDLL(None), "sync_file_range", None)  # Linux has it
if _sync_file_range is not None:
    _sync_file_range.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)


class WriteBack:
    """Files that are written whole, on their way to the disk until `wait` has returned.

    They stay open until then: the system says once that the disk could not take a part of a file,
    to whoever has it open; if nobody has, it may forget that with the file. Used with `with`, at
    the end of which files that were not waited for are closed, and may not be durable.
    """

    def __init__(self) -> None:
        self._files: deque[tuple[Path, BinaryIO]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while self._files:
            with suppress(OSError):  # they are thrown away
                self._files.popleft()[1].close()

    def add(self, path: Path, file: BinaryIO) -> None:
        """Take a file that is flushed, and close it later.

        Raises:
            FatalError, RetryableError: as `wait`, which is called if `OPEN_FILES` are open.
        """
        if len(self._files) == OPEN_FILES:
            self.wait()
        self._files.append((path, file))

    def wait(self) -> None:
        """Make all files durable, and close them.

        The disk has been told of all of them, so a journal is written once, when the first is
        waited for, and not for each.

        Raises:
            FatalError, RetryableError: the disk could not take one of them, which the text names.
        """
        while self._files:
            path, file = self._files.popleft()
            with storage_errors(path), file:
                os.fsync(file.fileno())


def begin_writing(handle: int, start: int, end: int) -> None:
    """Have the system begin to write a part of a file to the disk, and do not wait for it.

    A hint, where the system takes it: only `fsync` makes anything durable.
    """
    if _sync_file_range is not None and end > start:
        _sync_file_range(handle, start, end - start, _WRITE)
