"""A network of its own for a node, which can be cut; and a folder that all nodes see."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Network:
    """A link between this machine, at `here`, and programs that are started inside, at `there`."""

    name: str
    here: str
    there: str

    @property
    def inside(self) -> list[str]:
        """What a command begins with that is to run inside."""
        return ["ip", "netns", "exec", self.name]

    def cut(self) -> None:
        """Let nothing through any more. Neither side is told."""
        _ip("-n", self.name, "link", "set", "eth0", "down")


@dataclass(frozen=True)
class Folder:
    """Stands where a bucket does, see `tests.services.bucket.Bucket`."""

    path: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def uri(self) -> str:
        return str(self.path)

    def put(self, key: str, data: bytes) -> None:
        (self.path / key).parent.mkdir(parents=True, exist_ok=True)
        (self.path / key).write_bytes(data)

    def get(self, key: str) -> bytes:
        return (self.path / key).read_bytes()

    def keys(self, below: str = "") -> list[str]:
        files = (file for file in (self.path / below).rglob("*") if file.is_file())
        return [str(file.relative_to(self.path)) for file in files]


def possible() -> bool:
    """Whether this process may make networks."""
    return shutil.which("ip") is not None and os.geteuid() == 0


@contextmanager
def network() -> Iterator[Network]:
    """Make one, and remove it after."""
    name, third = f"ingest{secrets.token_hex(3)}", secrets.randbelow(250)
    made = Network(name, f"10.77.{third}.1", f"10.77.{third}.2")
    _ip("netns", "add", name)
    try:
        _ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        _ip("addr", "add", f"{made.here}/24", "dev", name)
        _ip("link", "set", name, "up")
        for words in (
            ["addr", "add", f"{made.there}/24", "dev", "eth0"],
            ["link", "set", "lo", "up"],
        ):
            _ip("-n", name, *words)
        _ip("-n", name, "link", "set", "eth0", "up")
        yield made
    finally:
        _ip("netns", "del", name)  # takes both ends of the link with it


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
