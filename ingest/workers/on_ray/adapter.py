"""Every touch of an interface of Ray that is private or may change; made for Ray 2.60.

Those for starting a private Ray are in `lean.py`, those of Ray Data in `observer.py`: importing it
takes a second, and `import ray` less.

Each has its test in `tests/ray/test_ray_adapter.py`, to be run before Ray is allowed to be newer.
"""
# ruff: noqa: SLF001 - private interfaces are what this module is for

import atexit
import logging
import os
import time
import warnings
from collections.abc import Collection
from contextlib import suppress
from typing import Any

import psutil
import ray
from ray._private import worker as ray_worker

_raylet: Any = ray._raylet  # its stub lacks what is used here

REAP_S = 10.0
POLL_S = 0.005


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
    """Kill the process of the actor with this id; Ray restarts it as its options say."""
    core = ray_worker.global_worker.core_worker
    core.kill_actor(ray.ActorID.from_hex(actor), False)


def fallen_part() -> str:
    """Name a process of a private Ray that has died, though nothing works without it."""
    node = ray_worker._global_node
    for name, processes in () if node is None else tuple(node.all_processes.items()):
        if any(each.process.poll() is not None for each in processes):
            return str(name)
    return ""


def end_by_force() -> None:
    """End all processes of a private Ray, whatever state it is in, and do not speak to it again.

    They are found by their session, see `lean.py`: a raylet that was killed has no children. One
    that is only being started is found by its parent. This process has to end soon: a minute later
    Ray does that itself, in the middle of whatever it does.
    """
    node = ray_worker._global_node
    infos = () if node is None else [info for each in node.all_processes.values() for info in each]
    own = psutil.Process().children() if node is None else ()
    sessions = {info.process.pid for info in infos}
    sessions |= {each.pid for each in own if _session(each.pid) == each.pid}
    kill_sessions(sessions)
    atexit.unregister(ray_worker.shutdown)  # it would wait for an answer
    # Without this the process ends with a segmentation fault. It takes 5 s, and threads that use
    # Ray after it end the process, so not now.
    if (core := getattr(ray_worker.global_worker, "core_worker", None)) is not None:
        atexit.register(core.shutdown_driver)


def kill_sessions(leaders: Collection[int]) -> None:
    """End all processes of the sessions that these lead, by force, and wait until they are gone."""
    victims = [each for each in psutil.process_iter() if _session(each.pid) in leaders]
    for victim in victims:
        with suppress(psutil.NoSuchProcess):
            victim.kill()
    until = time.monotonic() + REAP_S
    while any(map(_is_alive, victims)) and time.monotonic() < until:
        time.sleep(POLL_S)


def _is_alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):  # whose parent has died may stay a zombie in a container
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _session(pid: int) -> int:
    with suppress(OSError):
        return os.getsid(pid)
    return -1


def session_logs() -> str:
    """Return the directory with the logs of the Ray session, on the head's disk."""
    node = ray_worker._global_node
    return "" if node is None else str(node.get_logs_dir_path())
