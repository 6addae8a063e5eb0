"""Every touch of an interface of Ray that is private or may change; made for Ray 2.60.

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
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import psutil
import ray
from ray._private import node as ray_node
from ray._private import parameter as ray_parameter
from ray._private import services as ray_services
from ray._private import utils as ray_utils
from ray._private import worker as ray_worker
from ray.data import DataContext
from ray.data._internal.execution.execution_callback import ExecutionCallback
from ray.data._internal.execution.operators.actor_pool_map_operator import ActorPoolMapOperator

from ingest.workers.on_ray.state import worker_of

_raylet: Any = ray._raylet  # its stub lacks what is used here

_OBSERVER = "ingest.observer"
REAP_S = 10.0
REGISTER_S = 10.0  # how long a raylet is waited for closely; Ray itself looks once a second
IDLE_AGENT = (sys.executable, "-I", "-S", str(Path(__file__).with_name("idle_agent.py")))
_INIT_DEATHS = 3  # workers in a row that may die while they start

Report = Callable[[list[Any] | None], None]


class AbortedError(Exception):
    """Ends an execution from within its scheduling loop."""


class LossObserver:
    """Sees the losses of one execution, can end it from outside, and leaves nothing of it behind.

    `report` is called on Ray Data's scheduling thread, once for each block that a dead worker held,
    begun or not: with the input blocks, None if they are gone too. It must return at once.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self._executor: Any = None
        self._stepped_at = 0.0
        self._aborted = False
        self._actors: list[Any] = []
        self._ended: list[str] = []

    def add(self, actor: Any) -> None:
        """Keep an actor that the pool has started, to be killed at the end."""
        self._actors.append(actor)

    def attach(self, executor: Any) -> None:
        """Follow the pool's operator: what fails in it, and what it had been given."""
        self._executor = executor
        for operator in self._operators():
            self._follow(operator.metrics)

    def stepped(self) -> None:
        """Note that the scheduling loop has come round, and let go what its pool has let go.

        Raises:
            AbortedError: the execution was aborted before its executor could be told.
        """
        self._stepped_at = time.monotonic()
        if self._aborted and not self._executor._shutdown:
            raise AbortedError
        kept = {actor for pool in self._pools() for actor in tuple(pool._actor_to_logical_id)}
        self._actors = [actor for actor in self._actors if actor in kept]

    @property
    def still_s(self) -> float:
        """For how many seconds the scheduling loop has not come round; 0 before it begins."""
        return time.monotonic() - self._stepped_at if self._stepped_at else 0.0

    def abort(self) -> None:
        """End the execution now and kill its workers; its iterator ends. Safe from any thread."""
        self._ended += self._processes()
        self._aborted = True
        if self._executor is not None:
            self._executor.shutdown(force=True)

    def release(self) -> list[str]:
        """Kill all workers that are left; return the ids of all processes that were killed.

        To be called when the iterator has ended, however it did. Ray Data leaves workers behind: it
        waits for its scheduling loop for 2 s only, and one that is slower than that finds the pool
        empty and starts it anew. What was not killed by force lives until Python collects cycles,
        or for 30 s if it hangs.
        """
        if self._executor is not None:
            self._executor.shutdown(force=True)
            self._executor.join()
        self._ended += self._processes()
        for actor in self._actors:
            ray.kill(actor)
        self._actors.clear()
        self._executor = None
        return self._ended

    def started(self) -> int:
        """Return how many workers are there and not just being started anew."""
        pools = self._pools()
        return sum(pool.num_running_actors() - pool.num_restarting_actors() for pool in pools)

    def _processes(self) -> list[str]:
        names = [worker_of(actor._actor_id.hex()) for actor in tuple(self._actors)]
        return [name for name in names if name]

    def _pools(self) -> list[Any]:
        return [operator._actor_pool for operator in self._operators()]

    def _operators(self) -> list[Any]:
        topology = () if self._executor is None else tuple(self._executor._topology)
        return [operator for operator in topology if isinstance(operator, ActorPoolMapOperator)]

    def _follow(self, metrics: Any) -> None:
        finished = metrics.on_task_finished

        def on_task_finished(task_index: int, exception: Exception | None, *rest: Any) -> None:
            if exception is not None:
                inputs = metrics._running_tasks[task_index].inputs
                self._report(_fetch(inputs.block_refs))
            finished(task_index, exception, *rest)

        metrics.on_task_finished = on_task_finished


class ObserverCallback(ExecutionCallback):
    """Brings an execution and its observer together; Ray Data wants a class, not an instance."""

    def before_execution_starts(self, executor: Any) -> None:
        """Attach the observer whose name the execution's context carries."""
        observer = _observers[executor._data_context.get_config(_OBSERVER)]
        observer.attach(executor)
        observer.stepped()

    def on_execution_step(self, executor: Any) -> None:
        """Let the observer know that the execution is alive."""
        if observer := _observers.get(executor._data_context.get_config(_OBSERVER)):
            observer.stepped()


_observers: WeakValueDictionary[str, LossObserver] = WeakValueDictionary()


def observed_context(observer: LossObserver) -> DataContext:
    """Return the context for a data set whose execution `observer` is to see.

    Ray Data's own limits are off in it: lost blocks do not end it, nor does waiting, and each row
    that is yielded is a block at once. The caller keeps the observer alive.
    """
    context = DataContext.get_current().copy()
    context.target_max_block_size = 1
    context.max_errored_blocks = -1
    context.execution_no_progress_timeout_s = -1
    context.max_consecutive_actor_init_deaths = _INIT_DEATHS
    context.print_on_execution_start = False
    context.enable_progress_bars = False
    context.custom_execution_callback_classes = [ObserverCallback]
    name = uuid.uuid4().hex
    context.set_config(_OBSERVER, name)
    _observers[name] = observer
    return context


def follow_starts() -> None:
    """Let observers know the workers of their pools, whose arguments go by value. Idempotent.

    Ray Data puts the arguments into the object store, where they can be lost before a worker is
    started anew (ray#53727). Ray's core says so on stderr for each worker, and has no switch for
    that.
    """
    start = ActorPoolMapOperator._start_actor
    if hasattr(start, "__wrapped__"):
        return

    @functools.wraps(start)
    def start_actor(operator: Any, *arguments: Any, **options: Any) -> Any:
        name = operator.data_context.get_config(_OBSERVER)
        if name is None:
            return start(operator, *arguments, **options)
        values = {
            "_data_context_ref": operator.data_context,
            "_map_transformer_ref": operator._map_transformer,
        }
        before = {each: vars(operator).pop(each) for each in values.keys() & vars(operator).keys()}
        vars(operator).update(values)
        try:
            started = start(operator, *arguments, **options)
        finally:
            for each in values:
                del vars(operator)[each]
            vars(operator).update(before)
        _observers[name].add(started[0])
        return started

    ActorPoolMapOperator._start_actor = start_actor


def hush() -> None:
    """Keep Ray's reports of dead workers and its advice off the terminal, but in its log files."""
    ray_worker._worker_logs_enabled = False
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", message=".*ray_remote_args.*")
    for category in (DeprecationWarning, UserWarning):
        warnings.filterwarnings("ignore", category=category, module=r"ray\.")


def kill_process(actor: str) -> None:
    """Kill the process of the actor with this id; Ray starts it anew as its options say."""
    core = ray_worker.global_worker.core_worker
    core.kill_actor(ray.ActorID.from_hex(actor), False)


@contextmanager
def lean_node() -> Iterator[None]:
    """Start no more than a private Ray needs, in a `ray.init` within.

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
        (ray_node, "Node", _LeanNode),
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


def _fetch(refs: Any) -> list[Any] | None:
    try:
        blocks: list[Any] = ray.get(list(refs), timeout=1.0)
    except ray.exceptions.RayError:
        return None
    return blocks
