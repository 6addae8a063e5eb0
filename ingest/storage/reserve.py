"""A little space on the disk of a state, kept for a run's last words."""

import os
import tempfile
from contextlib import suppress
from types import TracebackType
from typing import IO, Self

from ingest.storage.objects import LocalStore
from ingest.storage.store import Store

BYTES = 1 << 18
"""As much as the events of the last second, and how the attempt ended."""


class Reserve:
    """Space that is freed when a disk is full, so that the reason can still be written there.

    A file without a name: nothing of it is left when the process ends, however that comes. A bucket
    has none, nor has a disk on which it cannot be had. A context manager around an attempt.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        if isinstance(self._store, LocalStore):
            with suppress(OSError):
                file = tempfile.TemporaryFile(dir=self._store.root)
                self._file = file
                os.posix_fallocate(file.fileno(), 0, BYTES)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.free()

    def free(self) -> bool:
        """Give the space back to the disk; say whether there was any."""
        if self._file is None:
            return False
        self._file.close()
        self._file = None
        return True
