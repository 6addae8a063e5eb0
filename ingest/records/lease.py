"""Leases: who works on a job, and who publishes to a place. They only say whether to try.

A lease is a create-only object `<folder>/<n>.json`; its holder rewrites `<n>.beat` while it lives
and creates `<n>.end` when it is done. A lease has expired when its beat has not changed for the
time to live on the observer's own monotonic clock, or at once if its process can be seen from here
and has died. One that is stopped (SIGSTOP, a debugger), and one that cannot be seen (on another
machine, in another container), count as alive only while their beat changes. The
ledger, not the lease, keeps a late holder from doing harm to a run; `Lease.check` keeps it from
beginning another.
"""

import contextlib
import json
import logging
import secrets
import threading
from dataclasses import asdict
from typing import Any, Self

from ingest.core.clock import Clock, SystemClock
from ingest.core.errors import FatalError, FencedError, IngestError
from ingest.records.holders import Holder, held, last_lease, lease_name, read_holder
from ingest.storage.objects import Store

log = logging.getLogger(__name__)

TIME_TO_LIVE_S = 15.0
_POLL_S = 0.2
LEASES_KEPT = 10


class LeaseHeldError(FatalError):
    """Another process is running this job or publishing to this place: the `holder`."""

    def __init__(self, *args: object, holder: Holder | None = None) -> None:
        super().__init__(*args)
        self.holder = holder


class Observer:
    """Watches the leases of others, all on one clock: two that are dead expire at the same time.

    `ttl_s` is how long a beat may stay the same; longer where a lease's holder said so.
    """

    def __init__(
        self, store: Store, clock: Clock | None = None, ttl_s: float = TIME_TO_LIVE_S
    ) -> None:
        self.ttl_s = ttl_s
        self._store = store
        self._clock = clock or SystemClock()
        self._first: dict[str, tuple[bytes, float]] = {}

    def last(self, folder: str) -> int:
        """Return the number of the last lease of a folder, and begin to watch it; 0 if none."""
        if number := last_lease(self._store, folder):
            self._watch(lease_name(folder, number))
        return number

    def wait_until_free(self, folder: str, number: int, what: str) -> None:
        """Return when that lease has ended or expired.

        Raises:
            LeaseHeldError: its holder shows life. The text says who it is.
        """
        name = lease_name(folder, number)
        first, since = self._watch(name)
        holder = read_holder(self._store, name)
        ttl_s = max(self.ttl_s, holder.ttl_s)
        told = False
        while not self._store.exists(f"{name}.end"):
            state = holder.state
            if state == "dead":
                return
            if state == "alive" or _pulse(self._store, name) != first:
                raise LeaseHeldError(
                    f"{what}: in use by {holder}. One run at a time. Wait for it, or stop that "
                    "process",
                    holder=holder,
                )
            if self._clock.monotonic() - since >= ttl_s:
                return
            if not told:
                more = ", which is stopped" if state == "stopped" else ""
                log.warning("%s: waiting up to %g s for %s%s", what, ttl_s, holder, more)
                told = True
            self._clock.sleep(_POLL_S)

    def _watch(self, name: str) -> tuple[bytes, float]:
        if name not in self._first:
            self._first[name] = _pulse(self._store, name), self._clock.monotonic()
        return self._first[name]


class Lease:
    """One held lease; a context manager that ends it.

    A thread renews the beat from `acquire` to `end`, so that slow work does not let it expire.
    """

    def __init__(
        self, store: Store, folder: str, number: int, token: str, ttl_s: float = TIME_TO_LIVE_S
    ) -> None:
        self._store = store
        self._folder, self._number = folder, number
        self._name = lease_name(folder, number)
        self._token = token
        self._beat_s = ttl_s / 5
        held.add(token)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)
        self._thread.start()

    @classmethod
    def acquire(
        cls,
        store: Store,
        folder: str,
        what: str,
        facts: dict[str, Any],
        observer: Observer | None = None,
    ) -> Self:
        """Take the lease, waiting for a dead holder's to expire.

        Raises:
            LeaseHeldError: the holder is alive. The text says who it is.
        """
        observer = observer or Observer(store)
        while True:
            number = observer.last(folder)
            if number:
                observer.wait_until_free(folder, number, what)
            token = secrets.token_hex(8)
            page = {**asdict(Holder.me(token, observer.ttl_s)), **facts}
            name = lease_name(folder, number + 1)
            # read back: the answer to our own `create` may have been lost
            if (
                store.create(f"{name}.json", json.dumps(page).encode())
                or read_holder(store, name).token == token
            ):
                return cls(store, folder, number + 1, token, observer.ttl_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def check(self) -> None:
        """Look whether the lease is still ours: it may have expired while this process was stopped.

        Raises:
            FencedError: somebody has taken it over. The text says who.
        """
        last = last_lease(self._store, self._folder)
        if last > self._number:
            other = read_holder(self._store, lease_name(self._folder, last))
            raise FencedError(
                f"{self._store.uri(self._folder)}: {other} has taken over, because the lease "
                "of this attempt expired. This attempt will publish nothing. Follow the other "
                "attempt with: ingest status"
            )

    def end(self) -> None:
        """Give the lease back. Idempotent."""
        self._stop.set()
        self._thread.join()
        held.discard(self._token)
        with contextlib.suppress(IngestError):  # a full disk: the lease then expires by itself
            self._store.create(f"{self._name}.end", b"")

    def _beat(self) -> None:
        while True:
            with contextlib.suppress(IngestError):
                self._store.replace(f"{self._name}.beat", secrets.token_hex(8).encode())
            if self._stop.wait(self._beat_s):
                return


def trim(store: Store, folder: str) -> None:
    """Remove the leases of a folder but for the last few, which others may be looking at."""
    newest = last_lease(store, folder) - LEASES_KEPT
    for name in store.names(folder):
        number = name.partition(".")[0]
        if number.isdigit() and int(number) <= newest:
            store.remove(f"{folder}/{name}")


def pulse(store: Store, folder: str) -> bytes:
    """Return the heartbeat of a folder's last lease, which changes while its holder lives."""
    return _pulse(store, lease_name(folder, last_lease(store, folder)))


def _pulse(store: Store, name: str) -> bytes:
    with contextlib.suppress(FileNotFoundError):
        return store.read(f"{name}.beat")
    return b""
