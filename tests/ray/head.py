"""A Ray cluster with its job server, behind a token, and nodes that join it; stopped after."""

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

from ingest.workers.on_ray.cluster import ENVIRONMENT
from tests.services.ceph import free_port

_START_S = 90.0
_STARTED = b"Ray runtime started"


@dataclass
class Node:
    """A running node, as `ray start` makes it, in processes of its own."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def kill(self) -> None:
        """End all its processes by force, as the loss of a machine would."""
        with suppress(psutil.NoSuchProcess):
            found = psutil.Process(self.process.pid)
            for each in [found, *found.children(recursive=True)]:
                with suppress(psutil.NoSuchProcess):
                    each.kill()
        self.process.wait()

    def stop(self) -> None:
        """Ask it to end, and then end what is left."""
        below = psutil.Process(self.process.pid).children(recursive=True)
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        for each in below:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        self.kill()


@dataclass
class Head:
    """A running head. `environment` is what Ray's and our commands need to reach it."""

    dashboard: str
    address: str
    environment: dict[str, str] = field(repr=False)
    node: Node


@contextmanager
def head(cpus: int = 2, **secret: str) -> Iterator[Head]:
    """Start a head with a token of its own, and stop all its processes after.

    The variables in `secret` are set there, and not here.
    """
    port, dashboard = free_port(), free_port()
    environment = {
        **os.environ,
        **ENVIRONMENT,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(16),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    environment.pop("RAY_ADDRESS", None)
    words = ["--head", f"--port={port}", f"--dashboard-port={dashboard}", f"--num-cpus={cpus}"]
    words += ["--dashboard-host=127.0.0.1"]
    with _node(words, environment | secret) as node:
        made = Head(f"http://127.0.0.1:{dashboard}", f"127.0.0.1:{port}", environment, node)
        _await_jobs(made)
        yield made


@contextmanager
def joined(made: Head, cpus: int = 1, **secret: str) -> Iterator[Node]:
    """Start a further node, and return when it has joined."""
    words = [f"--address={made.address}", f"--num-cpus={cpus}"]
    with _node(words, made.environment | secret) as node:
        while _STARTED not in node.log.read_bytes():
            assert node.process.poll() is None, node.log.read_text()[-3000:]
            time.sleep(0.05)
        yield node


@contextmanager
def _node(words: list[str], environment: dict[str, str]) -> Iterator[Node]:
    folder = Path(tempfile.mkdtemp(prefix="ray", dir="/tmp"))  # sockets need short paths
    words = ["ray", "start", *words, f"--temp-dir={folder}", "--block", "--disable-usage-stats"]
    words += ["--object-store-memory=100000000", "--node-ip-address=127.0.0.1"]
    words += [f"--dashboard-agent-listen-port={free_port()}"]  # several nodes on one machine
    with (folder / "head.log").open("wb") as log:
        process = subprocess.Popen(
            words, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    node = Node(process, folder / "head.log")
    try:
        yield node
    finally:
        if process.poll() is None:
            node.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _await_jobs(made: Head) -> None:
    deadline = time.monotonic() + _START_S
    words = ["ray", "job", "list", "--address", made.dashboard]
    while True:
        if made.node.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"no head: {made.node.log.read_text()[-3000:]}")
        asked = subprocess.run(words, env=made.environment, capture_output=True, check=False)
        if asked.returncode == 0:
            return
        time.sleep(0.5)
