"""A lock between processes."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ingest.core.errors import FatalError
from ingest.storage.lock import locked

HOLD = """
import sys, pathlib
from ingest.storage.lock import locked
with locked(pathlib.Path(sys.argv[1]), 1):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path):
    """Another process that holds the lock until its standard input is closed."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "lock")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_file_goes_with_the_lock(tmp_path: Path) -> None:
    with locked(tmp_path / "lock", 0):
        assert (tmp_path / "lock").read_text().startswith(f"{os.getpid()} ")
    assert not (tmp_path / "lock").exists()


def test_a_stopped_holder_is_named(tmp_path: Path, holder: "subprocess.Popen[str]") -> None:
    os.kill(holder.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, holder.pid, os.WSTOPPED | os.WNOWAIT)
    with pytest.raises(FatalError) as caught, locked(tmp_path / "lock", 0.2):
        pass
    assert f"process {holder.pid}, which is stopped" in str(caught.value)
    assert f"kill -9 {holder.pid}" in str(caught.value)


def test_the_lock_dies_with_its_holder(tmp_path: Path, holder: "subprocess.Popen[str]") -> None:
    holder.kill()
    holder.wait()
    with locked(tmp_path / "lock", 1):
        assert (tmp_path / "lock").read_text().startswith(f"{os.getpid()} ")


def test_only_one_holds_it_at_a_time(tmp_path: Path) -> None:
    """Removing the file on release must not let two in: one on the old file, one on a new."""
    inside, most, lock = [0], [0], threading.Lock()

    def work() -> None:
        for _ in range(5):
            with locked(tmp_path / "lock", 30):
                with lock:
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                with lock:
                    inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
