"""How the process that workers are forked from comes to be: as a fork of this one, if it may be."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from ingest.core.forking import fork

THREADS = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
POLL_S = 0.005
Serve = Callable[[socket.socket], None]
Wait = Callable[[float], bool]
"""Waits so many seconds for a process to end; returns whether it has."""


def forked(serve: Serve, control: socket.socket, words: int) -> tuple[int, Wait]:
    """Fork this process to be the server; `words` is where its stderr goes."""
    pid = fork()
    if pid == 0:
        _be_server(serve, control, words)
    return pid, lambda timeout_s: _is_gone(pid, timeout_s)


def spawned(module: str, control: socket.socket, words: int) -> tuple[int, Wait]:
    """Start a module afresh to be the server, with the socket's descriptor for its argument."""
    server = subprocess.Popen(  # noqa: S603 - this very interpreter
        [sys.executable, "-m", module, str(control.fileno())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=words,
        pass_fds=[control.fileno()],
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


def _be_server(serve: Serve, control: socket.socket, words: int) -> None:
    """Be the server; nothing that the driver has open may be open here."""
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard, to in enumerate((nothing, nothing, words)):
            os.dup2(to, standard)
        os.closerange(3, control.fileno())
        os.closerange(control.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
        serve(control)
    finally:
        os._exit(1)


def _is_gone(pid: int, timeout_s: float) -> bool:
    until = time.monotonic() + timeout_s
    with suppress(ChildProcessError):  # it was waited for already
        while os.waitpid(pid, os.WNOHANG)[0] == 0:
            if time.monotonic() > until:
                return False
            time.sleep(POLL_S)
    return True
