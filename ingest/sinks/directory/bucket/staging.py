"""Staged objects: encoded into a file without a name, and put into the bucket when it is whole."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ingest.sinks.directory.disk_errors import storage_errors
from ingest.sinks.directory.staging import HashedFile


class UploadedFile(HashedFile):
    """A new object. Nothing of it is left on this machine, however the process ends."""

    def __init__(self, name: str, upload: Callable[[BinaryIO], None]) -> None:
        folder = Path(tempfile.gettempdir())
        with storage_errors(folder):
            super().__init__(folder, None, tempfile.TemporaryFile(dir=folder))  # noqa: SIM115 - closed below
        self.name = name
        self._upload = upload

    def finish(self) -> str:
        """Put the contents into the bucket, whole, and return their SHA-256, in hex."""
        with self._file:
            self._file.flush()
            self._upload(self._file)
        self.closed = True
        return self._digest.hexdigest()

    def abandon(self) -> None:
        """Forget what was written."""
        self._file.close()
        self.closed = True
