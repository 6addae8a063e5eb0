"""A Ray cluster of one node with its job server, behind a token; stopped when that is left."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.services.ceph import free_port

_START_S = 90.0


@dataclass
class Head:
    """A running head. `environment` is what Ray's and our commands need to reach it."""

    dashboard: str
    address: str
    environment: dict[str, str] = field(repr=False)


@contextmanager
def head(cpus: int = 2, **secret: str) -> Iterator[Head]:
    """Start a head with a token of its own, and stop all its processes after.

    The variables in `secret` are set there, and not here.
    """
    folder = Path(tempfile.mkdtemp(prefix="ray", dir="/tmp"))  # sockets need short paths
    port, dashboard = free_port(), free_port()
    environment = {
        **os.environ,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(16),
        "RAY_USAGE_STATS_ENABLED": "0",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    environment.pop("RAY_ADDRESS", None)
    words = ["ray", "start", "--head", f"--port={port}", f"--dashboard-port={dashboard}"]
    words += [f"--num-cpus={cpus}", f"--temp-dir={folder}", "--block", "--disable-usage-stats"]
    words += ["--object-store-memory=200000000", "--dashboard-host=127.0.0.1"]
    words += ["--node-ip-address=127.0.0.1"]
    with (folder / "head.log").open("wb") as log:
        process = subprocess.Popen(
            words, env=environment | secret, stdout=log, stderr=log, start_new_session=True
        )
    try:
        made = Head(f"http://127.0.0.1:{dashboard}", f"127.0.0.1:{port}", environment)
        _await(made, process, folder / "head.log")
        yield made
    finally:
        below = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        for each in [process, *below]:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _await(made: Head, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_S
    words = ["ray", "job", "list", "--address", made.dashboard]
    while True:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"no head: {log.read_text()[-3000:]}")
        asked = subprocess.run(words, env=made.environment, capture_output=True, check=False)
        if asked.returncode == 0:
            return
        time.sleep(0.5)
