"""Workers on Ray: one live Ray Data execution on a pool of actors, fed as the driver goes along.

See `docs/decisions/0001-the-feed.md`. Importing this module does not import Ray; `start` does, in a
thread of its own (`control.py`). Whatever hangs in Ray, the methods return: a lock is never held
while Ray is called, and each call from here has a limit.
"""

import os
import queue
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ingest.core.collecting import uncollected
from ingest.core.outcome import Outcome
from ingest.core.partition import Assignment
from ingest.workers.base import Chosen, Lost, Preparing, Task
from ingest.workers.bounded import within
from ingest.workers.on_ray.control import Control
from ingest.workers.on_ray.handout import Handout
from ingest.workers.on_ray.warm import joinable
from ingest.workers.outlook import Outlook
from ingest.workers.pool import ROLL_AFTER, Pool
from ingest.workers.sharing import Demand

if TYPE_CHECKING:
    from ingest.workers.on_ray.cluster import Connected

WARM = "on the Ray of `ingest cluster up`"
ANSWER_S = 10.0  # what asking Ray for its state may take


class RayDataWorkers:
    """The pool behind `workers.base.Workers`, with Ray Data below it.

    A partition that was in a pack of several when its worker died comes back as lost without a
    culprit, and from then on gets a pack of its own: if it dies again, it is the culprit for sure.
    """

    def __init__(
        self,
        address: str = "local",
        workers: int | None = None,
        partition_timeout_s: float | None = None,
        max_memory: int | None = None,
        *,
        in_flight: int = 2,
        roll_after: int = ROLL_AFTER,
        weight: float = 1.0,
        unshared: tuple[str, ...] = (),
    ) -> None:
        """Describe the pool, see `workers.pool.Pool`; without `workers`, one for each core."""
        self._workers = workers
        self._pool = Pool(
            workers=workers or os.cpu_count() or 1,
            address=address,
            in_flight=in_flight,
            partition_timeout_s=partition_timeout_s,
            max_memory=max_memory,
            roll_after=roll_after,
            weight=weight,
            unshared=unshared,
        )
        self._answers: queue.SimpleQueue[Outcome | Lost | None] = queue.SimpleQueue()
        self._handout = Handout(self._answers.put)
        self._control = Control(address, workers, over=partial(self._answers.put, None))
        self._ready = False

    @property
    def idle(self) -> int:
        """How many workers are there and have nothing to do, to about a second."""
        execution = self._handout.execution
        return 0 if execution is None else execution.idle

    @property
    def capacity(self) -> int:
        """How many assignments are worth having handed out at once; known for sure once Ray is."""
        return replace(self._pool, workers=self._size).capacity

    @property
    def logs(self) -> str:
        """Where Ray's logs are, once it is connected."""
        return self._control.logs

    @property
    def starting(self) -> str:
        """Name Ray until the first worker is there."""
        execution = self._handout.execution
        if not self._control.is_running or self._handout.closed:
            return ""
        self._ready = self._ready or (execution is not None and execution.started > 0)
        return "" if self._ready else "Ray"

    def ahead(self, preparing: Preparing) -> None:
        """Do nothing: Ray is started once there is a plan."""

    def choose(self, outlook: Outlook) -> Chosen:
        """Say what these are."""
        pieces = max(1, outlook.pieces)
        self._handout.demand = Demand(pieces=pieces, seconds=outlook.seconds(1) / pieces)
        address = self._pool.address
        if address != "local":
            return Chosen(f"address {address}")
        return Chosen(address, WARM if joinable(self._workers) else "")

    def start(self, task: Task) -> None:
        """Begin to start Ray and the pool; what goes wrong there is raised by `results`."""
        self._control.start(partial(self._drive, task))

    def submit(self, assignments: Sequence[Assignment]) -> None:
        """Hand out work, at any time after `start`; small neighbours share a block."""
        self._handout.put(assignments, self._size)

    def results(self, timeout_s: float) -> list[Outcome | Lost]:
        """Return what has come back; wait for the first up to `timeout_s` seconds.

        Raises:
            ConfigError: the pool does not fit the cluster.
            FatalError: Ray does not start, or the pool has broken down for good.
        """
        if not self._handout.closed:
            self._control.check()
        answers: list[Outcome | Lost | None] = []
        with suppress(queue.Empty):
            answers.append(self._answers.get(timeout=0 if self._control.has_ended else timeout_s))
            while True:
                answers.append(self._answers.get_nowait())
        if None in answers:
            self._control.join()
        outcomes = [answer for answer in answers if answer is not None]
        if not outcomes and self._control.has_ended and not self._handout.closed:
            raise self._control.error
        return outcomes

    def worked_s(self, key: tuple[int, int, int]) -> float:
        """Return for how long a try has been worked; see `workers.base.Workers.worked_s`."""
        execution = self._handout.execution
        return 0.0 if execution is None else execution.worked_s(key)

    def stalled(self) -> str:
        """Say why nothing is being worked, and how many workers there are."""
        execution, logs = self._handout.execution, self._control.likely_logs
        if execution is None:
            return f"Ray: 0 of {self._size} workers started. Logs: {logs}"
        with suppress(TimeoutError):
            return within(ANSWER_S, execution.stalled)
        return f"Ray: it has not answered for {ANSWER_S:.0f} s. Logs: {logs}"

    def drain(self, grace_s: float) -> Iterator[Outcome | Lost]:
        """Begin nothing more, and yield what is being worked as it comes to its end."""
        until = time.monotonic() + grace_s
        execution = self._handout.close()
        if execution is None:
            until = 0.0  # nothing is being worked; what is there already is yielded
        else:
            execution.stop()
        with suppress(queue.Empty):
            while answer := self._answers.get(timeout=max(0.0, until - time.monotonic())):
                yield answer

    def close(self) -> None:
        """End the workers by force and disconnect from Ray; a private one ends with it."""
        execution = self._handout.close()
        self._control.close(None if execution is None else execution.kill)

    @property
    def _size(self) -> int:
        """How many workers there are to be, as far as is known by now."""
        fleet = self._handout.fleet
        return self._pool.workers if fleet is None else fleet.target

    def _drive(self, task: Task, connected: "Connected") -> None:
        """Work off what is handed out on the Ray that this process is connected to."""
        with uncollected():
            from ingest.workers.on_ray.cluster import refuse_several_nodes  # noqa: PLC0415
            from ingest.workers.on_ray.fleet import Fleet  # noqa: PLC0415
            from ingest.workers.on_ray.succession import Succession  # noqa: PLC0415

        pool = replace(self._pool, workers=connected.workers, is_foreign=connected.warm)
        if connected.shared and pool.unshared:
            refuse_several_nodes(pool.unshared)
            pool = replace(pool, is_pinned=True)
        self._pool = pool
        demand = self._handout.demand
        demand.limit = connected.limit
        if pool.max_memory is not None:  # each worker has its share of it
            demand.limit = connected.workers
        fleet = Fleet(demand, pool.weight, shared=connected.shared, pinned=pool.is_pinned)
        try:
            Succession(task, pool, fleet, self._handout).run(self._control.logs)
        finally:
            fleet.close()
