"""Workers without Ray: processes on this machine, forked while the run is planned and recorded.

A thread of the driver's process hands work out and takes answers back, however busy the driver is.
See `docs/decisions/0011-worker-processes.md`.
"""

import os
import pickle
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

from ingest.core.errors import ConfigError, FatalError, IngestError
from ingest.core.outcome import Outcome
from ingest.core.partition import Assignment
from ingest.work.machine import LEFT_PART, free_bytes
from ingest.work.memory import readable, share_of
from ingest.workers.base import Chosen, Lost, Preparing, Task
from ingest.workers.outlook import Outlook
from ingest.workers.pool import Pool
from ingest.workers.processes.crew import Crew
from ingest.workers.processes.forks import Forkserver
from ingest.workers.processes.worker import Orders

KILL_S = 15.0  # how long `close` waits for processes to end
SMALL_BYTES = 1024 * 1024  # what is smaller is one partition


class ProcessWorkers:
    """The pool behind `workers.base.Workers`: processes on this machine.

    A worker's death costs the partition that it was working, and no other.
    """

    logs = starting = ""

    def __init__(
        self,
        workers: int | None = None,
        partition_timeout_s: float | None = None,
        max_memory: int | None = None,
        *,
        server: Forkserver | None = None,
    ) -> None:
        """Describe the pool, see `workers.pool.Pool`; without `workers`, one for each core.

        A fork `server` that is running is taken over, and ended with the pool.
        """
        self._pool = Pool(
            workers=workers or os.cpu_count() or 1,
            partition_timeout_s=partition_timeout_s,
            max_memory=max_memory,
        )
        self._server = server
        self._answers: queue.SimpleQueue[Outcome | Lost | None] = queue.SimpleQueue()
        self._crew: Crew | None = None
        self._ahead = 0
        self._closing = False
        self._error: IngestError | None = None
        self._thread: threading.Thread | None = None

    @property
    def idle(self) -> int:
        """How many have nothing to do, or could be there at once."""
        return self._crew.idle if self._crew else 0

    @property
    def capacity(self) -> int:
        """How many assignments are worth having handed out at once."""
        return self._pool.capacity

    def warm(self) -> None:
        """Start what workers are forked from, before it is known what they are to do."""
        self._server = self._server or Forkserver()

    def ahead(self, preparing: Preparing) -> None:
        """Have it done by workers that are forked for it, if the server is there already."""
        if self._server:
            self._server.ahead(preparing, self._pool.workers)

    def choose(self, outlook: Outlook) -> Chosen:
        """Say what these are. There will be partitions for as many as are then forked ahead."""
        most = 1 + outlook.bytes // SMALL_BYTES
        self._ahead = min(self._pool.workers, outlook.pieces, most)
        return Chosen("processes")

    def start(self, task: Task) -> None:
        """Have workers forked; what goes wrong is raised by `results`."""
        self.warm()
        assert self._server is not None, "it is warm"
        try:
            orders = self._orders(task)
        except ConfigError as error:
            self._error = error
            return
        self._crew = Crew(self._pool, orders, self._server, self._answers.put, self._ahead)
        self._thread = threading.Thread(
            target=self._main, args=(self._crew,), name="crew", daemon=True
        )
        self._thread.start()

    def submit(self, assignments: Sequence[Assignment]) -> None:
        """Hand out work, at any time after `start`; small neighbours are handed out together."""
        if self._crew:
            self._crew.put(assignments)

    def results(self, timeout_s: float) -> list[Outcome | Lost]:
        """Return what has come back; wait for the first up to `timeout_s` seconds.

        Raises:
            ConfigError: the memory is too little for so many workers.
            FatalError: workers cannot be started.
        """
        answers: list[Outcome | Lost | None] = []
        with suppress(queue.Empty):
            answers.append(self._answers.get(timeout=0 if self._ended else timeout_s))
            while True:
                answers.append(self._answers.get_nowait())
        if None in answers and self._thread is not None:
            self._thread.join()
        outcomes = [answer for answer in answers if answer is not None]
        if not outcomes and self._ended and not self._closing:
            raise self._error or FatalError(
                "workers: their control thread failed because of a bug in ingest, see above. "
                "Run the same command again to resume"
            )
        return outcomes

    def worked_s(self, key: tuple[int, int, int]) -> float:
        """Return for how long a try has been worked; see `workers.base.Workers.worked_s`."""
        return self._crew.worked_s(key) if self._crew else 0.0

    def stalled(self) -> str:
        """Say why nothing is being worked; see `workers.base.Workers.stalled`."""
        return self._crew.stalled() if self._crew else ""

    def drain(self, grace_s: float) -> Iterator[Outcome | Lost]:
        """Begin nothing more, and yield what is being worked as it comes to its end."""
        until = time.monotonic() + grace_s
        self._closing = True
        if self._crew:
            self._crew.stop()
        with suppress(queue.Empty):
            while not self._ended or not self._answers.empty():
                left_s = max(0.0, until - time.monotonic())
                if (answer := self._answers.get(timeout=left_s)) is None:
                    break
                yield answer

    def close(self) -> None:
        """End all processes by force."""
        self._closing = True
        if self._crew and self._thread:
            self._crew.kill()
            self._thread.join(KILL_S)
        elif self._server:
            self._server.close()

    @property
    def _ended(self) -> bool:
        return self._thread is None or not self._thread.is_alive()

    def _orders(self, task: Task) -> Orders:
        """Return what workers are told first.

        Raises:
            ConfigError: the memory is too little for so many workers.
        """
        workers, most = self._pool.workers, self._pool.max_memory
        if most is None:
            share = int(free_bytes() * LEFT_PART) // workers
            limit = "the machine's free memory (execution.max_memory)"
        else:
            share, limit = share_of(most, workers), f"execution.max_memory={readable(most)}"
        return Orders(pickle.dumps(task, protocol=5), share, limit)

    def _main(self, crew: Crew) -> None:
        try:
            crew.run()
        except IngestError as error:
            self._error = error
        finally:
            self._answers.put(None)  # wakes `results`, ends `drain`
