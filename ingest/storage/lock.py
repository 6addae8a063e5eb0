"""A lock between processes of one machine, which dies with its holder and names it meanwhile."""

import fcntl
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.core.errors import FatalError
from ingest.storage.tree import make_folder

log = logging.getLogger(__name__)

_POLL_S = 0.1


@contextmanager
def locked(path: Path, wait_s: float) -> Iterator[None]:
    """Hold the lock file at `path`, waiting up to `wait_s` seconds for whoever else has it.

    The file holds the holder's process id and is removed on release. A process that dies releases
    the lock; one that is stopped keeps it.

    Raises:
        FatalError: somebody else kept it all the time; the text names the process.
    """
    handle = _acquire(path, wait_s)
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()} {socket.gethostname()}\n".encode(), 0)
        yield
        # Only while it is held: whoever waits for this very file notices that its name is gone,
        # and begins again. If we are cut off instead, the next holder takes the file over.
        path.unlink(missing_ok=True)
    finally:
        os.close(handle)


def _acquire(path: Path, wait_s: float) -> int:
    deadline = time.monotonic() + wait_s
    told = False
    while True:
        make_folder(path.parent)
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except FileNotFoundError:  # the folder was removed as empty just now
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(handle)
            os.close(handle)
            if time.monotonic() >= deadline:
                raise FatalError(_refusal(path, holder)) from None
            if not told:
                log.warning("%s: waiting up to %g s for %s", path, wait_s, _describe(holder))
                told = True
            time.sleep(_POLL_S)
            continue
        if _still_named(handle, path):
            return handle
        os.close(handle)


def _still_named(handle: int, path: Path) -> bool:
    """Say whether `path` is still the locked file: its last holder may have removed it."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _holder(handle: int) -> tuple[str, str]:
    pid, _, host = os.pread(handle, 1024, 0).decode(errors="replace").strip().partition(" ")
    return pid, host


def _refusal(path: Path, holder: tuple[str, str]) -> str:
    pid, host = holder
    where = "" if host == socket.gethostname() else f" on {host}"
    return (
        f"{path}: locked by {_describe(holder)}. Only one process may publish here at a time. "
        f"Let that process continue (kill -CONT {pid}) or end it (kill -9 {pid}){where}, then "
        "run again"
    )


def _describe(holder: tuple[str, str]) -> str:
    pid, host = holder
    if host != socket.gethostname():
        return f"process {pid} on {host}"
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return f"process {pid}"
    return f"process {pid}, which is stopped" if state == "T" else f"process {pid}"
