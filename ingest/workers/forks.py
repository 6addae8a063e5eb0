"""The driver's side of the process that its workers are forked from, see `forkserver`."""

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, NoReturn

from ingest.workers import forkserver
from ingest.workers.forkserver import DIED, FORK, KILL, MESSAGE, THREADS

END_S = 5.0
POLL_S = 0.005
WORDS_BYTES = 8192
IDLE_THREADS = {"jemalloc_bg_thd", "polars-ooc-clea"}
"""What Polars starts when it is imported. They hold nothing that a child would wait for."""

Wait = Callable[[float], bool]


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
            start = _forked if is_alone() else _started
            self.pid, self._wait = start(theirs, self._words.fileno())
        self._control.setblocking(False)
        self._unread = b""
        self._ended = False

    def fileno(self) -> int:
        """Return the descriptor that can be read when a worker, or the server, has died."""
        return self._control.fileno()

    def fork(self, number: int, channel: socket.socket, stderr: int) -> None:
        """Fork a worker that is called by a number from now on; both descriptors are closed here."""
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
            ConnectionError: the server itself has died, and with it all workers; and its last words.
        """
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
        dead = [(number, status) for _, number, status in MESSAGE.iter_unpack(whole)]
        if self._ended and not dead:
            self._wait(END_S)
            self._words.seek(max(0, self._words.seek(0, os.SEEK_END) - WORDS_BYTES))
            raise ConnectionError(self._words.read().decode(errors="replace").strip())
        return dead

    def close(self) -> None:
        """End it, and with it all workers, by force; returns when they are gone."""
        self._control.close()
        if not self._wait(END_S):
            with suppress(ProcessLookupError):
                os.kill(self.pid, 9)  # the kernel ends the workers
            self._wait(END_S)
        self._words.close()


def is_alone() -> bool:
    """Whether this process may be forked: none of its threads does anything but the one that asks."""
    if sys.platform != "linux" or threading.active_count() > 1:
        return False
    main = str(os.getpid())
    others = [task for task in os.listdir("/proc/self/task") if task != main]
    return all(_name(task) in IDLE_THREADS for task in others)


def _name(task: str) -> str:
    with suppress(OSError):
        return Path(f"/proc/self/task/{task}/comm").read_text(encoding="ascii").strip()
    return ""


def _forked(theirs: socket.socket, words: int) -> tuple[int, Wait]:
    sys.stdout.flush()  # else both would write what is in there
    sys.stderr.flush()
    if pid := forkserver.fork():
        return pid, lambda timeout_s: _is_gone(pid, timeout_s)
    _serve(theirs, words)


def _serve(theirs: socket.socket, words: int) -> NoReturn:
    """Be the server, and have nothing open that is the driver's."""
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard, to in enumerate((nothing, nothing, words)):
            os.dup2(to, standard)
        control = theirs.fileno()
        os.closerange(3, control)
        os.closerange(control + 1, os.sysconf("SC_OPEN_MAX"))
    finally:
        forkserver.serve(theirs)


def _is_gone(pid: int, timeout_s: float) -> bool:
    until = time.monotonic() + timeout_s
    while True:
        with suppress(ChildProcessError):
            if os.waitpid(pid, os.WNOHANG)[0] == 0:
                if time.monotonic() > until:
                    return False
                time.sleep(POLL_S)
                continue
        return True


def _started(theirs: socket.socket, words: int) -> tuple[int, Wait]:
    server = subprocess.Popen(  # noqa: S603 - this very interpreter
        [sys.executable, "-m", forkserver.__name__, str(theirs.fileno())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=words,
        pass_fds=[theirs.fileno()],
        start_new_session=True,
        env={
            **os.environ,
            **dict.fromkeys(THREADS, "1"),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        },
    )

    def wait(timeout_s: float) -> bool:
        try:
            server.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    return server.pid, wait
