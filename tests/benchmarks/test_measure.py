"""What a command takes is seen with all that it starts, also what it leaves behind."""

import os
import sys
from pathlib import Path

from benchmarks.measure import Measured, measure

CHILD = """
import subprocess, sys, time
if sys.argv[1] == "orphan":  # its parent has ended before it begins to work
    subprocess.Popen([sys.executable, "-c", sys.argv[2]], start_new_session=True)
else:
    subprocess.run([sys.executable, "-c", sys.argv[2]])
    time.sleep(0.2)
"""
WORK = """
import time
held = b"x" * 150_000_000
began = time.process_time()
while time.process_time() - began < 0.6:
    pass
"""


def run(
    tmp_path: Path, *command: str, timeout_s: float = 30.0, cpus: int | None = None
) -> Measured:
    env = dict(os.environ)
    command = (sys.executable, "-c", *command)
    return measure(list(command), tmp_path, cwd=tmp_path, env=env, cpus=cpus, timeout_s=timeout_s)


def test_grandchildren_count(tmp_path: Path) -> None:
    inner = f"[sys.executable, '-c', {CHILD!r}, 'child', {WORK!r}]"
    took = run(tmp_path, f"import subprocess, sys; subprocess.run({inner})")
    assert 0.6 <= took.cpu_s < 3
    assert 150e6 < took.peak_bytes < 400e6
    assert took.wall_s >= 0.8


def test_orphans_count(tmp_path: Path) -> None:
    took = run(tmp_path, CHILD, "orphan", WORK)
    assert took.exit == 0
    assert 0.6 <= took.cpu_s < 3
    assert took.peak_bytes > 150e6


def test_children_that_nobody_waits_for_count(tmp_path: Path) -> None:
    ignoring = f"""
import os, signal, subprocess, sys, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", {WORK!r}])
while os.path.exists(f"/proc/{{child.pid}}"):
    time.sleep(0.05)
"""
    took = run(tmp_path, ignoring)
    assert took.cpu_s > 0.4
    assert took.cpu_from == "samples"


def test_shared_memory_counts(tmp_path: Path) -> None:
    shared = """
import time
from multiprocessing import shared_memory
part = shared_memory.SharedMemory(create=True, size=60_000_000)
part.buf[:] = bytes(60_000_000)
time.sleep(0.4)
part.close()
part.unlink()
"""
    took = run(tmp_path, shared)
    assert took.peak_shm_bytes >= 60_000_000
    assert took.peak_bytes >= took.peak_shm_bytes


def test_a_timeout_ends_grandchildren_too(tmp_path: Path) -> None:
    note = tmp_path / "alive"
    sleep = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    took = run(tmp_path, CHILD, "child", sleep, timeout_s=1.0)
    assert took.timed_out
    assert took.wall_s < 10
    assert not Path("/proc", note.read_text()).exists()


def test_cores_are_limited(tmp_path: Path) -> None:
    took = run(tmp_path, "import os; print(len(os.sched_getaffinity(0)))", cpus=1)
    assert Path(took.stdout).read_text() == "1\n"
