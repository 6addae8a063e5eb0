"""The driver's side of the process that its workers are forked from, see `forkserver`."""

import os
import signal
import socket
import tempfile
from contextlib import suppress
from typing import IO

from ingest.core.forking import is_alone
from ingest.workers.processes import forkserver
from ingest.workers.processes.forking import forked, spawned
from ingest.workers.processes.forkserver import DIED, FORK, KILL, MESSAGE

END_S = 5.0
WORDS_BYTES = 8192


class Forkserver:
    """A running fork server; `died` says whose worker has died since one last asked, and how.

    If this process is one that can be forked itself, because it has no threads that do anything,
    the server is a fork of it: there in 10 ms, with all that is imported here. Else it is started
    anew, and takes half a second of a core to import that.
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
        self._ready = self._ended = False

    def fileno(self) -> int:
        """Return the descriptor that can be read when a worker, or the server, has died."""
        return self._control.fileno()

    def fork(self, number: int, channel: socket.socket, stderr: int) -> None:
        """Fork a worker, called by a number from now on; both descriptors are closed here."""
        with suppress(OSError):  # it is dead, which `died` tells
            socket.send_fds(
                self._control, [MESSAGE.pack(FORK, number, 0)], [channel.fileno(), stderr]
            )
        channel.close()
        os.close(stderr)

    def kill(self, number: int) -> None:
        """Kill a worker, if it has not died already, with all that it has started."""
        with suppress(OSError):
            self._control.send(MESSAGE.pack(KILL, number, 0))

    def died(self) -> list[tuple[int, int]]:
        """Return which workers have died, by number, and their status as `wait` returns it.

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
            if what == DIED:
                self._dead.append((number, status))
            self._ready = True
