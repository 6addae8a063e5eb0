"""Every touch of an interface of Ray that is private or may change; made for Ray 2.60.

Those of Ray Data are in `observer.py`: importing it takes a second, and `import ray` less.

Each has its test in `tests/ray/test_ray_adapter.py`, to be run before Ray is allowed to be newer.
"""
# ruff: noqa: SLF001 - private interfaces are what this module is for

import atexit
import functools
import logging
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import ray
from ray._private import node as ray_node
from ray._private import parameter as ray_parameter
from ray._private import services as ray_services
from ray._private import utils as ray_utils
from ray._private import worker as ray_worker

_raylet: Any = ray._raylet  # its stub lacks what is used here

REAP_S = 10.0
REGISTER_S = 10.0  # how long a raylet is waited for closely; Ray itself looks once a second
IDLE_AGENT = (sys.executable, "-I", "-S", str(Path(__file__).with_name("idle_agent.py")))


def hush() -> None:
    """Keep Ray's reports of dead workers and its advice off the terminal, but in its log files."""
    ray_worker._worker_logs_enabled = False
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", message=".*ray_remote_args.*")
    for category in (DeprecationWarning, UserWarning):
        warnings.filterwarnings("ignore", category=category, module=r"ray\.")


def read_settings() -> None:
    """Have Ray read its variables again; it has done so when it was imported."""
    _raylet.Config.initialize("")


def kill_process(actor: str) -> None:
    """Kill the process of the actor with this id; Ray starts it anew as its options say."""
    core = ray_worker.global_worker.core_worker
    core.kill_actor(ray.ActorID.from_hex(actor), False)


@contextmanager
def lean_node(meanwhile: Callable[[], object] | None = None) -> Iterator[None]:
    """Start no more than a private Ray needs, in a `ray.init` within.

    `meanwhile` is called while its processes start: what this process has to do anyway.

    Left out are the autoscaler's monitor, the log monitor, the API server, which is started even if
    there is to be no dashboard, and the raylet's two agents: five Python processes, 2.5 CPU-seconds
    and half of the time that it takes. Without its agents such a Ray exports no metrics and has no
    runtime environments, so that none are asked for. All processes are in sessions of their own: a
    signal to the driver's process group, such as SIGTERM from `timeout` or a supervisor, would end
    the workers before the driver has heard what they have done.
    """
    params = functools.partial(ray_parameter.RayParams, no_monitor=True, include_log_monitor=False)
    popen = functools.partial(ray_services.ConsolePopen, start_new_session=True)
    start = functools.partial(_start, ray_services.start_ray_process)
    replaced = [
        (ray_parameter, "RayParams", params),
        (ray_node, "Node", functools.partial(_LeanNode, meanwhile)),
        (ray_services, "ConsolePopen", popen),
        (ray_services, "start_ray_process", start),
        (ray_worker, "_maybe_modify_runtime_env", lambda *_: {}),
        (ray_utils, "get_dashboard_dependency_error", ImportError),
    ]
    before = [(module, name, getattr(module, name)) for module, name, _ in replaced]
    for module, name, value in replaced:
        setattr(module, name, value)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


def _start(start: Callable[..., Any], command: list[str], *rest: Any, **options: Any) -> Any:
    """Start a process of Ray's; a raylet with agents that do nothing."""
    agents = ("--dashboard_agent_command", "--runtime_env_agent_command")
    idle = subprocess.list2cmdline(IDLE_AGENT)
    names = (part.partition("=")[0] for part in command)
    lean = [
        f"{name}={idle}" if name in agents else part
        for name, part in zip(names, command, strict=True)
    ]
    return start(lean, *rest, **options)


class _LeanNode(ray_node.Node):
    def __init__(self, meanwhile: Callable[[], object] | None, *rest: Any, **options: Any) -> None:
        self._meanwhile = meanwhile
        super().__init__(*rest, **options)

    def start_api_server(self, *, include_dashboard: bool | None, raise_on_failure: bool) -> None:
        """Start none."""

    def start_raylet(self, *rest: Any, **options: Any) -> None:
        """Start it without waiting for agents, and wait until it is known to the head."""
        nobody = {  # -1: there is no such service. One of the kind has to have a port
            _raylet.METRICS_AGENT_PORT_NAME: -1,
            _raylet.METRICS_EXPORT_PORT_NAME: -1,
            _raylet.DASHBOARD_AGENT_LISTEN_PORT_NAME: -1,
            _raylet.RUNTIME_ENV_AGENT_PORT_NAME: 1,
        }
        for name, port in nobody.items():
            _raylet.persist_port(self._session_dir, self._node_id, name, port)
        super().start_raylet(*rest, **options)
        if self._meanwhile:
            self._meanwhile()
        until = time.monotonic() + REGISTER_S
        while not self.get_gcs_client().get_all_node_info() and time.monotonic() < until:
            time.sleep(0.01)


@contextmanager
def reaped() -> Iterator[None]:
    """Wait for the end of what a `ray.shutdown` within has killed; itself, it waits for 1 s."""
    node = ray_worker._global_node
    infos = () if node is None else [info for each in node.all_processes.values() for info in each]
    processes = [info.process for info in infos]
    yield
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(REAP_S)


def fallen_part() -> str:
    """Name a process of a private Ray that has died, though nothing works without it."""
    node = ray_worker._global_node
    for name, processes in () if node is None else tuple(node.all_processes.items()):
        if any(each.process.poll() is not None for each in processes):
            return str(name)
    return ""


def end_by_force() -> None:
    """End all processes of a private Ray, whatever state it is in, and do not speak to it again.

    They are found by their session, see `lean_node`: a raylet that was killed has no children. One
    that is only being started is found by its parent. This process has to end soon: a minute later
    Ray does that itself, in the middle of whatever it does.
    """
    node = ray_worker._global_node
    infos = () if node is None else [info for each in node.all_processes.values() for info in each]
    own = psutil.Process().children() if node is None else ()
    sessions = {info.process.pid for info in infos}
    sessions |= {each.pid for each in own if _session(each.pid) == each.pid}
    victims = [each for each in psutil.process_iter() if _session(each.pid) in sessions]
    for victim in victims:
        with suppress(psutil.NoSuchProcess):
            victim.kill()
    psutil.wait_procs(victims, timeout=10.0)
    atexit.unregister(ray_worker.shutdown)  # it would wait for an answer
    # Without this the process ends with a segmentation fault. It takes 5 s, and threads that use
    # Ray after it end the process, so not now.
    if (core := getattr(ray_worker.global_worker, "core_worker", None)) is not None:
        atexit.register(core.shutdown_driver)


def _session(pid: int) -> int:
    with suppress(OSError):
        return os.getsid(pid)
    return -1


def session_logs() -> str:
    """Return the directory with the logs of the Ray session, on the head's disk."""
    node = ray_worker._global_node
    return "" if node is None else str(node.get_logs_dir_path())
