"""Run a command and measure it with all that it starts: `python -m benchmarks.measure SPEC.json`.

A process of its own does this, made the reaper of orphans (prctl), so that whatever the command's
children leave behind becomes its child, is waited for and counted. CPU time is what the kernel
accounts to all children that were waited for, or, if that is more, the sum of what was last seen of
each process at the samples: a parent that ignores SIGCHLD hides its children from the kernel's sum.
Memory is sampled: the private memory (RssAnon) of all processes and the growth of /dev/shm.
"""

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

INTERVAL_S = 0.1
ORPHANS_S = 15.0  # what Ray's agents are given to end by themselves
_REAPER = 36
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Measured:
    """What a command took; times are seconds since the epoch, memory is bytes."""

    started: float
    ended: float
    exit: int
    timed_out: bool
    cpu_s: float
    cpu_from: str
    peak_bytes: int
    peak_shm_bytes: int
    load: float
    stdout: str
    stderr: str

    @property
    def wall_s(self) -> float:
        """From the start of the process to its end."""
        return self.ended - self.started


def measure(
    command: list[str],
    folder: Path,
    *,
    cwd: Path,
    env: dict[str, str],
    cpus: int | None = None,
    timeout_s: float = 900.0,
) -> Measured:
    """Run a command to its end or its timeout; its output is kept in files of the folder.

    `cpus` is how many cores it and all that it starts may use.
    """
    folder.mkdir(parents=True, exist_ok=True)
    spec, result = folder / "measure.json", folder / "measured.json"
    told = {"command": command, "cwd": str(cwd), "env": env, "cpus": cpus, "timeout_s": timeout_s,
            "folder": str(folder)}  # fmt: skip
    spec.write_text(json.dumps(told), encoding="utf-8")
    result.unlink(missing_ok=True)
    watcher = [sys.executable, "-P", __file__, str(spec)]  # -P: our names hide no others
    subprocess.run(watcher, check=True, stdin=subprocess.DEVNULL)
    return Measured(**json.loads(result.read_text(encoding="utf-8")))


def _shm_bytes() -> int:
    about: Any = os.statvfs("/dev/shm")  # noqa: S108 - where Ray's object store lies
    return (about.f_blocks - about.f_bfree) * about.f_frsize  # type: ignore[no-any-return]


@dataclass
class Watch:
    """What samples of a tree of processes have shown so far."""

    shm: int = field(default_factory=_shm_bytes)
    seconds: dict[tuple[int, int], float] = field(default_factory=dict)
    peak: int = 0
    peak_shm: int = 0

    def sample(self) -> list[int]:
        """Look at all processes below this one; return their ids."""
        alive, memory = [], 0
        for pid, began, cpu_s in _below(os.getpid()):
            self.seconds[pid, began] = cpu_s
            memory += _private_bytes(pid)
            alive.append(pid)
        grown = max(0, _shm_bytes() - self.shm)
        self.peak, self.peak_shm = max(self.peak, memory + grown), max(self.peak_shm, grown)
        return alive


def main() -> None:
    """Run what the file says, and write what it took beside it."""
    spec = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    folder = Path(spec["folder"])
    ctypes.CDLL(None, use_errno=True).prctl(_REAPER, 1, 0, 0, 0)
    if spec["cpus"]:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: spec["cpus"]])
    load, watch = os.getloadavg()[0], Watch()
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        started = time.time()
        child = subprocess.Popen(
            spec["command"], cwd=spec["cwd"], env=spec["env"], stdout=out, stderr=err,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        timed_out = _wait(child, watch, started + spec["timeout_s"])
        ended = time.time()
    _reap(watch)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    accounted, seen = used.ru_utime + used.ru_stime, sum(watch.seconds.values())
    measured = Measured(
        started=started,
        ended=ended,
        exit=child.returncode,
        timed_out=timed_out,
        cpu_s=max(accounted, seen),
        cpu_from="kernel" if accounted >= seen else "samples",
        peak_bytes=watch.peak,
        peak_shm_bytes=watch.peak_shm,
        load=load,
        stdout=str(folder / "stdout"),
        stderr=str(folder / "stderr"),
    )
    (folder / "measured.json").write_text(json.dumps(asdict(measured)), encoding="utf-8")


def _wait(child: "subprocess.Popen[bytes]", watch: Watch, deadline: float) -> bool:
    """Sample until the command has ended; return whether it had to be ended."""
    while True:
        alive = watch.sample()
        try:
            child.wait(INTERVAL_S)
        except subprocess.TimeoutExpired:
            if time.time() > deadline:
                _kill(alive)
                child.wait()
                return True
        else:
            return False


def _reap(watch: Watch) -> None:
    """Wait for what the command left behind, and end what stays."""
    deadline = time.time() + ORPHANS_S
    while alive := watch.sample():
        if time.time() > deadline:
            _kill(alive)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(INTERVAL_S)


def _kill(pids: list[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _below(root: int) -> list[tuple[int, int, float]]:
    """Return id, start (ticks since boot) and CPU seconds of all processes below one."""
    children: dict[int, list[tuple[int, int, float]]] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208 - ten times a second
        if fields := _read(f"/proc/{name}/stat").rpartition(")")[2].split():
            cpu_s = (int(fields[11]) + int(fields[12])) / _TICKS
            entry = (int(name), int(fields[19]), cpu_s)
            children.setdefault(int(fields[1]), []).append(entry)
    found, todo = [], [root]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += [pid for pid, _, _ in below]
    return found


def _private_bytes(pid: int) -> int:
    _, _, rest = _read(f"/proc/{pid}/status").partition("RssAnon:")
    return int(rest.split(maxsplit=1)[0]) * 1024 if rest else 0


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - the same
            return file.read()
    except OSError:  # the process has ended since
        return ""


if __name__ == "__main__":
    main()
