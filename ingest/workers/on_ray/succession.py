"""One live execution after another: when one ends, the next is given what has no answer."""

from typing import TYPE_CHECKING

from ray import cloudpickle

from ingest.core.collecting import uncollected
from ingest.workers.base import Task
from ingest.workers.on_ray.feed import open_feed
from ingest.workers.on_ray.fleet import Fleet
from ingest.workers.on_ray.handout import Handout
from ingest.workers.on_ray.logs import broken
from ingest.workers.pool import Pool

if TYPE_CHECKING:
    from ingest.workers.on_ray.execution import LiveExecution

BARREN = 3  # executions in a row that end by themselves without one answer


class Succession:
    """The executions of one run: each has the whole pool, and a feed of its own."""

    def __init__(self, task: Task, pool: Pool, fleet: Fleet, handout: Handout) -> None:
        self._task = cloudpickle.dumps(task, protocol=5)
        self._pool = pool
        self._fleet = fleet
        self._handout = handout

    def run(self, logs: str) -> None:
        """Work off what is handed out, until that is closed.

        Raises:
            FatalError: several executions in a row have ended by themselves without one answer; it
                names the `logs`.
        """
        barren = 0
        cause: Exception | None = None
        while execution := self._begin():
            try:
                execution.run()
            except Exception as error:  # noqa: BLE001 - Ray Data lets through whatever it met
                cause = error
            self._handout.end(execution)
            barren = 0 if execution.answered else barren + 1
            if barren == BARREN and not self._handout.closed:
                reason = str(cause or "its feed died").strip().splitlines()[-1]
                raise broken(
                    f"the worker pool ended {BARREN} times without an answer: {reason}", logs
                )

    def _begin(self) -> "LiveExecution | None":
        """Build an execution, unless all is to end; outside the lock, because Ray may hang."""
        if self._handout.closed:
            return None
        feed = open_feed(self._task)  # first: its process starts while Ray Data is imported
        with uncollected():
            from ingest.workers.on_ray.execution import LiveExecution  # noqa: PLC0415

        execution = LiveExecution(self._pool, self._fleet, feed, self._handout.take)
        self._handout.fleet = self._fleet
        if self._handout.begin(execution):
            return execution
        execution.release()
        return None
