"""The size of a Ray Data pool is what its run's fleet says; made for Ray 2.60.

Ray Data's own autoscalers go by the blocks that wait, and the feed shows only some. Each private
interface has its test in `tests/ray/test_ray_adapter.py`.
"""
# ruff: noqa: SLF001 - private interfaces are what this module is for

import functools
from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

import ray
from ray.data import DataContext
from ray.data._internal.actor_autoscaler import ActorAutoscaler, ActorPoolScalingRequest
from ray.data._internal.cluster_autoscaler import ClusterAutoscaler
from ray.data._internal.execution import streaming_executor
from ray.data._internal.execution.interfaces.execution_options import ExecutionResources

from ingest.workers.on_ray.fleet import Fleet

_FLEET = "ingest.fleet"
_fleets: WeakValueDictionary[str, Fleet] = WeakValueDictionary()


def scaled(context: DataContext, name: str, fleet: Fleet) -> None:
    """Have executions with this context be as large as the fleet says, which the caller keeps."""
    context.set_config(_FLEET, name)
    _fleets[name] = fleet
    _own_cluster_autoscaler()


def take_over(executor: Any) -> None:
    """Size the pools of an execution that is about to start, if its context names a fleet."""
    if fleet := _fleets.get(executor._data_context.get_config(_FLEET) or ""):
        executor._actor_autoscaler = PoolScaler(executor._topology, fleet)


class Room(ClusterAutoscaler):
    """Tells Ray Data what there is, and asks for nothing: the fleet does."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def try_trigger_scaling(self) -> None:
        """Ask for nothing."""

    def on_executor_shutdown(self) -> None:
        """Nothing was asked for."""

    def get_total_resources(self) -> ExecutionResources:
        """Return what the cluster has."""
        return ExecutionResources.from_resource_dict(self._fleet.resources)


class PoolScaler(ActorAutoscaler):
    """Starts and ends workers until there are as many as the fleet says.

    A worker that is processing something is never ended: where there are too many, each is given
    no more than one pack at a time, until enough of them have none. Those on a node that is being
    drained do not count: others take their place where there is room, and they end with their work.
    """

    def __init__(self, topology: Any, fleet: Fleet) -> None:
        super().__init__(topology, None)
        self._fleet = fleet
        for pool in self._pools():
            pool.select_actors = self._sparing(pool, pool.select_actors)

    def try_trigger_scaling(self) -> None:
        """Come nearer to the size that is wanted; called in each round of the scheduling loop."""
        for pool in self._pools():
            leaving = self._leaving(pool)
            _end([actor for actor, state in leaving if not state.num_tasks_in_flight], pool)
            missing = self._fleet.target - (pool.current_size() - len(self._leaving(pool)))
            if missing > 0:
                pool.scale(ActorPoolScalingRequest.upscale(delta=missing, reason="fleet"))
            elif missing < 0:
                _shrink(pool, -missing)

    def _pools(self) -> list[Any]:
        return [pool for each in self._topology for pool in each.get_autoscaling_actor_pools()]

    def _leaving(self, pool: Any) -> list[tuple[Any, Any]]:
        """Return the workers on nodes that are being drained; Ray Data gives them nothing more."""
        if not (draining := self._fleet.draining):
            return []
        running = tuple(pool._running_actors.items())
        return [each for each in running if each[1].actor_location in draining]

    def _sparing(self, pool: Any, select: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(select)
        def select_actors(*arguments: Any, **options: Any) -> Any:
            leaving = self._leaving(pool)
            running = pool.num_running_actors() - len(leaving)
            busy = pool.num_tasks_in_flight() - sum(each.num_tasks_in_flight for _, each in leaving)
            if running > self._fleet.target <= busy:
                return None
            return select(*arguments, **options)

        return select_actors


def _shrink(pool: Any, number: int) -> None:
    """End workers that do nothing: those that have no place yet first, then those without node."""
    while number and pool._try_remove_pending_actor():
        number -= 1
    idle = [item for item in pool._running_actors.items() if not item[1].num_tasks_in_flight]
    idle.sort(key=lambda item: not item[1].is_restarting)
    _end([actor for actor, _ in idle[:number]], pool)


def _end(actors: list[Any], pool: Any) -> None:
    for actor in actors:
        pool._release_running_actor(actor)
        ray.kill(actor)  # its handle lies in a cycle, and would keep its CPU for a while


def _own_cluster_autoscaler() -> None:
    """Give executions of a fleet none of Ray Data's autoscalers, which start a process."""
    create = streaming_executor.create_cluster_autoscaler
    if hasattr(create, "__wrapped__"):
        return

    @functools.wraps(create)
    def create_cluster_autoscaler(
        topology: Any, resource_manager: Any, data_context: Any, **options: Any
    ) -> ClusterAutoscaler:
        if fleet := _fleets.get(data_context.get_config(_FLEET) or ""):
            return Room(fleet)
        made: ClusterAutoscaler = create(topology, resource_manager, data_context, **options)
        return made

    streaming_executor.create_cluster_autoscaler = create_cluster_autoscaler
