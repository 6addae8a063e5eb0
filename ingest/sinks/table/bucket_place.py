"""A table in a bucket. Every request of ours is made again until it is answered, within limits."""

import io
import secrets
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import IO, TypeVar, cast

from ingest.core.errors import ConfigError, FatalError, RetryableError
from ingest.sinks.directory.staging import HashedFile, new_file
from ingest.sinks.directory.write_back import WriteBack
from ingest.sinks.folder import overlaps
from ingest.sinks.table.place import PROBES, TablePlace
from ingest.storage.bucket import PART_BYTES, Bucket
from ingest.storage.clients.opening import delta_options
from ingest.storage.connections import StoreConnection
from ingest.storage.remote import canonical
from ingest.storage.retrying import Retrying

T = TypeVar("T")
_READ_AHEAD_BYTES = 1024 * 1024


class BucketPlace(TablePlace):
    """A prefix of a bucket. Files are written on a local disk first, and uploaded under new names.

    Safe to be used by several threads.
    """

    def __init__(self, uri: str, connection: StoreConnection) -> None:
        self.uri = uri.rstrip("/")
        self.connection = connection
        self._again = Retrying(connection.max_tries)

    @cached_property
    def _bucket(self) -> Bucket:
        return Bucket(self.uri, self.connection)

    @property
    def options(self) -> Mapping[str, str]:
        """Return the connection as the Delta library wants it."""
        return delta_options(self.connection)

    def again(self, request: Callable[[], T]) -> T:
        """Make it up to `max_tries` times, with growing waits."""
        return self._again(request)

    def errors(self) -> AbstractContextManager[None]:
        """Do nothing: the errors are ours already."""
        return nullcontext()

    @contextmanager
    def checking(self) -> Iterator[None]:
        """Make mistakes of the request of whatever is wrong."""
        try:
            yield
        except ConfigError as error:
            raise ConfigError(
                *(line if line.startswith("path: ") else f"path: {line}" for line in error.lines)
            ) from error
        except RetryableError as error:
            raise ConfigError(f"path: {error}. Check the storage and the network") from error

    def unusable(self) -> Iterator[str]:
        """Yield nothing: a prefix can always be one."""
        return iter(())

    def unwritable(self) -> str:
        """Say if the store does not refuse the second of two commits; leaves nothing there.

        Nor what others have left who were killed. So it is not believed once: another may have
        removed the probe.
        """
        self.remove_folder(PROBES)
        flaw = self._flaw() and self._flaw()
        if not flaw:
            return ""
        return (
            f"{self.uri}: this store {flaw}, so two runs could commit the same version of the "
            "table, and rows would be lost. Use another store, or a local path"
        )

    def _flaw(self) -> str:
        probe = f"{PROBES}/{secrets.token_hex(8)}"
        try:
            return self._again(lambda: self._bucket.flaw(probe))
        finally:
            self._again(lambda: self._bucket.remove([probe]))

    def overlapping(self, inputs: Sequence[str]) -> Iterator[str]:
        """Compare URIs."""
        return overlaps(canonical(self.uri), inputs)

    def names(self, folder: str = "") -> list[str]:
        """List a prefix."""
        return self._again(lambda: self._bucket.names(folder))

    def files(self, folder: str) -> Iterator[tuple[str, int]]:
        """List all below a prefix, whole, so that it can be asked again."""
        yield from self._again(lambda: list(self._bucket.objects(folder)))

    def size(self, name: str) -> int | None:
        """Ask for the head of an object."""
        return self._again(lambda: self._bucket.size(name))

    def read(self, name: str) -> bytes:
        """Read."""
        return self._again(lambda: self._bucket.read(name))

    @contextmanager
    def opened(self, name: str) -> Iterator[IO[bytes]]:
        """Open an object, of which ranges are requested."""
        size = self.size(name)
        if size is None:
            raise FileNotFoundError(self.at(name))
        ranges = _Ranges(lambda start, end: self._range(name, start, end), size)
        with io.BufferedReader(ranges, _READ_AHEAD_BYTES) as file:
            yield cast("IO[bytes]", file)

    @contextmanager
    def fetched(self, name: str) -> Iterator[Path]:
        """Download an object, in parts."""
        with self.opened(name) as file, tempfile.TemporaryDirectory(prefix="ingest-") as folder:
            path = Path(folder, "file")
            with path.open("wb") as copy:
                while part := file.read(PART_BYTES):
                    copy.write(part)
            yield path

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """Return a folder on a local disk that goes when that is left."""
        with tempfile.TemporaryDirectory(prefix="ingest-") as folder:
            yield Path(folder)

    def new_file(self, path: Path, write_back: WriteBack) -> HashedFile:  # noqa: ARG002 - it is uploaded
        """Make a file that need not last longer than this process."""
        return new_file(path, None, Path(tempfile.gettempdir()))

    def keep(self, folder: Path, name: str) -> None:
        """Upload a file: whole or not at all. Again, if the answer was lost: its name is new."""
        self._again(lambda: self._bucket.put(name, folder / name))
        (folder / name).unlink()

    def remove(self, names: Iterable[str]) -> None:
        """Delete objects."""
        if given := list(names):
            self._again(lambda: self._bucket.remove(given))

    def remove_folder(self, folder: str) -> None:
        """Delete all below a prefix."""
        self.remove(name for name, _ in self.files(folder))

    def settle(self, names: Iterable[str], write_back: WriteBack) -> None:
        """Do nothing: an object is durable once it is answered for."""

    def sync_log(self) -> None:
        """Do nothing, as above."""

    def _range(self, name: str, start: int, end: int) -> bytes:
        try:
            return self._again(lambda: self._bucket.read_range(name, start, end))
        except FileNotFoundError as error:
            raise FatalError(
                f"{self.at(name)}: was removed while it was read. Run again"
            ) from error


class _Ranges(io.RawIOBase):
    """An object as a file that can be sought in."""

    def __init__(self, read: Callable[[int, int], bytes], size: int) -> None:
        super().__init__()
        self._read, self._size, self._place = read, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = base + offset
        return self._place

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        end = min(self._size, self._place + len(buffer))
        if end <= self._place:
            return 0
        data = self._read(self._place, end)
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)
