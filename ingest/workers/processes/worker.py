"""What runs in each worker process of a pool without Ray; `forkserver` forks and imports it."""

import faulthandler
import os
import pickle
import socket
import sys
import threading
import traceback
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

import pyarrow as pa

from ingest.core.dataclass import dataclass
from ingest.core.outcome import Cause
from ingest.core.partition import Assignment
from ingest.work.memory import guard, readable
from ingest.workers.base import Preparing
from ingest.workers.processes.channel import Channel

if TYPE_CHECKING:
    from ingest.workers.base import Task

LAST_WORDS_S = 1.0


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a worker can do before it has its orders: a `workers.base.Preparing`, pickled."""

    preparing: bytes


@dataclass(frozen=True, slots=True)
class Orders:
    """What a worker is to do: the task for partitions, pickled; its share of memory.

    `limit` says what the share is a part of. Who only puts files together `prepares` nothing.
    """

    task: bytes
    share: int
    limit: str
    prepares: bool = True


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker is there: it has its orders and takes packs, or has begun what it does ahead."""

    pid: int


@dataclass(frozen=True, slots=True)
class Ends:
    """A worker is about to end itself, and says why."""

    cause: Cause
    reason: str


@dataclass(frozen=True, slots=True)
class Halt:
    """Begin nothing more of your pack. The worker answers with the same when it has ended."""


def work(end: socket.socket) -> None:
    """Work what comes by a socket until it is closed, and answer with the outcomes."""
    faulthandler.enable()
    pa.set_cpu_count(1)
    # whatever they were in the process that this one was forked from
    sys.stdout = sys.stderr = os.fdopen(2, "w", buffering=1, errors="replace", closefd=False)
    _Worker(Channel(end, waits=True)).run()


def _prepare(ahead: Ahead) -> None:
    """Do what can be done ahead. What goes wrong in it is met again with the orders."""
    with suppress(Exception, SystemExit):
        pickle.loads(ahead.preparing).prepare()  # noqa: S301 - our own driver made it


class _Worker:
    """Whatever happens, a partition is answered with its outcome, or the process ends."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._inbox: deque[Any] = deque()
        self._sending = threading.Lock()
        self._task: Task | None = None

    def run(self) -> None:
        """Do what the messages say, in their order, until there are no more."""
        while self._inbox or not self._channel.ended:
            if not self._inbox:
                self._inbox.extend(self._channel.receive())
                continue
            message = self._inbox.popleft()
            if isinstance(message, Ahead):
                self._send(Ready(os.getpid()))  # what follows may take long
                _prepare(message)
            elif isinstance(message, Orders):
                self._task = pickle.loads(message.task)  # noqa: S301 - our own driver made it
                self._guard(message)
                self._send(Ready(os.getpid()))
                if message.prepares and isinstance(self._task, Preparing):
                    self._task.prepare()
            elif isinstance(message, Halt):
                self._send(message)
            else:
                self._work(message)

    def _work(self, pack: Sequence[Assignment]) -> None:
        """Work a pack one after the other; each outcome is sent as soon as it is there."""
        assert self._task is not None, "orders come first"
        for assignment in pack:
            if self._is_to_halt():
                return
            try:
                self._send(self._task(assignment))
            except BaseException as error:  # noqa: BLE001 - the border of the process
                traceback.print_exc()
                cause: Cause = "out_of_memory" if isinstance(error, MemoryError) else "lost_worker"
                words = f"the worker ended with {type(error).__name__}: {error}".rstrip(": ")
                self._end(cause, words)

    def _is_to_halt(self) -> bool:
        if self._channel.has_news():
            self._inbox.extend(self._channel.receive())
        return self._channel.ended or Halt() in self._inbox

    def _guard(self, orders: Orders) -> None:
        words = f"used more than its share of {readable(orders.share)} of {orders.limit}"
        guard(orders.share, lambda used: self._end("out_of_memory", f"{words}: {readable(used)}"))

    def _send(self, message: object) -> None:
        with self._sending:
            self._channel.send(message)

    def _end(self, cause: Cause, reason: str) -> NoReturn:
        """Tell the driver why, unless an outcome is just being sent, and end the process."""
        try:
            if self._sending.acquire(timeout=LAST_WORDS_S):
                self._channel.send(Ends(cause, reason))
        finally:
            os._exit(1)
