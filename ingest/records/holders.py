"""Who holds a lease: the process that its page names, and how that is, seen from this machine."""

import json
import os
import socket
from dataclasses import dataclass
from typing import Any, Literal

import psutil

from ingest.core.errors import FatalError
from ingest.core.storage import Store

State = Literal["alive", "stopped", "dead", "elsewhere"]

held: set[str] = set()
"""The tokens of the leases that this process holds; a lease it has dropped is not alive with it."""

_STOPPED = {psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP}


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has taken a lease. `started` is when it began, in seconds since the epoch."""

    host: str
    pid: int
    started: float
    token: str
    ttl_s: float

    @classmethod
    def me(cls, token: str, ttl_s: float) -> "Holder":
        """Return this very process."""
        started = psutil.Process().create_time()
        return cls(socket.gethostname(), os.getpid(), started, token, ttl_s)

    @property
    def state(self) -> State:
        """How the process is, as far as that can be seen from this machine."""
        if self.host != socket.gethostname():
            return "elsewhere"
        if self.pid == os.getpid():
            return "alive" if self.token in held else "dead"
        try:
            process = psutil.Process(self.pid)
            status = process.status()
            if abs(process.create_time() - self.started) >= 1 or status == psutil.STATUS_ZOMBIE:
                return "dead"
        except psutil.NoSuchProcess:
            return "dead"
        return "stopped" if status in _STOPPED else "alive"

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


def lease_name(folder: str, number: int) -> str:
    """Return the name of a folder's lease, without its ending."""
    return f"{folder}/{number:06d}"


def last_lease(store: Store, folder: str) -> int:
    """Return the number of the last lease of a folder; 0 if there is none."""
    numbers = [name for name in store.names(folder) if name.endswith(".json")]
    return int(numbers[-1].removesuffix(".json")) if numbers else 0


def read_holder(store: Store, name: str) -> Holder:
    """Return who took a lease.

    Raises:
        FatalError: its page is damaged.
    """
    try:
        page: dict[str, Any] = json.loads(store.read(f"{name}.json"))
        return Holder(
            host=str(page["host"]),
            pid=int(page["pid"]),
            started=float(page.get("started", 0)),
            token=str(page["token"]),
            ttl_s=float(page.get("ttl_s", 0)),
        )
    except (ValueError, KeyError, TypeError):
        raise FatalError(
            f"{store.uri(f'{name}.json')}: the lease is damaged. It says who works here, as JSON. "
            "If nobody does, remove the file, then run again"
        ) from None


def holder(store: Store, folder: str) -> Holder | None:
    """Return who has the last lease of a folder and has not given it back."""
    name = lease_name(folder, last_lease(store, folder))
    if name == lease_name(folder, 0) or store.exists(f"{name}.end"):
        return None
    return read_holder(store, name)
