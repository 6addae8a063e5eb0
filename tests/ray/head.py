"""A Ray cluster with its job server, behind a token, and nodes that join it; stopped after."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import Request, urlopen

import psutil

from ingest.workers.on_ray.cluster import ENVIRONMENT
from tests.ray import autoscaled
from tests.ray.network import Network
from tests.services.ceph import free_port

LOOPBACK = "127.0.0.1"
_START_S = 90.0
_STARTED = b"Ray runtime started"


@dataclass
class Node:
    """A running node, as `ray start` makes it, in processes of its own."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def kill(self) -> None:
        """End all its processes by force, as the loss of a machine would."""
        for each in self._processes():
            with suppress(psutil.NoSuchProcess):
                each.kill()
        self.process.wait()

    @property
    def lives(self) -> bool:
        """Whether it was neither killed nor has ended by itself."""
        return self.process.poll() is None

    def freeze(self) -> None:
        """Stop all its processes, as if nothing that they send came through any more."""
        for each in self._processes():
            with suppress(psutil.NoSuchProcess):
                each.suspend()

    def _processes(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            first = psutil.Process(self.process.pid)
            return [first, *first.children(recursive=True)]
        return []


@dataclass
class Head:
    """A running head. `environment` is what Ray's and our commands need to reach it."""

    dashboard: str
    address: str
    environment: dict[str, str] = field(repr=False)
    node: Node


@contextmanager
def head(
    cpus: int = 2,
    growing: int = 0,
    folder: Path | None = None,
    host: str = LOOPBACK,
    **secret: str,
) -> Iterator[Head]:
    """Start a head with a token of its own, and stop all its processes after.

    With `growing`, it has an autoscaler that starts up to so many nodes of one CPU. Its workers
    start in `folder`. Nodes reach it at `host`. The variables in `secret` are set there, and not
    here.
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
    words += [f"--dashboard-host={LOOPBACK}", f"--node-ip-address={host}"]
    address = f"{host}:{port}"
    with ExitStack() as stack:
        if growing:
            config = Path(stack.enter_context(tempfile.NamedTemporaryFile(suffix=".yaml")).name)
            autoscaled.write_config(config, address, growing)
            words.append(f"--autoscaling-config={config}")
            secret = {**secret, **autoscaled.ENVIRONMENT}
        node = stack.enter_context(_node(words, environment | secret, folder))
        made = Head(f"http://127.0.0.1:{dashboard}", address, environment, node)
        _await_jobs(made)
        yield made


@contextmanager
def joined(
    made: Head, cpus: int = 1, network: Network | None = None, **secret: str
) -> Iterator[Node]:
    """Start a further node, inside of a `network` if there is one; return when it has joined."""
    words = [f"--address={made.address}", f"--num-cpus={cpus}"]
    words += [f"--node-ip-address={network.there if network else LOOPBACK}"]
    inside = network.inside if network else []
    with _node(words, made.environment | secret, inside=inside) as node:
        while _STARTED not in node.log.read_bytes():
            assert node.process.poll() is None, node.log.read_text()[-3000:]
            time.sleep(0.05)
        yield node


@contextmanager
def _node(
    words: list[str],
    environment: dict[str, str],
    start: Path | None = None,
    inside: Sequence[str] = (),
) -> Iterator[Node]:
    folder = Path(tempfile.mkdtemp(prefix="ray", dir="/tmp"))  # sockets need short paths
    words = [*inside, "ray", "start", *words, f"--temp-dir={folder}", "--block"]
    words += ["--disable-usage-stats", "--object-store-memory=100000000"]
    words += [f"--dashboard-agent-listen-port={free_port()}"]  # several nodes on one machine
    with (folder / "head.log").open("wb") as log:
        process = subprocess.Popen(
            words, cwd=start, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    node = Node(process, folder / "head.log")
    try:
        yield node
    finally:
        node.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _await_jobs(made: Head) -> None:
    deadline = time.monotonic() + _START_S
    token = made.environment["RAY_AUTH_TOKEN"]
    asked = Request(f"{made.dashboard}/api/jobs/", headers={"Authorization": f"Bearer {token}"})
    while True:
        if made.node.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"no head: {made.node.log.read_text()[-3000:]}")
        with suppress(OSError), urlopen(asked, timeout=10):
            return
        time.sleep(0.1)
