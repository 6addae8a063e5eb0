"""Who holds a lease, as far as an observer can tell at once: for lists, not for deciding."""

import json
import socket
from dataclasses import dataclass

import psutil

from ingest.core.storage import Store


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has not given its lease back. `alive` is None if it is on another machine."""

    host: str
    pid: int
    alive: bool | None

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


def holder(store: Store, folder: str) -> Holder | None:
    """Return who has the last lease of a folder and has not ended it."""
    names = store.names(folder)
    last = max((name for name in names if name.endswith(".json")), default="")
    if not last or f"{last.removesuffix('.json')}.end" in names:
        return None
    page = json.loads(store.read(f"{folder}/{last}"))
    alive = _lives(page["pid"], page["started"]) if page["host"] == socket.gethostname() else None
    return Holder(page["host"], page["pid"], alive)


def _lives(pid: int, started: float) -> bool:
    try:
        process = psutil.Process(pid)
        return bool(abs(process.create_time() - started) < 1 and process.status() != "zombie")
    except psutil.NoSuchProcess:
        return False
