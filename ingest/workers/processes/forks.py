"""The driver's side of the process that its workers are forked from, see `forkserver`."""

import os
import pickle
import signal
import socket
import tempfile
from collections import deque
from contextlib import suppress
from typing import IO, NamedTuple

from ingest.core.forking import is_alone
from ingest.workers.base import Preparing
from ingest.workers.processes import forkserver
from ingest.workers.processes.channel import Channel
from ingest.workers.processes.forking import forked, spawned
from ingest.workers.processes.forkserver import DIED, FORK, KILL, MESSAGE
from ingest.workers.processes.worker import Ahead

END_S = 5.0
WORDS_BYTES = 8192
MOST_AHEAD = 4  # forking them takes 5 ms each, one after the other


class Forked(NamedTuple):
    """A worker, called by a number: the driver's end of its channel, and what it writes."""

    number: int
    channel: Channel
    stderr: int


class Forkserver:
    """A running fork server; `died` says whose worker has died since one last asked, and how.

    If this process is one that can be forked itself, because it has no threads that do anything,
    the server is a fork of it: there in 10 ms, with all that is imported here. Else it is a new
    process, and takes half a second of a core to import that.
    """

    def __init__(self) -> None:
        self._words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._control, theirs = socket.socketpair()
        with theirs:
            if is_alone():
                self.pid, self._wait = forked(forkserver.serve, theirs, self._words.fileno())
            else:
                self.pid, self._wait = spawned(forkserver.__name__, theirs, self._words.fileno())
        self._control.setblocking(False)
        self._unread = b""
        self._dead: list[tuple[int, int]] = []
        self._forked = 0
        self._ahead: deque[Forked] = deque()
        self._ready = self._ended = False

    def fileno(self) -> int:
        """Return the descriptor that can be read when a worker, or the server, has died."""
        return self._control.fileno()

    def ahead(self, preparing: Preparing, workers: int) -> None:
        """Fork up to so many workers that do this first; `fork` returns them before others."""
        for _ in range(min(workers, MOST_AHEAD)):
            worker = self._fork()
            worker.channel.send(Ahead(pickle.dumps(preparing, protocol=5)))
            self._ahead.append(worker)

    def fork(self) -> Forked:
        """Fork a worker, or return one that was forked ahead."""
        self._read()  # some of those may have died
        return self._ahead.popleft() if self._ahead else self._fork()

    def _fork(self) -> Forked:
        self._forked += 1
        channel, theirs = Channel.pair()
        stderr, written = os.pipe()
        os.set_blocking(stderr, False)
        with suppress(OSError):  # it is dead, which `died` tells
            message = MESSAGE.pack(FORK, self._forked, 0)
            socket.send_fds(self._control, [message], [theirs.fileno(), written])
        theirs.close()
        os.close(written)
        return Forked(self._forked, channel, stderr)

    def kill(self, number: int) -> None:
        """Kill a worker, if it has not died already, with all that it has started."""
        with suppress(OSError):
            self._control.send(MESSAGE.pack(KILL, number, 0))

    def died(self) -> list[tuple[int, int]]:
        """Return which workers have died, by number, and their status as `wait` returns it.

        Not those that were forked ahead and not asked for since.

        Raises:
            ConnectionError: the server itself has died, and all workers with it; its last words.
        """
        self._read()
        dead, self._dead = self._dead, []
        if self._ended and not dead:
            self._wait(END_S)
            self._words.seek(max(0, self._words.seek(0, os.SEEK_END) - WORDS_BYTES))
            raise ConnectionError(self._words.read().decode(errors="replace").strip())
        return dead

    def close(self) -> None:
        """End it, and with it all workers, by force; returns when they are gone. Idempotent."""
        self._read()
        for each in self._ahead:
            _drop(each)
        self._ahead.clear()
        self._control.close()
        # who is still importing does not listen, and has no workers
        if not (self._ready and self._wait(END_S)):
            if not self._wait(0):
                os.kill(self.pid, signal.SIGKILL)  # the kernel ends the workers
            self._wait(END_S)
        self._words.close()

    def _read(self) -> None:
        """Take what the server has said by now."""
        try:
            while data := self._control.recv(4096):
                self._unread += data
            self._ended = True
        except BlockingIOError:
            pass
        except OSError:
            self._ended = True
        size = len(self._unread) // MESSAGE.size * MESSAGE.size
        whole, self._unread = self._unread[:size], self._unread[size:]
        for what, number, status in MESSAGE.iter_unpack(whole):
            if what == DIED and not self._forget(number):
                self._dead.append((number, status))
            self._ready = True

    def _forget(self, number: int) -> bool:
        """Forget a worker if it was forked ahead and nobody has it yet; return whether it was."""
        for each in self._ahead:
            if each.number == number:
                self._ahead.remove(each)
                _drop(each)
                return True
        return False


def _drop(worker: Forked) -> None:
    worker.channel.close()
    os.close(worker.stderr)
