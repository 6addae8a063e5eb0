"""What worker processes are forked from: `python -m ingest.workers.processes.forkserver FD`.

It has imported what they need and runs no threads of its own, so that a worker is there within
milliseconds, shares its memory with the others, and a dead one is replaced at once. It forks, kills
and waits for them as the driver says by way of a socket. When that is closed, or the driver is
dead, it kills what is left, and ends too.
"""

import gc
import os
import selectors
import signal
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from ingest.core.forking import fork
from ingest.work.parent import die_with_parent
from ingest.workers.processes.forking import THREADS

FORK, KILL, READY, DIED = b"f", b"k", b"r", b"d"
MESSAGE = struct.Struct("!cIi")
"""What is said: a letter, a worker's number, and of a dead one how it ended, as `wait` returns it.

With `FORK` come two descriptors: the worker's end of its channel, and where its stderr goes.
"""

Work = Callable[[socket.socket], None]


def main(descriptor: int) -> NoReturn:
    """Serve the driver at the other end of an inherited socket."""
    serve(socket.socket(fileno=descriptor))


def serve(control: socket.socket) -> NoReturn:
    """Import what workers need, then fork them as told until the driver is gone."""
    try:
        gc.disable()
        os.environ.update(dict.fromkeys(THREADS, "1"))
        work = _import()
        _be_single()
        deaf()
        gc.freeze()  # what the collector does not look through stays shared with the workers
        gc.enable()
        control.sendall(MESSAGE.pack(READY, 0, 0))
        _Nursery(control, work).run()
    except BaseException:  # noqa: BLE001 - the border of the process; the driver reads this
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def _be_single() -> None:
    """Have Polars read how many threads it may have, which it did when the driver imported it."""
    import polars as pl  # noqa: PLC0415 - after the variables are set

    pl.Config.load("{}")


def deaf() -> None:
    """Let the signals pass that ask the driver to stop: it sees to it that work comes to its end.

    They may be sent to all processes of a service. A handler that does nothing, because signals
    that are ignored would be so in what a step starts, too.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)


class _Nursery:
    def __init__(self, control: socket.socket, work: Work) -> None:
        self._control = control
        self._work = work
        self._pid = os.getpid()
        self._pids: dict[int, int] = {}
        self._woken, wake = socket.socketpair()
        self._woken.setblocking(False)
        wake.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # else none of them wakes the selector
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        self._wake = wake

    def run(self) -> None:
        """Do as the driver says, until it is gone; then leave nothing behind."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            try:
                while self._obey(selector):
                    self._bury()
            finally:
                for pid in self._pids.values():
                    _kill(pid)
                for pid in self._pids.values():
                    os.waitpid(pid, 0)

    def _obey(self, selector: selectors.BaseSelector) -> bool:
        """Wait for the driver's next word or a death; return whether the driver is there."""
        ready = {key.fileobj for key, _ in selector.select()}
        if self._woken in ready:
            with suppress(BlockingIOError):
                self._woken.recv(4096)
        if self._control not in ready:
            return True
        try:
            said, descriptors, _, _ = socket.recv_fds(self._control, MESSAGE.size, 2)
        except OSError:
            return False
        if not said:
            return False
        what, number, _ = MESSAGE.unpack(said)
        if what == FORK:
            self._fork(number, *descriptors)
        elif number in self._pids:
            _kill(self._pids[number])
        return True

    def _fork(self, number: int, channel: int, stderr: int) -> None:
        try:
            pid = fork()
        except OSError as error:  # too many processes, say: as if it had died of that
            os.write(stderr, f"it could not be started: {error}\n".encode())
            self._tell(number, 1 << 8)
        else:
            if pid == 0:
                self._live(channel, stderr)
            self._pids[number] = pid
        os.close(channel)
        os.close(stderr)

    def _live(self, channel: int, stderr: int) -> NoReturn:
        """Be the worker that was just forked."""
        try:
            signal.set_wakeup_fd(-1)
            os.setsid()  # what a step starts is of its group, and is killed with it
            for end in (self._control, self._woken, self._wake):
                end.close()
            for standard in (1, 2):
                os.dup2(stderr, standard)
            os.close(stderr)
            die_with_parent(self._pid)
            self._work(socket.socket(fileno=channel))
        except BaseException:  # noqa: BLE001 - the border of the process
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)

    def _bury(self) -> None:
        for number, pid in list(self._pids.items()):
            # it keeps its id, and that of its group, until the second look
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                _kill(pid)
                del self._pids[number]
                self._tell(number, os.waitpid(pid, 0)[1])

    def _tell(self, number: int, status: int) -> None:
        with suppress(OSError):
            self._control.sendall(MESSAGE.pack(DIED, number, status))


def _kill(pid: int) -> None:
    """Kill a worker that was not waited for yet, and all that is of its group."""
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)  # alone, if it has no group of its own yet
        os.killpg(pid, signal.SIGKILL)


def _import() -> Work:
    """Import what workers need, also what libraries import only at their first use.

    The driver, which this process is a fork of, continues with the job meanwhile: it takes no time.
    """
    import numpy.ma  # noqa: F401, PLC0415

    from ingest import job  # noqa: F401, PLC0415 - what all types stand on
    from ingest.work import task  # noqa: F401, PLC0415
    from ingest.workers.processes.worker import work  # noqa: PLC0415

    return work


if __name__ == "__main__":
    main(int(sys.argv[1]))
