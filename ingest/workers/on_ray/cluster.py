"""The connection to Ray: a private one on this machine, or a cluster that is named."""

import logging
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import ray

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError, FatalError
from ingest.workers.on_ray.adapter import hush, read_settings
from ingest.workers.on_ray.lean import lean_node
from ingest.workers.on_ray.logs import likely_logs
from ingest.workers.on_ray.warm import WarmRay

FREE_S = 2.0  # what the end of the run before may take
STORE_BYTES = 256 * 1024 * 1024  # only descriptions of work and outcomes travel through it
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DATA_USAGE_DISABLED": "1",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # those that a private Ray starts ahead are kept until they are needed
    "RAY_idle_worker_killing_time_threshold_ms": "60000",
    # a node that is cut off is noticed after half a minute instead of seven
    "RAY_grpc_client_keepalive_time_ms": "10000",
    "RAY_grpc_client_keepalive_timeout_ms": "5000",
}
UNSEEN = {
    # of a private Ray, which has no page that would show what its tasks did; Ray's end waits for it
    "RAY_task_events_report_interval_ms": "0",
}


@dataclass(frozen=True, slots=True)
class Connected:
    """What this process is connected to: room for so many workers; a Ray that was there already.

    There are never more workers than `limit`. A `shared` one may grow and shrink, and other runs
    may use it.
    """

    workers: int
    limit: int | None = None
    shared: bool = False
    warm: bool = False


@contextmanager
def connection(
    address: str,
    workers: int | None,
    warm: WarmRay | None = None,
    meanwhile: Callable[[], object] | None = None,
) -> Iterator[Connected]:
    """Connect this process to Ray, and disconnect it after.

    Without `workers`, it has one for each core. In place of a private Ray a `warm` one is used, if
    it has so many CPUs free. To be used outside the main thread: only there does Ray leave the
    process's signals alone.

    Raises:
        ConfigError: there is no room for so many, or the address cannot be used.
        FatalError: Ray does not start or cannot be reached.
    """
    hush()
    if address == "current":
        room = fitting(workers)
        yield Connected(room, room)
        return
    if address.startswith("ray://"):
        raise ConfigError(
            f'cluster.address: "{address}": a Ray Client address is not supported, because the '
            "driver must run inside the cluster. Submit the run with `ray job submit`, and "
            "write cluster.address: auto."
        )
    if ray.is_initialized():
        raise ConfigError(
            "cluster: this process is already connected to a Ray cluster, but a run makes its "
            'own connection. Call ray.shutdown() first, or give the pool the address "current".'
        )
    usable = warm if address == "local" and warm and _knows(warm.token) else None
    own = UNSEEN | _token() if address == "local" else {}
    with _environment(ENVIRONMENT | own):
        read_settings()
        try:
            joined = usable is not None and _joined(usable, workers)
            if not joined:
                _connect(address, workers, meanwhile)
            if address == "local":
                room = fitting(workers)
                yield Connected(room, room, warm=joined)
            else:
                yield Connected(elastic(workers), workers, shared=True)
        finally:
            ray.shutdown()


def fitting(workers: int | None) -> int:
    """Return how many workers of one core the cluster is to have, as it is now.

    Raises:
        ConfigError: there is no room for `workers`; they would wait for ever.
    """
    nodes = ray.nodes()
    sizes = [int(node["Resources"].get("CPU", 0)) for node in nodes if node["Alive"]]
    room = sum(sizes)
    if not room or (workers or 0) > room:
        found = " + ".join(map(str, sizes))
        raise ConfigError(
            f"execution.workers: {workers or 1} workers of one CPU, but the cluster has "
            f"{found} CPUs. At most {room} fit. Write execution.workers={room}, or add nodes."
        )
    return workers or room


def elastic(workers: int | None) -> int:
    """Return how many workers a cluster has room for now that may grow, but at least one."""
    room = int(ray.cluster_resources().get("CPU", 0))
    return max(1, min(room, workers or room))


def refuse_several_nodes(reasons: Sequence[str]) -> None:
    """Refuse a cluster that has several nodes, or whose only one is not for workers.

    What is not refused has to stay on the driver's node, whatever nodes come.

    Raises:
        ConfigError: it has; the text is what was given.
    """
    nodes = [node for node in ray.nodes() if node["Alive"]]
    if len(nodes) != 1 or not nodes[0]["Resources"].get("CPU"):
        raise ConfigError(*reasons)


def _connect(
    address: str, workers: int | None, meanwhile: Callable[[], object] | None = None
) -> None:
    try:
        if address == "local":
            with lean_node(meanwhile):
                ray.init(
                    address="local",
                    num_cpus=_cores(workers),
                    object_store_memory=STORE_BYTES,
                    include_dashboard=False,
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                )
        else:
            _knock(address)
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (RuntimeError, OSError, ValueError, ray.exceptions.RayError) as error:
        what = "Ray did not start" if address == "local" else "Ray cannot be reached"
        raise FatalError(
            f"cluster: {what} (address {address}): {type(error).__name__}: {error}. Ray needs "
            "free memory, a writable temporary directory, a network and a machine that are not "
            "overloaded, and the cluster's token if it has one (RAY_AUTH_MODE=token and "
            f"RAY_AUTH_TOKEN_PATH). Logs: {likely_logs()}. Try cluster=inline, or run the same "
            "command again"
        ) from error


def _cores(workers: int | None) -> int:
    cores = os.cpu_count() or 1
    if workers is not None and workers > cores:
        raise ConfigError(
            f"execution.workers: {workers} workers of one CPU, but this machine has {cores}. "
            f"At most {cores} fit. Write execution.workers={cores}, or name a larger cluster."
        )
    return workers or cores


def _knock(address: str) -> None:
    # Ray itself tries for minutes before it says that nobody is there
    host, _, port = address.rpartition(":")
    if host:
        socket.create_connection((host, int(port)), timeout=10.0).close()


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def _joined(warm: WarmRay, workers: int | None) -> bool:
    """Connect to a Ray that is kept running, if it has CPUs free for that, and say so."""
    with suppress(FatalError), _environment({_MODE: "token"}):
        read_settings()
        _connect(warm.address, workers)
        until = time.monotonic() + FREE_S
        while True:
            if ray.available_resources().get("CPU", 0.0) >= (workers or warm.cpus):
                return True
            if time.monotonic() > until:
                break
            time.sleep(0.05)
    ray.shutdown()
    return False


_own: dict[str, str] = {}
_TOKEN, _MODE = "RAY_AUTH_TOKEN", "RAY_AUTH_MODE"


def _token(known: str = "") -> dict[str, str]:
    # Ray would leave one in the home directory, readable by all. Ray keeps it: one per process.
    if not _own:
        if {_MODE, _TOKEN, "RAY_AUTH_TOKEN_PATH"} & os.environ.keys():
            return {}
        _own[_TOKEN] = known or secrets.token_hex(32)
    return dict(_own)


def _knows(token: str) -> bool:
    """Whether this process may use a Ray with this token; it can have only one."""
    return _token(token).get(_TOKEN, os.environ.get(_TOKEN)) == token


def own_token() -> str:
    """Return the token of the private Ray that this process has started."""
    return os.environ.get(_TOKEN, "")


def address_here() -> str:
    """Return the address of the Ray that this process is connected to."""
    return str(ray.get_runtime_context().gcs_address)
