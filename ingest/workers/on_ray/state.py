"""What Ray's head knows of nodes and dead workers, read from its tables; made for Ray 2.60.

Each function has its test in `tests/ray`, to be run before Ray is allowed to be newer.
"""

import re
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import ray
from ray._private import state as ray_state
from ray._private import utils as ray_utils
from ray.core.generated import common_pb2, gcs_pb2

from ingest.core.counts import counted
from ingest.core.dataclass import dataclass
from ingest.work.memory import readable

RECORD_S = 1.5  # how long after a worker's last sign the head may not know yet that it has died
POLL_S = 0.05
IN_USE = ": all are in use, by workers that are starting or by other jobs"
LOG_BYTES = 64 * 1024  # how much of a dead worker's log is read

_MEMORY = re.compile(r"Memory on the node .*? was ([\d.]+GB used / [\d.]+GB) limit")
_REFUSED = re.compile(r"^memory allocation of (\d+) bytes failed", re.MULTILINE)  # Rust's words
_SIGNAL = re.compile(r"\*\*\* (SIG[A-Z]+) received")


@dataclass(frozen=True, slots=True)
class Death:
    """Why a worker process ended, in words; `memory` if Ray killed it because memory ran low."""

    reason: str
    memory: bool = False


def death_of(worker: str, logs: str, since: float) -> Death:
    """Say how the worker process with this id ended; `logs` is the directory of Ray's logs.

    It was lost at the time `since`, of the monotonic clock: those of a node that was cut off are
    lost together, and Ray's head, which will not know of them for a while, is waited for once. Of a
    process on another machine the signal is not known, and an exit code is never: Ray keeps
    neither.
    """
    record = _record(worker, since + RECORD_S)
    if record is None:
        return Death("the worker's process was lost")
    if record.exit_type == common_pb2.NODE_OUT_OF_MEMORY:
        found = _MEMORY.search(record.exit_detail)
        used = f" ({found[1]})" if found else ""
        return Death(f"Ray ended the worker because its node ran out of memory{used}", memory=True)
    log = _log_of(worker, Path(logs)) if logs else ""
    if found := _REFUSED.search(log):
        asked = readable(int(found[1]))
        return Death(
            f"asked for {asked} of memory at once, more than the worker's share", memory=True
        )
    if found := _SIGNAL.search(log):
        return Death(f"the worker's process ended with {found[1]}")
    host = record.worker_address.ip_address
    return Death(f"the worker's process ended without a message (pid {record.pid} on {host})")


def wait_for_end(workers: Iterable[str], timeout_s: float) -> None:
    """Wait until the head says that all these worker processes have ended, or time is up.

    The thread that drives Ray may end the connection meanwhile, and with it its workers.
    """
    until = time.monotonic() + timeout_s
    with suppress(ray.exceptions.RaySystemError):
        for worker in workers:
            while time.monotonic() < until and _is_alive(worker):
                time.sleep(POLL_S)


def worker_of(actor: str) -> str:
    """Return the id of the worker process that an actor has now; empty if there is none."""
    found = _tables().get_actor_info(ray.ActorID.from_hex(actor))
    return gcs_pb2.ActorTableData.FromString(found).address.worker_id.hex() if found else ""


def capacity() -> str:
    """Say what CPUs the cluster has, and which of them are free now, node by node."""
    free = ray_state.state.available_resources_per_node()
    nodes = [node for node in ray.nodes() if node["Alive"]]
    rows = [
        (
            node["NodeManagerAddress"],
            node["Resources"].get("CPU", 0.0),
            free.get(node["NodeID"], {}).get("CPU", 0.0),
        )
        for node in nodes
    ]
    each = ", ".join(f"{name}: {left:g} of {total:g}" for name, total, left in rows)
    total, left = sum(row[1] for row in rows), sum(row[2] for row in rows)
    nodes_text = counted(len(rows), "node")
    why = IN_USE if not left and total else ""
    return f"the cluster has {nodes_text} with {total:g} CPUs, {left:g} free ({each}){why}"


def share_of_node() -> int:
    """Return how many bytes are free on this node for each of its CPUs, less a fifth."""
    node = ray.get_runtime_context().get_node_id()
    resources = next(each["Resources"] for each in ray.nodes() if each["NodeID"] == node)
    free = int(ray_utils.estimate_available_memory())
    return free * 4 // 5 // max(1, int(resources.get("CPU", 1)))


def _tables() -> Any:
    return ray_state.state._connect_and_get_accessor()  # noqa: SLF001 - the only way to the tables


def _record(worker: str, until: float) -> Any:
    """Return what the head knows of the end of a worker; None if it does not know of any."""
    while True:
        found = _tables().get_worker_info(ray.WorkerID.from_hex(worker))
        if found and not (record := gcs_pb2.WorkerTableData.FromString(found)).is_alive:
            return record
        if time.monotonic() > until:
            return None
        time.sleep(POLL_S)


def _is_alive(worker: str) -> bool:
    found = _tables().get_worker_info(ray.WorkerID.from_hex(worker))
    if not found or not (record := gcs_pb2.WorkerTableData.FromString(found)).is_alive:
        return False
    node = record.worker_address.node_id.hex()
    nodes = ray_state.state.node_table()  # `ray.nodes` would connect again if we are not connected
    return any(each["NodeID"] == node and each["Alive"] for each in nodes)


def _log_of(worker: str, logs: Path) -> str:
    for path in logs.glob(f"worker-{worker}-*.err"):
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LOG_BYTES))
            return file.read().decode(errors="replace")
    return ""
