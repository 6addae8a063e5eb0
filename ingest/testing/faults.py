"""Faults on purpose: a store that dies at a chosen write, before or after it takes effect."""

from typing import Literal

from ingest.storage.objects import Store


class Crash(BaseException):
    """The process died here. Derives from BaseException, so that no handler goes on after it."""


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
