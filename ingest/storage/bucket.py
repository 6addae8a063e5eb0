"""A place in a bucket: what can be done to its objects, each request made once.

An object is created by a conditional put (`If-None-Match: *`). It carries the token of the request
that created it, so that a request whose answer was lost can be told from somebody else's: the token
is read back. No other condition is used, because few stores honor others.
"""

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import obstore
from obstore import exceptions as refused

from ingest.core.errors import RetryableError
from ingest.storage.clients.opening import bucket_client
from ingest.storage.connections import StoreConnection
from ingest.storage.object_file import ObjectChangedError
from ingest.storage.requests import request

if TYPE_CHECKING:
    from obstore import GetOptions
    from obstore.store import ObjectStore as Client

WRITER = "writer"
"""The attribute of an object that has the token of the request that created it."""
PART_BYTES = 16 * 1024**2
"""How much of a large object is sent in one request."""
PARTS_AT_ONCE = 4
_CHUNK_BYTES = 1024**2


class Object(NamedTuple):
    """An object that a listing found: its name below the place, and its bytes."""

    name: str
    size: int


class Bucket:
    """Objects below a prefix of a bucket, by their names below it.

    Every method may raise `RetryableError` (see `retrying`), `FatalError`, and, while nothing was
    written, `ConfigError` for what was wrong from the beginning: credentials, rights, the bucket.
    The texts begin with the object's URI.
    """

    def __init__(
        self, uri: str, connection: StoreConnection, client: "Client | None" = None
    ) -> None:
        self.connection = connection
        self._uri = uri.rstrip("/")
        self._client: Client = client or bucket_client(connection, uri)
        self._written = False

    def uri(self, name: str = "") -> str:
        """Return the URI of the place, or of an object."""
        return f"{self._uri}/{name}" if name else self._uri

    def put(self, name: str, data: bytes | Path | BinaryIO) -> None:
        """Write an object, whole or not at all; a large one in parts. A file is read from 0."""
        if isinstance(data, bytes):
            size = len(data)
        elif isinstance(data, Path):
            size = data.stat().st_size
        else:
            size = data.seek(0, os.SEEK_END)
            data = _readable(data)
        with self._request(name, "written"):
            obstore.put(
                self._client,
                name,
                data,
                use_multipart=size > PART_BYTES,
                chunk_size=PART_BYTES,
                max_concurrency=min(PARTS_AT_ONCE, self.connection.max_connections),
            )
        self._written = True

    def create(self, name: str, data: bytes, token: str = "") -> bool:
        """Write an object unless there is one; say whether that was this request.

        A request that is made again, because its answer was lost, has the same token again.

        Raises:
            RetryableError: it is not known whether it was created. Ask again with this token.
        """
        token = token or secrets.token_hex(8)
        return self.create_unread(name, data, token) or self.writer(name) == token

    def flaw(self, probe: str, data: bytes = b"") -> str:
        """Return why `create` cannot be relied on in this store; empty if it can.

        Creates the object `probe` to see that it cannot be created again; it stays there.
        """
        if all(self.create_unread(probe, data, secrets.token_hex(8)) for _ in range(2)):
            return "ignores conditional writes (If-None-Match)"
        if not self.writer(probe):
            return "does not keep the attributes of objects (x-amz-meta-)"
        return ""

    def create_unread(self, name: str, data: bytes, token: str) -> bool:
        """Write an object unless there is one; say whether the store says that there was none."""
        try:
            with self._request(name, "written"):
                attributes = {WRITER: token}
                obstore.put(self._client, name, data, mode="create", attributes=attributes)
        except (refused.AlreadyExistsError, refused.PreconditionError):
            return False
        self._written = True
        return True

    def writer(self, name: str) -> str:
        """Return the token of who created an object; empty if the store has not kept it.

        Raises:
            RetryableError: it is gone, so that it can be created now.
        """
        try:
            with self._request(name, "read"):
                attributes = obstore.get(self._client, name).attributes
        except FileNotFoundError:
            raise RetryableError(f"{self.uri(name)}: was removed while it was created") from None
        found = {str(key).lower(): str(value) for key, value in attributes.items()}
        return found.get(WRITER, "")

    def read(self, name: str) -> bytes:
        """Return an object whole.

        Raises:
            FileNotFoundError: there is none of that name.
        """
        with self._request(name, "read"):
            return bytes(obstore.get(self._client, name).bytes())

    def fetch(self, name: str, file: BinaryIO) -> None:
        """Write the bytes of an object to a file, from 0; they are not in memory all at once.

        Raises:
            FileNotFoundError: there is none of that name.
        """
        with self._request(name, "read"):
            file.seek(0)
            file.truncate()
            file.writelines(obstore.get(self._client, name).stream(min_chunk_size=_CHUNK_BYTES))

    def read_range(self, name: str, start: int, end: int) -> bytes:
        """Return the bytes of an object from `start` up to `end`, which is not among them.

        Raises:
            FileNotFoundError: there is none of that name.
        """
        with self._request(name, "read"):
            return bytes(obstore.get_range(self._client, name, start=start, end=end))

    def version(self, name: str) -> tuple[int, str]:
        """Return the bytes of an object, and its etag as the store writes it, empty if it has none.

        Raises:
            FileNotFoundError: there is none of that name.
        """
        with self._request(name, "read"):
            about = obstore.head(self._client, name)
        return int(about["size"]), about["e_tag"] or ""

    def read_version(self, name: str, etag: str, start: int, end: int) -> bytes:
        """Return the bytes from `start` up to `end` of the version of an object with this etag.

        The store is asked for that version only, and what it answers is looked at, too: some
        stores ignore conditions.

        Raises:
            ObjectChangedError: the object is of another version now.
            FileNotFoundError: there is none of that name.
        """
        try:
            with self._request(name, "read"):
                options: GetOptions = {"if_match": etag, "range": (start, end)}
                answer = obstore.get(self._client, name, options=options)
                if answer.meta["e_tag"] != etag:
                    raise ObjectChangedError(self.uri(name))
                data = bytes(answer.bytes())
        except refused.PreconditionError:
            raise ObjectChangedError(self.uri(name)) from None
        if len(data) != end - start:
            raise RetryableError(
                f"{self.uri(name)}: {end - start} bytes were asked for, {len(data)} came"
            )
        return data

    def size(self, name: str) -> int | None:
        """Return the bytes of an object; None if there is none."""
        with suppress(FileNotFoundError), self._request(name, "read"):
            return int(obstore.head(self._client, name)["size"])
        return None

    def names(self, folder: str) -> list[str]:
        """Return what lies directly below a prefix, objects and prefixes, sorted."""
        with self._request(folder, "read"):
            found = obstore.list_with_delimiter(self._client, folder)
        paths = [*found["common_prefixes"], *(entry["path"] for entry in found["objects"])]
        return sorted({path.rpartition("/")[2] for path in paths} - {""})

    def objects(self, folder: str = "") -> Iterator[Object]:
        """Yield the objects below a prefix, however deep, by name."""
        for page in self.pages(folder):
            yield from page

    def pages(self, folder: str = "", after: str = "") -> Iterator[list[Object]]:
        """Yield the same, a page of a thousand at a time; those that come `after` a name."""
        pages = iter(obstore.list(self._client, folder or None, offset=after or None))
        while True:
            with self._request(folder, "read"):
                page = next(pages, None)
            if page is None:
                return
            yield [Object(str(entry["path"]), int(entry["size"])) for entry in page]

    def copy(self, source: str, target: str) -> None:
        """Copy an object within the store, over what is there; its bytes do not come here.

        Raises:
            FileNotFoundError: there is no such source.
        """
        with self._request(source, "copied"):
            obstore.copy(self._client, source, target)
        self._written = True

    def remove(self, names: Iterable[str]) -> None:
        """Delete objects; those that are not there are passed over."""
        with self._request("", "removed from"):
            obstore.delete(self._client, list(names))

    def _request(self, name: str, what: str) -> AbstractContextManager[None]:
        return request(self.connection, self.uri(name), what, lambda: self._written)


def _readable(file: BinaryIO) -> Path | BinaryIO:
    """Return a file as the library can read it by itself, without Python: a fifth faster."""
    file.flush()
    file.seek(0)
    named = Path(f"/proc/self/fd/{file.fileno()}")  # also one that has no name; from 0
    return named if named.exists() else file
