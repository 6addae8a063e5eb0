"""Every touch of an interface of Ray Data that is private or may change; made for Ray 2.60.

Each has its test in `tests/ray/test_ray_adapter.py`, to be run before Ray is allowed to be newer.
"""
# ruff: noqa: SLF001 - private interfaces are what this module is for

import functools
import time
import uuid
from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

import ray
from ray.data import DataContext
from ray.data._internal.execution.execution_callback import ExecutionCallback
from ray.data._internal.execution.operators.actor_pool_map_operator import ActorPoolMapOperator

from ingest.workers.on_ray.fleet import Fleet
from ingest.workers.on_ray.scaling import scaled, take_over
from ingest.workers.on_ray.state import worker_of

_OBSERVER = "ingest.observer"
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
        empty and starts it again. What was not killed by force lives until Python collects cycles,
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
        """Return how many workers are there and not just being restarted."""
        pools = self._pools()
        return sum(pool.num_running_actors() - pool.num_restarting_actors() for pool in pools)

    def ready(self) -> set[str]:
        """Return the actors that can be given something."""
        return {
            actor._actor_id.hex()
            for pool in self._pools()
            for actor, state in tuple(pool._running_actors.items())
            if not state.is_restarting
        }

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
        take_over(executor)
        observer.stepped()

    def on_execution_step(self, executor: Any) -> None:
        """Let the observer know that the execution is alive."""
        if observer := _observers.get(executor._data_context.get_config(_OBSERVER)):
            observer.stepped()


_observers: WeakValueDictionary[str, LossObserver] = WeakValueDictionary()


def observed_context(observer: LossObserver, fleet: Fleet | None = None) -> DataContext:
    """Return the context for a data set whose execution `observer` is to see.

    Ray Data's own limits are off in it: lost blocks do not end it, nor does waiting, and each row
    that is yielded is a block at once. Pools are as large as the `fleet` says. The caller keeps
    observer and fleet alive.
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
    if fleet:
        scaled(context, name, fleet)
    return context


def follow_starts() -> None:
    """Let observers know the workers of their pools, whose arguments go by value. Idempotent.

    Ray Data puts the arguments into the object store, where they can be lost before a worker is
    restarted (ray#53727). Ray's core says so on stderr for each worker, and has no switch for
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


def _fetch(refs: Any) -> list[Any] | None:
    try:
        blocks: list[Any] = ray.get(list(refs), timeout=1.0)
    except ray.exceptions.RayError:
        return None
    return blocks
