"""Processes that run a command from a server that has imported all of it: 0.4 s instead of 1.5 s.

They are real processes, forked from one that has not used Polars yet (its threads do not survive a
fork), and run a module as `python -m` does.
"""

import atexit
import faulthandler
import multiprocessing
import os
import runpy
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path

import psutil

from ingest.records import ledger
from tests.chaos.points import Death, Watch
from tests.chaos.requests import announce

PRELOAD = [
    "ingest.checks.contract", "ingest.commands.base", "ingest.config.compose",
    "ingest.config.sweep", "ingest.driver.drive", "ingest.records.lease",
    "tests.chaos.nursery", "tests.chaos.warm",
    "ingest.watch.progress", "ingest.watch.summary", "ingest.workers.choose",
    "ingest.workers.processes.headstart", "ingest.workers.in_process", "ingest.work.task",
]  # fmt: skip
SERVED = ["botocore.session", "s3fs", "adbc_driver_postgresql.dbapi"]
"""Preloaded where runs need servers, too: almost a second of each run."""
TRACEBACK_S = 0.5
THREADS = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")

_polling = threading.Lock()
"""An exit code can be read once: two threads that ask for it, or one that starts a process, for
which all others are asked, would be told 255."""


@dataclass(frozen=True, slots=True)
class Life:
    """What a process is to do: `python -m module *arguments`.

    Its operations below `root`, and its requests that write below `uris`, are logged to `log`, and
    it may die at one of them. What it prints goes to `said`; so does a traceback of all its
    threads, should it live longer than `deadline_s`. `flush_s` is how often the ledger is flushed:
    runs that are a hundred times shorter than real ones flush as many times more often. With a
    `start`, it waits there for others. `environment` is added to what it inherits.
    """

    module: str
    arguments: tuple[str, ...]
    root: Path
    log: Path
    said: Path
    uris: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    death: Death | None = None
    flush_s: float = ledger.FLUSH_SECONDS
    deadline_s: float = 60.0
    start: Barrier | None = None


class Child:
    """A living process; always waited for in the end."""

    def __init__(self, process: ForkServerProcess, life: Life) -> None:
        self._process = process
        self.life = life
        self.began = time.monotonic()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid or 0

    @property
    def lives(self) -> bool:
        """Whether it has not ended yet."""
        return self._code() is None

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send it a signal, if it lives."""
        if self.lives:
            os.kill(self.pid, number)

    def wait(self, timeout_s: float | None = None) -> int | None:
        """Return its exit code, minus the signal that ended it; None if it has not ended by then.

        Without a timeout, it has until its deadline; then it is killed, and the answer is None.
        """
        left = self.life.deadline_s + 1 - (time.monotonic() - self.began)
        wait([self._process.sentinel], left if timeout_s is None else timeout_s)
        code = self._code()
        if timeout_s is None and code is None:
            os.kill(self.pid, signal.SIGUSR1)
            wait([self._process.sentinel], TRACEBACK_S)
            for each in psutil.Process(self.pid).children(recursive=True):
                each.kill()
            os.kill(self.pid, signal.SIGKILL)
            wait([self._process.sentinel])
            return None
        return code

    def _code(self) -> int | None:
        with _polling:
            return self._process.exitcode

    def said(self) -> str:
        """Return what it has printed."""
        return self.life.said.read_text(errors="replace") if self.life.said.exists() else ""


class Nursery:
    """Starts processes; to be made once, in the main thread, by `nursery`."""

    def __init__(self) -> None:
        self.context = multiprocessing.get_context("forkserver")
        served = SERVED if "AWS_ENDPOINT_URL" in os.environ else []
        self.context.set_forkserver_preload([*PRELOAD, *served])

    def start(self, life: Life) -> Child:
        """Begin a life."""
        process = self.context.Process(target=_live, args=(life,))
        with _polling:
            process.start()
        return Child(process, life)


@contextmanager
def nursery(**environment: str) -> Iterator[Nursery]:
    """Prepare what processes inherit: one thread each, and where to find this package."""
    found = os.pathsep.join(dict.fromkeys(path or str(Path.cwd()) for path in sys.path))
    added = {**dict.fromkeys(THREADS, "1"), "PYTHONPATH": found, **environment}
    before = {name: os.environ.get(name) for name in added}
    os.environ.update(added)
    try:
        yield Nursery()
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _live(life: Life) -> None:
    said = os.open(life.said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(said, 1)
    os.dup2(said, 2)
    # not by a watchdog thread of Python's: with one, a driver could not be forked for its workers
    faulthandler.register(signal.SIGUSR1, file=said)
    os.environ.update(life.environment)
    ledger.FLUSH_SECONDS = life.flush_s
    if life.start is not None:
        life.start.wait()
    if life.uris:
        announce()
    sys.addaudithook(Watch((str(life.root), *life.uris), life.log, life.death))
    sys.argv = [life.module, *life.arguments]
    try:
        runpy.run_module(life.module, run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()
