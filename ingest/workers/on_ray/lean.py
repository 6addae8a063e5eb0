"""A private Ray of no more processes than it needs, whose workers are forked; made for Ray 2.60.

Its tests are in `tests/ray/test_ray_adapter.py`, to be run before Ray is allowed to be newer.
"""
# ruff: noqa: SLF001 - private interfaces are what this module is for

import functools
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import ray
from ray._private import node as ray_node
from ray._private import parameter as ray_parameter
from ray._private import services as ray_services
from ray._private import utils as ray_utils
from ray._private import worker as ray_worker

from ingest.workers.on_ray.adapter import REAP_S, kill_sessions
from ingest.workers.on_ray.replacing import replacing

_raylet: Any = ray._raylet  # its stub lacks what is used here

LOOK_S = 0.01  # how often it is looked whether a process has said its port
REGISTER_S = 10.0  # how long a raylet is waited for closely; Ray itself looks once a second
HERE = Path(__file__).parent
BARE = (sys.executable, "-I", "-S")  # without any package: 10 ms instead of half a second of CPU
IDLE_AGENT = (*BARE, str(HERE / "idle_agent.py"))
NURSERY = (sys.executable, str(HERE / "nursery.py"))
BIRTH = (*BARE, str(HERE / "birth.py"))
SOCKET = "--raylet_socket_name"
AHEAD = ("--num_prestart_python_workers", "--maximum_startup_concurrency")
HELPERS = 3  # processes beside those that work: feed, read task and Ray Data's table of places


@contextmanager
def lean_node(meanwhile: Callable[[], object] | None = None) -> Iterator[None]:
    """Start no more than a private Ray needs, in a `ray.init` within.

    `meanwhile` is called while its processes start: what this process has to do anyway.

    Left out are the autoscaler's monitor, the log monitor, the API server, which is started even if
    there is to be no dashboard, and the raylet's two agents: five Python processes, 2.5 CPU-seconds
    and half of the time that it takes. Without its agents such a Ray exports no metrics and has no
    runtime environments, so that none are asked for. All processes are in sessions of their own: a
    signal to the driver's process group, such as SIGTERM from `timeout` or a supervisor, would end
    the workers before the driver has heard what they have done. Workers are forked, see
    `nursery.py`.
    """
    params = functools.partial(ray_parameter.RayParams, no_monitor=True, include_log_monitor=False)
    popen = functools.partial(ray_services.ConsolePopen, start_new_session=True)
    start = functools.partial(_start, ray_services.start_ray_process)
    wait = functools.partial(_wait_for_port, ray_node.wait_for_persisted_port)
    with replacing(
        (ray_parameter, "RayParams", params),
        (ray_node, "Node", functools.partial(_LeanNode, meanwhile)),
        (ray_node, "wait_for_persisted_port", wait),
        (ray_services, "ConsolePopen", popen),
        (ray_services, "start_ray_process", start),
        (ray_worker, "_maybe_modify_runtime_env", lambda *_: {}),
        (ray_utils, "get_dashboard_dependency_error", ImportError),
    ):
        yield


def _start(start: Callable[..., Any], command: list[str], *rest: Any, **options: Any) -> Any:
    """Start a process of Ray's; a raylet with what is ours in place of its agents."""
    return start(_with_nursery(command), *rest, **options)


def _wait_for_port(wait: Callable[..., int], *which: Any, timeout_ms: int) -> int:
    """Wait until a process has said its port, letting this one's other threads run meanwhile.

    Ray looks ten times a second, and does not let go of the interpreter: of a head that hangs while
    it starts nobody would hear for half a minute.
    """
    until = time.monotonic() + timeout_ms / 1000
    while True:
        try:
            return wait(*which, timeout_ms=1, poll_interval_ms=1)
        except RuntimeError:  # it is not there
            if time.monotonic() > until:
                raise
        time.sleep(LOOK_S)


def _with_nursery(command: list[str]) -> list[str]:
    """Return a raylet's command with the process that its workers are forked from; others as is.

    Elsewhere than on Linux, processes with threads of macOS's own cannot be forked.
    """
    given = dict(part.partition("=")[::2] for part in command)
    if SOCKET not in given:
        return command
    socket = Path(given[SOCKET])  # such as raylet.1: several nodes may share a session's folder
    place = str(socket.with_name(socket.name.replace("raylet", "nursery")))
    agents: dict[str, tuple[str, ...]] = {
        "--dashboard_agent_command": IDLE_AGENT,
        "--runtime_env_agent_command": IDLE_AGENT,
    }
    workers = given["--python_worker_command"]
    if sys.platform == "linux":
        agents["--runtime_env_agent_command"] = (*NURSERY, place)
        workers = f"{subprocess.list2cmdline((*BIRTH, place))} {workers}"
    own = {name: subprocess.list2cmdline(words) for name, words in agents.items()}
    own["--python_worker_command"] = workers
    for name in AHEAD:
        own[name] = str(int(given[name]) + HELPERS)
    names = (part.partition("=")[0] for part in command)
    return [
        f"{name}={own[name]}" if name in own else part
        for name, part in zip(names, command, strict=True)
    ]


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

    def kill_all_processes(self, *_: Any, **__: Any) -> None:
        """End all at once: Ray asks its raylet to end, which takes longer than the 1 s it waits."""
        processes = [each.process for infos in self.all_processes.values() for each in infos]
        kill_sessions({each.pid for each in processes})
        for each in processes:
            with suppress(subprocess.TimeoutExpired):
                each.wait(REAP_S)  # it is dead, and no zombie from now on
        self.all_processes.clear()
