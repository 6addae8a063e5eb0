"""Who holds a lease: the process that its page names, and how that is, seen from this machine."""

import json
import os
import re
from collections.abc import Mapping
from typing import Any, Literal, Self

from ingest.core.dataclass import dataclass
from ingest.core.errors import FatalError
from ingest.core.processes import Realm, began, exists, look
from ingest.storage.objects import Store

State = Literal["alive", "stopped", "dead", "elsewhere"]

held: set[str] = set()
"""The tokens of the leases that this process holds; a lease it has dropped is not alive with it."""

SUBMISSION = "INGEST_SUBMISSION"
"""The variable with the name of the Ray cluster that KubeRay has made for an attempt of a run."""

_DEAD, _STOPPED = "ZX", "Tt"  # letters of /proc/<pid>/stat


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has taken a lease; see `core.processes` for how it is known.

    `sink` is where it publishes, empty if it did not say. `submission` is what it was submitted
    as: several attempts have the same, and none is empty.
    """

    host: str
    pid: int
    token: str
    ttl_s: float
    boot: str = ""
    namespace: str = ""
    began: int = 0
    sink: str = ""
    submission: str = ""

    @classmethod
    def me(cls, token: str, ttl_s: float) -> Self:
        """Return this very process."""
        here, pid = Realm.here(), os.getpid()
        return cls(
            *(here.host, pid, token, ttl_s, here.boot, here.namespace, began(pid)),
            submission=submission(),
        )

    @property
    def realm(self) -> Realm:
        """Where its number means something."""
        return Realm(self.host, self.boot, self.namespace)

    @property
    def state(self) -> State:
        """How the process is; `elsewhere` if that cannot be seen from here.

        So it is from another machine, another container and another boot, and where processes are
        hidden. Only its heartbeat tells then.
        """
        if self.token in held:
            return "alive"
        if not Realm.here().sees(self.realm):
            return "elsewhere"
        if self.pid == os.getpid() or not exists(self.pid):
            return "dead"
        if (status := look(self.pid)) is None or not self.began:
            return "elsewhere"
        letter, ticks = status
        if ticks != self.began or letter in _DEAD:
            return "dead"
        return "stopped" if letter in _STOPPED else "alive"

    def __str__(self) -> str:
        name = f"process {self.pid} on {self.host}"
        here = Realm.here()
        hidden = here.host == self.host and not here.sees(self.realm)
        return f"{name} (in another container, or before a restart)" if hidden else name


def submission(environment: Mapping[str, str] = os.environ) -> str:
    """Return what this process was submitted as: the name of a RayJob; empty outside of one.

    KubeRay makes a cluster for each attempt, and adds a random part to the job's name.
    """
    return re.sub(r"(-raycluster)?-[a-z0-9]{5}$", "", environment.get(SUBMISSION, ""))


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
            token=str(page["token"]),
            ttl_s=float(page.get("ttl_s", 0)),
            boot=str(page.get("boot", "")),
            namespace=str(page.get("namespace", "")),
            began=int(page.get("began", 0)),
            sink=str(page.get("sink", "")),
            submission=str(page.get("submission", "")),
        )
    except (ValueError, KeyError, TypeError):
        raise FatalError(
            f"{store.uri(f'{name}.json')}: the lease is damaged. It records which process is "
            "running, as JSON. If no process is running, remove the file, then run again"
        ) from None


def holder(store: Store, folder: str) -> Holder | None:
    """Return who has the last lease of a folder and has not given it back."""
    name = lease_name(folder, last_lease(store, folder))
    if name == lease_name(folder, 0) or store.exists(f"{name}.end"):
        return None
    return read_holder(store, name)
