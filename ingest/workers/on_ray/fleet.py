"""How many workers a run has on a cluster that grows and shrinks, and that other runs share.

Once a second a run looks at what nodes there are and what the other runs want, and sizes its pool
(`scaling.py`). What would be of use beyond that it makes known to the cluster's autoscaler, by way
of Ray Data's coordinator, which adds up what all programs on the cluster ask for. See
`docs/decisions/0029-elastic-pools.md`. Made for Ray 2.60; tested in `tests/ray/test_journey.py`.
"""

import json
import time
import uuid
from collections.abc import Collection
from contextlib import suppress
from typing import Any

import ray
from ray._private import state as ray_state
from ray.experimental import internal_kv

from ingest.workers.sharing import Claim, Demand, shares

WORTH_S = 30.0  # a node takes about that long to come
ASK_MOST = 1000  # CPUs at once, or twice what there is: the autoscaler packs each one by one
ASK_EVERY_S = 10.0
FORGOTTEN_S = 40.0  # what a dead run has asked for is withdrawn after that
SILENT_S = 10.0  # a run that has said nothing for that long has no claim any more
CLOSE_S = 5.0

_NAMESPACE = b"ingest"
_PREFIX = "claim/"


class Fleet:
    """What one run wants of a cluster, and how many workers it has. For one thread, but `target`.

    One that is not `shared` has its Ray for itself: it asks for nothing and looks for nobody. One
    that is `pinned` has the driver's node only.
    """

    def __init__(
        self, demand: Demand, weight: float = 1.0, *, shared: bool = False, pinned: bool = False
    ) -> None:
        self._demand = demand
        self._only = ray.get_runtime_context().get_node_id() if pinned else ""
        self._weight = weight
        self._name = uuid.uuid4().hex
        self._claims = Claims(self._name) if shared else None
        self._coordinator: Any = None
        self._asked = 0
        self._asked_at = 0.0
        self.target = 1
        self.draining: frozenset[str] = frozenset()
        self.resources: dict[str, float] = {}

    def look(self, slowest_s: float = 0.0) -> None:
        """See what the cluster has and the other runs want, and decide how many workers to have."""
        self.draining = frozenset(ray_state.state.get_draining_nodes())
        self.resources = resources(self._only, self.draining)
        cpus = int(self.resources.get("CPU", 0))
        usable = self._demand.usable
        wanted = cpus if usable is None else usable
        if self._claims:
            claim = Claim(self._weight, max(1, wanted))
            wanted = shares(self._claims.exchange(claim), cpus)[self._name]
            if not self._only:
                self._ask(self._demand.worth(WORTH_S, slowest_s), cpus)
        self.target = max(1, min(wanted, max(cpus, 1)))

    def close(self) -> None:
        """Withdraw what was asked for, and the claim."""
        if not self._claims:
            return
        with suppress(ray.exceptions.RayError, RuntimeError):
            self._claims.withdraw()
            if self._coordinator is not None:
                cancelled = self._coordinator.cancel_request.remote(self._name)
                ray.get(cancelled, timeout=CLOSE_S)

    def _ask(self, number: int, cpus: int) -> None:
        number = min(number, max(ASK_MOST, 2 * cpus))
        now = time.monotonic()
        if number == self._asked and now - self._asked_at < ASK_EVERY_S:
            return
        if self._coordinator is None:
            self._coordinator = _coordinator()
        self._coordinator.request_resources.remote(
            requester_id=self._name,
            resources=[{"CPU": 1.0}] * number,
            expire_after_s=FORGOTTEN_S,
        )
        self._asked, self._asked_at = number, now


class Claims:
    """What all runs on a cluster want of it: one entry each in the tables of Ray's head.

    No clock is compared with another machine's: who does not change its entry is gone.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._beat = 0
        self._seen: dict[str, tuple[bytes, float]] = {}

    def exchange(self, own: Claim) -> dict[str, Claim]:
        """Say what this run wants; return what it and all the others do."""
        self._beat += 1
        page = json.dumps({"weight": own.weight, "wanted": own.wanted, "beat": self._beat})
        internal_kv._internal_kv_put(_PREFIX + self._name, page, namespace=_NAMESPACE)  # noqa: SLF001
        claims = {self._name: own}
        for key in internal_kv._internal_kv_list(_PREFIX, namespace=_NAMESPACE):  # noqa: SLF001
            name = key.decode().removeprefix(_PREFIX)
            if name != self._name and (claim := self._read(name)):
                claims[name] = claim
        return claims

    def withdraw(self) -> None:
        """Remove this run's entry."""
        self._remove(self._name)

    def _read(self, name: str) -> Claim | None:
        page = internal_kv._internal_kv_get(_PREFIX + name, namespace=_NAMESPACE)  # noqa: SLF001
        if not page:
            return None
        before, since = self._seen.get(name, (b"", 0.0))
        if page != before:
            self._seen[name] = page, time.monotonic()
        elif time.monotonic() - since > SILENT_S:
            self._remove(name)
            return None
        values = json.loads(page)
        return Claim(float(values["weight"]), int(values["wanted"]))

    def _remove(self, name: str) -> None:
        internal_kv._internal_kv_del(_PREFIX + name, namespace=_NAMESPACE)  # noqa: SLF001


def resources(only: str = "", draining: Collection[str] = ()) -> dict[str, float]:
    """Return the sum of what the nodes have that are alive and stay; or what one node has."""
    total: dict[str, float] = {}
    for node in ray.nodes():
        name = node["NodeID"]
        if node["Alive"] and name not in draining and only in {"", name}:
            for kind in ("CPU", "GPU", "memory", "object_store_memory"):
                total[kind] = total.get(kind, 0.0) + node["Resources"].get(kind, 0.0)
    return total


def _coordinator() -> Any:
    from ray.data._internal.cluster_autoscaler import (  # noqa: PLC0415 - a second to import
        get_or_create_autoscaling_coordinator,
    )

    return get_or_create_autoscaling_coordinator()
