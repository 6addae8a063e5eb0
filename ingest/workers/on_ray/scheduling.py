"""Ray Data's scheduling loop, made quick for few and small blocks; made for Ray 2.60.

Each private interface has its test in `tests/ray/test_ray_adapter.py`.
"""
# ruff: noqa: SLF001 - private interfaces are what this module is for

import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ray
from ray.data._internal import stats
from ray.data._internal.execution import metadata_fetcher, streaming_executor_state

from ingest.workers.on_ray.replacing import replacing

REST = 4  # times as long as steps take, so that they take no more than a fifth of a core
MOST_S = 0.1  # what Ray Data would have waited
SPREAD = 16  # over so many steps; the first of a kind are slow, and no pack is to wait for all that


@contextmanager
def quick(*, private: bool) -> Iterator[None]:
    """Have the executions within continue as soon as one of their tasks has something new.

    On a `private` Ray, which shows nobody any statistics, Ray Data starts no process for them, and
    what it has to know of a block is fetched at once, and not by another thread for the next step.
    """
    replaced: list[tuple[Any, str, Any]] = [(streaming_executor_state, "ray", _PromptRay())]
    if private:
        replaced += [
            (metadata_fetcher, "_PREFETCH_ON_THREAD", False),
            (stats._StatsManager, "gen_dataset_id_from_stats_actor", lambda: uuid.uuid4().hex),
            (stats._StatsManager, "register_dataset_to_stats_actor", _tell_nobody),
            (stats._StatsManager, "update_execution_metrics", _tell_nobody),
            (stats._StatsManager, "update_iteration_metrics", _tell_nobody),
        ]
    with replacing(*replaced):
        yield


class _PromptRay:
    """Ray as the scheduling loop sees it: it waits for the first of its tasks only.

    Ray Data waits until all have something new, or for a tenth of a second. The feed's read task
    has so seldom that each answer waited for that long, and each pack at the start, twice.
    """

    def __init__(self) -> None:
        self._woken_at = time.monotonic()
        self._usual_s = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(ray, name)

    def wait(
        self, tasks: Sequence[Any], *, timeout: float, **options: Any
    ) -> tuple[list[Any], list[Any]]:
        """Return the tasks that have something new, and the others."""
        step_s = time.monotonic() - self._woken_at
        self._usual_s += (step_s - self._usual_s) / SPREAD
        time.sleep(min(self._usual_s * REST, MOST_S))
        found, rest = ray.wait(tasks, timeout=timeout, **{**options, "num_returns": 1})
        if found and rest:
            found, rest = ray.wait(tasks, timeout=0, **options)
        self._woken_at = time.monotonic()
        return found, rest


def _tell_nobody(*_: object, **__: object) -> None:
    pass
