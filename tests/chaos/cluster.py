"""What there is to kill of Ray: workers and raylet of a driver, nodes of a cluster."""

import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

AGENTS = (
    "ray::DashboardAgent", "ray::RuntimeEnvAgent",
    "ray/dashboard/agent.py", "runtime_env/agent/main.py",  # before they have their titles
)  # fmt: skip
"""After a driver's death these spend 60 idle seconds in telling a dead server of it, a number in
Ray's `publish_error_to_driver`."""
GONE_S = 20.0
POLL_S = 0.02
STARTING_S = 70.0
"""A worker of Ray that has just been started asks a dead server for a minute before it ends."""


def environment(folder: Path) -> dict[str, str]:
    """Return what drivers and nodes must share: one token, and a folder for Ray that goes away."""
    return {"RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_TMPDIR": str(folder)}


def below(pid: int) -> list[psutil.Process]:
    """Return the processes that a process has started, and those that they have."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).children(recursive=True)
    return []


def pool_workers(pid: int) -> list[psutil.Process]:
    """Return the workers of the pool below a process."""
    return [each for each in below(pid) if _title(each).startswith("ray::Map")]


def raylets(pid: int) -> list[psutil.Process]:
    """Return the raylets below a process."""
    return [each for each in below(pid) if _title(each).endswith("/raylet")]


def still_there(processes: list[psutil.Process]) -> list[str]:
    """Wait for processes to go, then end those that stay; return their names."""
    ours = [each for each in processes if not any(name in _command(each) for name in AGENTS)]
    alive = _alive(ours, GONE_S)
    alive = _alive(alive, STARTING_S if _are_starting(alive) else 0)
    names = [_command(each)[:200] for each in alive]
    for each in processes:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    return names


def _alive(processes: list[psutil.Process], within_s: float) -> list[psutil.Process]:
    """Return which have not ended by then; where nobody waits for orphans they stay as zombies."""
    until = time.monotonic() + within_s
    while True:
        processes = [each for each in processes if _does_anything(each)]
        if not processes or time.monotonic() > until:
            return processes
        time.sleep(POLL_S)


def _does_anything(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _are_starting(processes: list[psutil.Process]) -> bool:
    """Whether these are all workers that Ray has given nothing to do yet."""
    return all("default_worker.py" in _command(each) for each in processes)


class Nodes:
    """A cluster of several nodes on this machine, in a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.address = self._answer("address ")

    @property
    def pid(self) -> int:
        """The process that the nodes' processes are below."""
        return self._process.pid

    def lose(self) -> None:
        """Kill all processes of the newest node."""
        self._ask("lose")

    def add(self) -> None:
        """Add a node."""
        self._ask("add")

    def _ask(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        self._answer("done")

    def _answer(self, start: str) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(start):
                return line.removeprefix(start).strip()
        raise RuntimeError(f"the cluster has ended: exit code {self._process.wait()}")


@contextmanager
def nodes(number: int) -> Iterator[Nodes]:
    """Start a cluster of nodes with one CPU each."""
    command = [sys.executable, "-m", "tests.chaos.nodes", str(number)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    started: list[psutil.Process] = []
    try:
        yield Nodes(process)
        started = below(process.pid)
        process.communicate(timeout=60)
    finally:
        process.kill()
        still_there(started)


def _title(process: psutil.Process) -> str:
    with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        return (process.cmdline() or [""])[0]
    return ""


def _command(process: psutil.Process) -> str:
    with suppress(psutil.NoSuchProcess):
        return " ".join(process.cmdline())
    return ""
