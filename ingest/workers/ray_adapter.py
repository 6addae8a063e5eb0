"""Every touch of an interface of Ray that is private or may change; made for Ray 2.60.

Each has its test in `tests/ray/test_ray_adapter.py`, to be run before Ray is allowed to be newer.
"""
# ruff: noqa: SLF001 - private interfaces are what this module is for

import functools
import logging
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakValueDictionary

import ray
from ray._private import node as ray_node
from ray._private import parameter as ray_parameter
from ray._private import worker as ray_worker
from ray.data import DataContext
from ray.data._internal.execution.execution_callback import ExecutionCallback
from ray.data._internal.execution.operators.actor_pool_map_operator import ActorPoolMapOperator

_OBSERVER = "ingest.observer"
_INIT_DEATHS = 3  # workers in a row that may die while they start

Report = Callable[[list[Any] | None, str], None]


class Observer:
    """Sees the losses of one execution, and can end it from outside.

    `report` is called on Ray Data's scheduling thread, once for each block that a dead worker held,
    begun or not: with the input blocks (None if they are gone too) and the reason. It must return
    at once.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self._executor: Any = None

    def attach(self, executor: Any) -> None:
        """Follow the pool's operator: what fails in it, and what it had been given."""
        self._executor = executor
        for operator in executor._topology:
            if isinstance(operator, ActorPoolMapOperator):
                self._follow(operator.metrics)

    def abort(self) -> None:
        """End the execution now and kill its workers; its iterator ends. Safe from any thread."""
        if self._executor is not None:
            self._executor.shutdown(force=True)

    def _follow(self, metrics: Any) -> None:
        finished = metrics.on_task_finished

        def on_task_finished(task_index: int, exception: Exception | None, *rest: Any) -> None:
            if exception is not None:
                inputs = metrics._running_tasks[task_index].inputs
                reason = str(exception).partition("\n")[0]
                self._report(_fetch(inputs.block_refs), f"{type(exception).__name__}: {reason}")
            finished(task_index, exception, *rest)

        metrics.on_task_finished = on_task_finished


class ObserverCallback(ExecutionCallback):
    """Brings an execution and its observer together; Ray Data wants a class, not an instance."""

    def before_execution_starts(self, executor: Any) -> None:
        """Attach the observer whose name the execution's context carries."""
        _observers[executor._data_context.get_config(_OBSERVER)].attach(executor)


_observers: WeakValueDictionary[str, Observer] = WeakValueDictionary()


def observed_context(observer: Observer) -> DataContext:
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


def inline_arguments() -> None:
    """Give the pools of observed executions their constructor arguments by value. Idempotent.

    Ray Data puts them into the object store, where they can be lost before a worker is started anew
    (ray#53727). Ray's core says so on stderr for each worker, and has no switch for that.
    """
    start = ActorPoolMapOperator._start_actor
    if hasattr(start, "__wrapped__"):
        return

    @functools.wraps(start)
    def start_actor(operator: Any, *arguments: Any, **options: Any) -> Any:
        if operator.data_context.get_config(_OBSERVER) is None:
            return start(operator, *arguments, **options)
        values = {
            "_data_context_ref": operator.data_context,
            "_map_transformer_ref": operator._map_transformer,
        }
        before = {name: vars(operator).pop(name) for name in values.keys() & vars(operator).keys()}
        vars(operator).update(values)
        try:
            return start(operator, *arguments, **options)
        finally:
            for name in values:
                del vars(operator)[name]
            vars(operator).update(before)

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

    Left out are the autoscaler's monitor, the log monitor and the API server, which is started even
    if there is to be no dashboard: three Python processes, 1.5 CPU-seconds.
    """
    params, node = ray_parameter.RayParams, ray_node.Node
    ray_parameter.RayParams = functools.partial(params, no_monitor=True, include_log_monitor=False)
    ray_node.Node = _LeanNode
    try:
        yield
    finally:
        ray_parameter.RayParams, ray_node.Node = params, node


class _LeanNode(ray_node.Node):
    def start_api_server(self, *, include_dashboard: bool | None, raise_on_failure: bool) -> None:
        """Start none."""


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
