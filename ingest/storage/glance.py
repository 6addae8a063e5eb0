"""A state as those see it who only watch: with few requests, and several at a time in a bucket."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ingest.storage.objects import LocalStore
from ingest.storage.store import Store

REWRITTEN = (".beat", "/status.json", "/snapshot.json")
KEPT, KEPT_BYTES = 4_096, 16_384
AT_ONCE = 16

Item = TypeVar("Item")
Result = TypeVar("Result")


class Glance:
    """A store that cannot be written to, and is asked no question twice in one look.

    Between two calls of `look` it answers as of the first time it was asked. Objects that are
    created once and were read are not read again in later looks either: up to `KEPT` of them, and
    none larger than `KEPT_BYTES`. So it may have an object that was removed meanwhile: a run that
    `ingest clean` has removed is known by its mark.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._reads: dict[str, bytes | None] = {}
        self._exists: dict[str, bool] = {}
        self._names: dict[str, list[str]] = {}
        self._pool = None if isinstance(store, LocalStore) else ThreadPoolExecutor(AT_ONCE)

    @property
    def is_local(self) -> bool:
        """Whether a question costs next to nothing."""
        return self._pool is None

    def look(self) -> None:
        """Begin another look."""
        for answers in (self._reads, self._exists, self._names):
            answers.clear()

    def each(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Return what a function returns for each item; several at a time if the store is slow."""
        return list(self._pool.map(function, items) if self._pool else map(function, items))

    def uri(self, name: str = "") -> str:
        """Return where an object is, for people."""
        return self._store.uri(name)

    def read(self, name: str) -> bytes:
        """Return an object whole."""
        data = self._kept.get(name) or self._reads.get(name)
        if data is None and name not in self._reads:
            data = self._read(name)
        if data is None:
            raise FileNotFoundError(name)
        return data

    def exists(self, name: str) -> bool:
        """Say whether there is an object of that name."""
        if name not in self._exists:
            self._exists[name] = name in self._kept or self._store.exists(name)
        return self._exists[name]

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, without the folder, sorted; empty if there is none."""
        if folder not in self._names:
            self._names[folder] = self._store.names(folder)
        return list(self._names[folder])

    def size(self, name: str) -> int:
        """Return the bytes of an object, or of all in a folder; 0 if there is none."""
        return self._store.size(name)

    def create(self, name: str, _data: bytes) -> bool:
        """Refuse: whoever watches has no part in what is written."""
        raise NotImplementedError(name)

    def replace(self, name: str, _data: bytes) -> None:
        """Refuse."""
        raise NotImplementedError(name)

    def remove(self, name: str) -> None:
        """Refuse."""
        raise NotImplementedError(name)

    def _read(self, name: str) -> bytes | None:
        try:
            data = self._store.read(name)
        except FileNotFoundError:
            self._reads[name] = None
            return None
        if len(data) <= KEPT_BYTES:  # a large one is a part of a ledger, which is read once
            if name.endswith(REWRITTEN):
                self._reads[name] = data
            else:
                self._kept[name] = data
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return data
