"""Workers on Ray: one live Ray Data execution on a pool of actors, fed as the driver goes along.

See `docs/decisions/0001-the-feed.md`. Importing this module does not import Ray; `start` does, in a
thread of its own, which leaves the process's signal handlers as they are. Whatever hangs in Ray,
the methods return: a lock is never held while Ray is called, and each call from here has a limit.
"""

import os
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from ingest.core.collecting import uncollected
from ingest.core.errors import FatalError, IngestError
from ingest.core.leaving import hold, release
from ingest.core.outcome import Outcome
from ingest.core.partition import Assignment
from ingest.workers.base import Chosen, Lost, Preparing, Task
from ingest.workers.bounded import within
from ingest.workers.on_ray.warm import joinable
from ingest.workers.outlook import Outlook
from ingest.workers.pool import (
    PACK,
    PACK_S,
    ROLL_AFTER,
    UNKNOWN,
    Pool,
    likely_logs,
    pack,
)
from ingest.workers.sharing import Demand

if TYPE_CHECKING:
    from ingest.workers.on_ray.execution import LiveExecution
    from ingest.workers.on_ray.fleet import Fleet

WARM = "on the Ray of `ingest cluster up`"
BARREN = 3  # executions in a row that end by themselves without one answer
KILL_S = 30.0  # how long `close` waits for Ray to end
BREAK_OFF_S = 10.0  # and for one that has not even started
FORCE_S = 15.0  # how long ending its processes by force may take
START_S = 120.0  # what a start may take on a busy machine
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
        self._demand = Demand()
        self._fleet: Fleet | None = None
        self._logs = ""
        self._lock = threading.Lock()
        self._answers: queue.SimpleQueue[Outcome | Lost | None] = queue.SimpleQueue()
        self._waiting: list[Sequence[Assignment]] = []
        self._alone: set[int] = set()
        self._out: set[int] = set()
        self._connected = False
        self._ready = False
        self._forced = False
        self._began = 0.0
        self._execution: LiveExecution | None = None
        self._closing = False
        self._error: IngestError | None = None
        self._thread: threading.Thread | None = None

    @property
    def idle(self) -> int:
        """How many workers are there and have nothing to do, to about a second."""
        execution = self._execution
        return 0 if execution is None else execution.idle

    @property
    def capacity(self) -> int:
        """How many assignments are worth having handed out at once; known for sure once Ray is."""
        return replace(self._pool, workers=self._size).capacity

    @property
    def logs(self) -> str:
        """Where Ray's logs are, once it is connected."""
        return self._logs

    @property
    def starting(self) -> str:
        """Name Ray until the first worker is there."""
        execution = self._execution
        if self._thread is None or self._ended or self._closing:
            return ""
        self._ready = self._ready or (execution is not None and execution.started > 0)
        return "" if self._ready else "Ray"

    def ahead(self, preparing: Preparing) -> None:
        """Do nothing: Ray is started once there is a plan."""

    def choose(self, outlook: Outlook) -> Chosen:
        """Say what these are."""
        pieces = max(1, outlook.pieces)
        self._demand = Demand(pieces=pieces, seconds=outlook.seconds(1) / pieces)
        address = self._pool.address
        if address != "local":
            return Chosen(f"address {address}")
        return Chosen(address, WARM if joinable(self._workers) else "")

    def start(self, task: Task) -> None:
        """Begin to start Ray and the pool; what goes wrong there is raised by `results`."""
        self._began = time.monotonic()
        hold(self._end_by_force)
        self._thread = threading.Thread(
            target=self._main, args=(task,), name="ray-data", daemon=True
        )
        self._thread.start()

    def submit(self, assignments: Sequence[Assignment]) -> None:
        """Hand out work, at any time after `start`; small neighbours share a block."""
        with self._lock:
            indexes = [each.partition.index for each in assignments]
            doubles = self._out & set(indexes)
            self._out.update(indexes)
            self._demand.out = len(self._out)
            packs = pack(assignments, self._size, self._alone | doubles, self._together)
            if self._execution is not None and self._execution.accepts:
                self._execution.put(packs, pause=bool(doubles))
            else:
                self._waiting += packs

    def results(self, timeout_s: float) -> list[Outcome | Lost]:
        """Return what has come back; wait for the first up to `timeout_s` seconds.

        Raises:
            ConfigError: the pool does not fit the cluster.
            FatalError: Ray does not start, or the pool has broken down for good.
        """
        self._check()
        answers: list[Outcome | Lost | None] = []
        try:
            answers.append(self._answers.get(timeout=0 if self._ended else timeout_s))
            while True:
                answers.append(self._answers.get_nowait())
        except queue.Empty:
            pass
        if None in answers and self._thread is not None:
            self._thread.join(KILL_S)
        found = [answer for answer in answers if answer is not None]
        if not found and self._ended and not self._closing:
            raise self._error or self._broken("the control thread of Ray has ended")
        return found

    def worked_s(self, key: tuple[int, int, int]) -> float:
        """Return for how long a try has been worked; see `workers.base.Workers.worked_s`."""
        execution = self._execution
        return 0.0 if execution is None else execution.worked_s(key)

    def stalled(self) -> str:
        """Say why nothing is being worked, and how many workers there are."""
        execution = self._execution
        if execution is None:
            return f"Ray: 0 of {self._size} workers started. Logs: {self._where}"
        with suppress(TimeoutError):
            return within(ANSWER_S, execution.stalled)
        return f"Ray: it has not answered for {ANSWER_S:.0f} s. Logs: {self._where}"

    def drain(self, grace_s: float) -> Iterator[Outcome | Lost]:
        """Begin nothing more, and yield what is being worked as it comes to its end."""
        until = time.monotonic() + grace_s
        with self._lock:
            self._closing = True
            execution = self._execution
        if execution is None:
            until = 0.0  # nothing is being worked; what is there already is yielded
        else:
            execution.stop()
        with suppress(queue.Empty):
            while answer := self._answers.get(timeout=max(0.0, until - time.monotonic())):
                yield answer

    def close(self) -> None:
        """End the workers by force and disconnect from Ray; a private one ends with it."""
        with self._lock:
            self._closing = True
            execution = self._execution
        if self._forced:
            return
        if self._fallen():
            self._end_by_force()
            return
        if execution is not None:
            with suppress(TimeoutError):
                within(KILL_S, execution.kill)
        if self._thread is not None:
            self._thread.join(KILL_S if self._logs else BREAK_OFF_S)
            if self._thread.is_alive():
                self._end_by_force()
            else:
                release(self._end_by_force)

    def _check(self) -> None:
        """Raise if Ray itself has died or does not start; it would say so after minutes."""
        if self._closing:
            return
        if part := self._fallen():
            raise self._broken(f"Ray's own process has died ({part})")
        waited_s = time.monotonic() - self._began
        if self._thread is not None and not self._ended and not self._logs and waited_s > START_S:
            raise FatalError(
                f"cluster: Ray did not start within {waited_s:.0f} s. Logs: {self._where}. "
                "Try cluster=inline, or run the same command again to resume"
            )

    def _fallen(self) -> str:
        if not self._connected:
            return ""
        from ingest.workers.on_ray.adapter import fallen_part  # noqa: PLC0415

        return fallen_part()

    def _end_by_force(self) -> None:
        """End Ray's processes; this one then leaves without its threads, see `core.leaving`."""
        from ingest.workers.on_ray.adapter import end_by_force  # noqa: PLC0415

        self._forced = True
        with suppress(TimeoutError):
            within(FORCE_S, end_by_force)

    @property
    def _size(self) -> int:
        """How many workers there are to be, as far as is known by now."""
        return self._pool.workers if self._fleet is None else self._fleet.target

    @property
    def _together(self) -> int:
        """How many small partitions may share a pack."""
        each_s = self._demand.each_s
        return UNKNOWN if each_s is None else max(1, min(PACK, int(PACK_S / max(each_s, 0.001))))

    @property
    def _ended(self) -> bool:
        return self._thread is not None and not self._thread.is_alive()

    @property
    def _where(self) -> str:
        """Where Ray's logs are, or will be."""
        return self._logs or likely_logs()

    def _broken(self, what: str) -> FatalError:
        return FatalError(
            f"workers: {what}. Logs: {self._where}. Run the same command again to resume"
        )

    def _main(self, task: Task) -> None:
        with uncollected():
            from ray import cloudpickle  # noqa: PLC0415 - ray is imported in this thread only

            from ingest.workers.on_ray.adapter import session_logs  # noqa: PLC0415
            from ingest.workers.on_ray.cluster import connection, refuse_several_nodes  # noqa: PLC0415
            from ingest.workers.on_ray.fleet import Fleet  # noqa: PLC0415

        def meanwhile() -> None:
            # takes half a second, most of it won: Ray's processes start on other cores
            with uncollected():
                import ingest.workers.on_ray.execution  # noqa: F401, PLC0415

        warm = joinable(self._workers) if self._pool.address == "local" else None
        try:
            with connection(self._pool.address, self._workers, warm, meanwhile) as connected:
                self._pool = replace(
                    self._pool, workers=connected.workers, is_foreign=connected.warm
                )
                if connected.shared and self._pool.unshared:
                    refuse_several_nodes(self._pool.unshared)
                    self._pool = replace(self._pool, is_pinned=True)
                self._logs = session_logs()
                self._connected = True
                self._demand.limit = connected.limit
                if self._pool.max_memory is not None:  # each worker has its share of it
                    self._demand.limit = connected.workers
                fleet = Fleet(
                    self._demand,
                    self._pool.weight,
                    shared=connected.shared,
                    pinned=self._pool.is_pinned,
                )
                try:
                    self._work(cloudpickle.dumps(task, protocol=5), fleet)
                finally:
                    fleet.close()
                    self._connected = False
                    self._answers.put(None)  # ends `drain`, which need not wait for Ray's end
        except IngestError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001 - Ray lets through whatever it met
            self._error = self._broken(f"Ray failed: {type(error).__name__}: {error}")
        finally:
            self._answers.put(None)  # wakes `results`

    def _work(self, task: bytes, fleet: "Fleet") -> None:
        barren = 0
        cause: Exception | None = None
        while execution := self._begin(task, fleet):
            try:
                execution.run()
            except Exception as error:  # noqa: BLE001 - Ray Data lets through whatever it met
                cause = error
            with self._lock:
                self._execution = None
                self._waiting = execution.unanswered() + self._waiting
            barren = 0 if execution.answered else barren + 1
            if barren == BARREN and not self._closing:
                reason = str(cause or "its feed died").strip().splitlines()[-1]
                raise self._broken(
                    f"the worker pool ended {BARREN} times without an answer: {reason}"
                )

    def _begin(self, task: bytes, fleet: "Fleet") -> "LiveExecution | None":
        """Build an execution, unless all is to end; outside the lock, because Ray may hang."""
        execution = None
        if not self._closing:
            from ingest.workers.on_ray.feed import open_feed  # noqa: PLC0415

            feed = open_feed(task)  # first: its process starts while Ray Data is imported
            with uncollected():
                from ingest.workers.on_ray.execution import LiveExecution  # noqa: PLC0415

            execution = LiveExecution(self._pool, fleet, feed, self._take)
            self._fleet = fleet
        with self._lock:
            if execution is not None and not self._closing:
                self._execution = execution
                packs, self._waiting = self._waiting, []
                execution.put(packs)
                return execution
        if execution is not None:
            execution.release()
        return None

    def _take(self, answer: Outcome | Lost) -> None:
        with self._lock:
            self._out.discard(answer.key[1])
            self._demand.out = len(self._out)
            if isinstance(answer, Outcome) and answer.failure is None:
                self._demand.completed(sum(answer.seconds.values()))
            if isinstance(answer, Lost):
                self._alone.add(answer.key[1])
        self._answers.put(answer)
