"""Leases: who works on a job, and who publishes to a place. They only say whether to try.

A lease is a create-only object `<folder>/<n>.json`; its holder rewrites `<n>.beat` while it lives
and creates `<n>.end` when it is done. A lease has expired when its beat has not changed for the
time to live on the observer's own monotonic clock, or at once if its process died on this machine.
The ledger, not the lease, keeps a late holder from doing harm.
"""

import contextlib
import json
import os
import secrets
import socket
import threading
from typing import Any, Self

import psutil

from ingest.core.clock import Clock, SystemClock
from ingest.core.errors import FatalError, IngestError
from ingest.core.storage import Store

TIME_TO_LIVE_S = 15.0


_held: set[str] = set()
"""The tokens of the leases that this process holds; a lease it has dropped is not alive with it."""


class LeaseHeldError(FatalError):
    """Somebody else holds the lease and is alive."""


class Lease:
    """One held lease; a context manager that ends it.

    A thread renews the beat from `acquire` to `end`.
    """

    def __init__(self, store: Store, folder: str, number: int, token: str) -> None:
        self._store = store
        self._name = f"{folder}/{number:06d}"
        self._token = token
        _held.add(token)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)
        self._thread.start()

    @classmethod
    def acquire(
        cls, store: Store, folder: str, what: str, facts: dict[str, Any], clock: Clock | None = None
    ) -> Self:
        """Take the lease, waiting for a dead holder's to expire.

        Raises:
            LeaseHeldError: the holder is alive. The text says who it is.
        """
        clock = clock or SystemClock()
        while True:
            numbers = [name for name in store.names(folder) if name.endswith(".json")]
            number = int(numbers[-1].removesuffix(".json")) if numbers else 0
            if numbers:
                _wait_until_free(store, f"{folder}/{number:06d}", what, clock)
            token = secrets.token_hex(8)
            holder = {"token": token, **_me(), **facts}
            name = f"{folder}/{number + 1:06d}.json"
            if store.create(name, json.dumps(holder).encode()) or _owns(store, name, token):
                return cls(store, folder, number + 1, token)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Give the lease back. Idempotent."""
        self._stop.set()
        self._thread.join()
        _held.discard(self._token)
        with contextlib.suppress(IngestError):  # a full disk: the lease then expires by itself
            self._store.create(f"{self._name}.end", b"")

    def _beat(self) -> None:
        while True:
            with contextlib.suppress(IngestError):
                self._store.replace(f"{self._name}.beat", secrets.token_hex(8).encode())
            if self._stop.wait(TIME_TO_LIVE_S / 5):
                return


def _wait_until_free(store: Store, name: str, what: str, clock: Clock) -> None:
    """Return when the lease has ended or expired; raise as soon as its holder shows life."""
    holder = json.loads(store.read(f"{name}.json"))
    first = _pulse(store, name)
    since = clock.monotonic()
    while not store.exists(f"{name}.end") and not _died_here(holder):
        if _pulse(store, name) != first or _lives_here(holder):
            raise LeaseHeldError(
                f"{what}: in use by process {holder['pid']} on {holder['host']}. One run at a "
                "time. Wait for it, or stop that process"
            )
        if clock.monotonic() - since >= TIME_TO_LIVE_S:
            return
        clock.sleep(0.2)


def _pulse(store: Store, name: str) -> bytes:
    with contextlib.suppress(FileNotFoundError):
        return store.read(f"{name}.beat")
    return b""


def _owns(store: Store, name: str, token: str) -> bool:
    return bool(json.loads(store.read(name)).get("token") == token)


def _me() -> dict[str, Any]:
    process = psutil.Process()
    return {"host": socket.gethostname(), "pid": os.getpid(), "started": process.create_time()}


def _died_here(holder: dict[str, Any]) -> bool:
    return holder["host"] == socket.gethostname() and not _alive(holder)


def _lives_here(holder: dict[str, Any]) -> bool:
    return holder["host"] == socket.gethostname() and _alive(holder)


def _alive(holder: dict[str, Any]) -> bool:
    if holder["pid"] == os.getpid():
        return holder["token"] in _held
    try:
        process = psutil.Process(holder["pid"])
        started = process.create_time()
        return bool(abs(started - holder["started"]) < 1 and process.status() != "zombie")
    except psutil.NoSuchProcess:
        return False
