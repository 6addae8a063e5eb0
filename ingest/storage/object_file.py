"""An object in a bucket as a file to read: one version of it, by ranges, a little ahead."""

import errno
import io
from collections.abc import Callable
from typing import BinaryIO, Protocol

from ingest.core.errors import IngestError

FIRST_BYTES = 256 * 1024
"""How much is fetched where reading begins, at least: a header, a footer."""
AHEAD_BYTES = 8 * 1024**2
"""How much is fetched at once, at least, of what is read on and on; it grows up to that."""
REQUEST_BYTES = 16 * 1024**2
"""How much is fetched at once, at most: a request must end within the connection's timeout."""
_GROWTH = 4


class ObjectChangedError(OSError):
    """An object is not of the version any more that was opened. Nothing is read of another."""

    def __init__(self, uri: str) -> None:
        super().__init__(errno.ESTALE, "the object was replaced while it was read", uri)


class Versions(Protocol):
    """What reads an object by its etag; see `Bucket`."""

    def read_version(self, name: str, etag: str, start: int, end: int) -> bytes:
        """Return a range of bytes of that version."""
        ...


class ObjectFile(io.RawIOBase):
    """One version of an object, for reading. Not for several threads at once.

    In memory are what is asked for and `AHEAD_BYTES`. If a request fails, for whatever reason,
    `reopen` gives a file of the same version, which reads the rest: it knows about retries, and
    what its errors say is what users see.

    Reading raises `ObjectChangedError`, `FileNotFoundError`, and what that file raises.
    """

    def __init__(
        self, objects: Versions, name: str, size: int, etag: str, reopen: Callable[[], BinaryIO]
    ) -> None:
        self.size, self.etag = size, etag
        self._objects, self._object = objects, name
        self._reopen = reopen
        self._other: BinaryIO | None = None
        self._at = 0
        self._first, self._buffer = -1, b""
        self._window = FIRST_BYTES

    @property
    def version(self) -> str:
        """The etag as sources record it: without quotes."""
        return self.etag.strip('"')

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Return the place of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a place; nothing is fetched."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError(f"there is no byte {base + offset}")
        self._at = base + offset
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Return so many bytes, fewer only at the end; all that are left without a number."""
        end = self.size if size is None or size < 0 else min(self.size, self._at + size)
        if end <= self._at:
            return b""
        skipped = self._at - self._first
        data = b""
        if 0 <= skipped < len(self._buffer):
            data = self._buffer[skipped : skipped + end - self._at]
        if self._at + len(data) < end:
            more = self._after(self._at + len(data), end)
            data = data + more if data else more
        self._at = end
        return data

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        """Read into a buffer."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Forget what was fetched."""
        self._first, self._buffer = -1, b""
        if self._other is not None:
            self._other.close()
        super().close()

    def _after(self, start: int, end: int) -> bytes:
        """Return bytes that are not in the buffer, and fetch what is likely to be next."""
        onward = start == self._first + len(self._buffer)
        self._window = min(AHEAD_BYTES, self._window * _GROWTH) if onward else FIRST_BYTES
        if end - start >= self._window:
            self._first, self._buffer = end, b""
            steps = range(start, end, REQUEST_BYTES)
            pieces = [self._fetch(at, min(end, at + REQUEST_BYTES)) for at in steps]
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)
        data = self._fetch(start, min(self.size, start + self._window))
        self._first, self._buffer = start, data
        return data[: end - start]

    def _fetch(self, start: int, end: int) -> bytes:
        if self._other is None:
            try:
                return self._objects.read_version(self._object, self.etag, start, end)
            except IngestError:  # not that it has changed, or is gone: those pass
                self._other = self._reopen()
        self._other.seek(start)
        return self._other.read(end - start)
