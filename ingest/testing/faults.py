"""Faults on purpose: stores and buckets that die at a chosen request, before or after it works."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from ingest.core.errors import RetryableError
from ingest.storage.bucket import Bucket
from ingest.storage.connections import StoreConnection
from ingest.storage.objects import Store

if TYPE_CHECKING:
    from obstore.store import ObjectStore as Client


class Crash(BaseException):
    """The process died here. Derives from BaseException, so that no handler continues after it."""


class CrashingStore:
    """Passes everything on to a store and dies at the n-th `create` or `remove`, counted from 1.

    With `when="after"` that is done and the answer lost; with `before` it is not done. After the
    crash every further call dies too: a dead process does not tidy up.
    """

    def __init__(self, store: Store, at: int, when: Literal["before", "after"] = "before") -> None:
        self._store = store
        self._at = at
        self._when = when
        self.creates = 0

    def uri(self, name: str = "") -> str:
        """Return where an object is."""
        return self._store.uri(name)

    def create(self, name: str, data: bytes) -> bool:
        """Create, unless this is where the process dies."""
        self.creates += 1
        if self.creates == self._at and self._when == "after":
            self._store.create(name, data)
        if self.creates >= self._at:
            raise Crash(name)
        return self._store.create(name, data)

    def remove(self, name: str) -> None:
        """Remove, unless this is where the process dies."""
        self.creates += 1
        if self.creates < self._at or (self.creates == self._at and self._when == "after"):
            self._store.remove(name)
        if self.creates >= self._at:
            raise Crash(name)

    def replace(self, name: str, data: bytes) -> None:
        """Replace; the heartbeat of a dead process just stays out."""
        if self.creates < self._at:
            self._store.replace(name, data)

    def read(self, name: str) -> bytes:
        """Read, unless the process is dead."""
        self._alive()
        return self._store.read(name)

    def exists(self, name: str) -> bool:
        """Look, unless the process is dead."""
        self._alive()
        return self._store.exists(name)

    def names(self, folder: str) -> list[str]:
        """List, unless the process is dead."""
        self._alive()
        return self._store.names(folder)

    def size(self, name: str) -> int:
        """Measure, unless the process is dead."""
        self._alive()
        return self._store.size(name)

    def _alive(self) -> None:
        if self.creates >= self._at:
            raise Crash


class RequestFaults:
    """What becomes of the n-th request, counted from 1, of all buckets that share this.

    With `when="before"` it is not made and the process dies, with `after` it is made and the
    process dies; with `lost` it is made, its answer is lost, and nobody dies. After a crash every
    further request dies, in all threads. `requests` is how many were made.
    """

    def __init__(self, at: int = 0, when: Literal["before", "after", "lost"] = "before") -> None:
        self._at = at
        self._when = when
        self._counting = threading.Lock()
        self.requests = 0

    @contextmanager
    def request(self, what: str) -> Iterator[None]:
        """Make a request, or die."""
        with self._counting:
            self.requests += 1
            number = self.requests
        dies = self._at and self._when != "lost" and number >= self._at
        if dies and (number > self._at or self._when == "before"):
            raise Crash(what)
        yield
        if number == self._at:
            if self._when == "lost":
                raise RetryableError(f"{what}: the answer was lost")
            raise Crash(what)


class FaultyBucket(Bucket):
    """A bucket whose requests fail on purpose, reading ones too."""

    def __init__(
        self,
        uri: str,
        connection: StoreConnection,
        faults: RequestFaults,
        client: "Client | None" = None,
    ) -> None:
        super().__init__(uri, connection, client)
        self._faults = faults

    @contextmanager
    def _request(self, name: str, what: str) -> Iterator[None]:
        with self._faults.request(self.uri(name)), super()._request(name, what):
            yield
