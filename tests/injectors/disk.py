"""Faults of a disk on purpose: at a chosen file operation below a folder, something happens.

    with FileFaults(place, at=7, fault=crash):
        ...

What Python code does to files is seen through an audit hook and `os.fsync`; what a library does in
C or Rust behind Python's back is not. A hook cannot be removed, so a process has one, which does
nothing unless a `FileFaults` is entered.
"""

import errno
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Never, Self

from ingest.testing.faults import Crash

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CHANGES = {
    "os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod",
}  # fmt: skip
_LOOKS = {"os.scandir", "os.listdir"}

Fault = Callable[[str], None]
"""Called with the operation, instead of it if it raises, else just before it."""


def crash(operation: str) -> Never:
    """Die here, before the operation."""
    raise Crash(operation)


def failing(number: int) -> Fault:
    """Return a fault that fails the operation with this error number: `errno.EIO`, say."""

    def fail(operation: str) -> Never:
        raise OSError(number, os.strerror(number), operation.partition(" ")[2])

    return fail


class FileFaults:
    """Counts the file operations below `root` while it is entered; the `at`-th, from 1, is struck.

    Counted are those of the thread that entered it: opening for writing, renaming, linking,
    removing, making and removing folders, changing modes, `fsync`; with `reads` also opening for
    reading and listing. With `lasting`, all that follow are struck too: a process that died does
    not tidy up, and a broken disk stays broken. That goes for other threads too; what is a crash in
    the one that entered is an I/O error in those.
    """

    _entered: ClassVar["FileFaults | None"] = None
    _hooked: ClassVar[bool] = False

    def __init__(
        self,
        root: Path,
        at: int,
        fault: Fault,
        *,
        lasting: bool = True,
        reads: bool = False,
    ) -> None:
        self.operations: list[str] = []
        self._root = f"{root.absolute()}/"
        self._at = at
        self._fault = fault
        self._lasting = lasting
        self._reads = reads
        self._thread = threading.get_ident()

    @property
    def struck(self) -> bool:
        """Whether the operation has come."""
        return len(self.operations) >= self._at

    def __enter__(self) -> Self:
        if not FileFaults._hooked:
            sys.addaudithook(_hook)
            FileFaults._hooked = True
        self._thread = threading.get_ident()
        self._fsync = os.fsync
        os.fsync = self._synced  # type: ignore[assignment]
        FileFaults._entered = self
        return self

    def __exit__(self, *_: object) -> None:
        FileFaults._entered = None
        os.fsync = self._fsync

    def _synced(self, handle: int) -> None:
        self._see("os.fsync", Path(f"/proc/self/fd/{handle}").readlink())
        self._fsync(handle)

    def _see(self, event: str, *paths: Any) -> None:
        below = [path for path in map(_absolute, paths) if f"{path}/".startswith(self._root)]
        if not below:
            return
        if threading.get_ident() != self._thread:
            if self.struck and self._lasting:
                self._strike_aside(f"{event} {below[0]}")
            return
        self.operations.append(f"{event} {below[0]}")
        if len(self.operations) == self._at or (self.struck and self._lasting):
            self._fault(self.operations[-1])

    def _strike_aside(self, operation: str) -> None:
        try:
            self._fault(operation)
        except Crash:  # which would be a failure of the thread, not of the process
            raise OSError(errno.EIO, os.strerror(errno.EIO)) from None

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take an event of Python's into account."""
        if event == "open":
            path, _, flags = arguments
            if self._reads or flags & _WRITES:
                self._see(event, path)
        elif event in _CHANGES:
            self._see(event, *arguments[:2])
        elif self._reads and event in _LOOKS:
            self._see(event, arguments[0])


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if FileFaults._entered is not None:
        FileFaults._entered.audit(event, arguments)


def _absolute(path: Any) -> str:
    return str(Path(os.fsdecode(path)).absolute()) if not isinstance(path, int | None) else ""
