"""The Ray that `ingest cluster up` keeps running on this machine, and the file that says where.

The file is in a folder of the user's own that nobody else can read, because it holds the token of
that Ray. This module does not import Ray.
"""

import fcntl
import os
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict, Field, ValidationError

KNOCK_S = 1.0
_SAME_S = 1.0  # the start of a process is known to a hundredth of a second


class WarmRay(BaseModel):
    """A Ray that waits for runs, and the process that keeps it: it ends if that ends."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str = Field(description="Host and port of its head.")
    token: str = Field(description="What a client has to send.", repr=False)
    pid: int = Field(description="The process that keeps it.")
    started: float = Field(description="When that process began, in seconds since the epoch, UTC.")
    cpus: int
    ray: str = Field(description="The version of Ray.")
    python: str = Field(description="The interpreter, whose packages its workers have.")
    logs: str

    @property
    def is_alive(self) -> bool:
        """Whether the process that keeps it is still there."""
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < _SAME_S
            return same and process.status() != psutil.STATUS_ZOMBIE
        return False

    @property
    def unfit(self) -> str:
        """Say why runs of this interpreter cannot use it; empty if they can."""
        if self.python != sys.executable:
            return f"it was started with {self.python}, this is {sys.executable}"
        if self.ray != version("ray"):
            return f"it is Ray {self.ray}, here is {version('ray')}"
        return "" if self.answers else f"{self.address} does not answer"

    @property
    def answers(self) -> bool:
        """Whether its head listens."""
        host, _, port = self.address.rpartition(":")
        with suppress(OSError, ValueError):
            socket.create_connection((host, int(port)), timeout=KNOCK_S).close()
            return True
        return False


def folder() -> Path:
    """Return the folder of this user's runtime files; it may not be there yet."""
    if given := os.environ.get("XDG_RUNTIME_DIR"):
        return Path(given) / "ingest"
    return Path(tempfile.gettempdir()) / f"ingest-{os.getuid()}"


def record() -> Path:
    """Return the file that says where the warm Ray is."""
    return folder() / "ray.json"


def read() -> WarmRay | None:
    """Return what the file says, true or not; None without a file that we can trust.

    Others may write to the folder for temporary files: what is theirs is not believed.
    """
    try:
        inside, file = folder().lstat(), record()
        if inside.st_uid != os.getuid() or stat.S_IMODE(inside.st_mode) & 0o077:
            return None
        return WarmRay.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return None


def write(warm: WarmRay) -> None:
    """Say where it is."""
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = record().with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(warm.model_dump_json(), encoding="utf-8")
    draft.replace(record())


@contextmanager
def alone() -> Iterator[None]:
    """Let nobody else start one meanwhile."""
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder() / "ray.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def forget(warm: WarmRay) -> None:
    """Remove the file, if it is still about this one."""
    if read() == warm:
        record().unlink(missing_ok=True)


def joinable(workers: int | None) -> WarmRay | None:
    """Return the warm Ray if there is one that a run with so many workers can use."""
    warm = read()
    if warm is None or not warm.is_alive or (workers or 0) > warm.cpus or warm.unfit:
        return None
    return warm
