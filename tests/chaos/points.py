"""The named points of a run's life: each operation on its storage; and how to die at one."""

import json
import os
import re
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.requests import EVENT

MARK = "* "
"""Begins a line of the log at which a signal was sent."""


@dataclass(frozen=True, slots=True)
class Death:
    """Where a process sends itself signals: before the `nth` operation (from 1) called `point`.

    An empty `point` stands for any operation but the heartbeats. Further `signals` follow, one
    before each of the next operations.
    """

    point: str = ""
    nth: int = 1
    signals: tuple[int, ...] = (signal.SIGKILL,)


class Watch:
    """An audit hook that logs each operation below some roots before it takes effect, and dies.

    The log is written without a buffer: its last line is the operation that was not done.
    """

    def __init__(self, roots: Sequence[str], log: Path, death: Death | None) -> None:
        self._roots = tuple(f"{root}/" for root in roots)
        self._pid = os.getpid()
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        self._death = death
        self._pending = list(death.signals) if death else []
        self._seen: Counter[str] = Counter()

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """See one audit event; see `sys.addaudithook`."""
        look = _LOOKS.get(event)
        found = look(arguments) if look else None
        if found is None or not found[1].startswith(self._roots) or os.getpid() != self._pid:
            return  # the workers of a driver may be forks of it
        root = next(each for each in self._roots if found[1].startswith(each))
        name = point_name(found[1][len(root) :], found[0])
        if name.startswith("ledger link"):
            name = f"{name}: {_last_event(Path(os.fsdecode(arguments[0])).read_bytes())}"
        elif name.startswith("ledger create"):
            name = f"{name}: {_last_event(arguments[2])}"
        self._seen[name] += 1
        self._seen[""] += "heartbeat" not in name
        due = self._due(name)
        os.write(self._log, f"{MARK if due else ''}{name}\n".encode())
        if due:
            os.kill(os.getpid(), self._pending.pop(0))

    def _due(self, name: str) -> bool:
        if self._death is None or not self._pending:
            return False
        if len(self._pending) < len(self._death.signals):
            return True
        wanted = self._death.point
        is_it = name == wanted if wanted else "heartbeat" not in name
        return is_it and self._seen[wanted] == self._death.nth


def read_log(log: Path) -> list[str]:
    """Return the points of a life, in order; those where a signal was sent begin with `MARK`."""
    return log.read_text().splitlines() if log.exists() else []


def point_name(path: str, verb: str) -> str:
    """Return the name of an operation on a path below the run's folder: `plan link`."""
    folder, _, name = path.rpartition("/")
    scratch = re.fullmatch(r"\.(.+)\.[0-9a-f]{12}", name)
    if scratch:
        path = f"{folder}/{scratch[1]}"
    place = next((place for pattern, place in _PLACES if pattern.fullmatch(path)), "elsewhere")
    return f"{place} {'scratch ' if scratch else ''}{verb}"


_PLACES = [
    (re.compile(pattern), place)
    for pattern, place in (
        (r"state/.*\.beat", "heartbeat"),
        (r"state/jobs/[^/]+/lease(/.*)?", "job lease"),
        (r"state/jobs/[^/]+/runs(/.*)?", "run index"),
        (r"state/targets/[^/]+/runs(/.*)?", "publish mark"),
        (r"state/targets/.*", "sink lease"),
        (r"state/runs/[^/]+/ledger(/.*)?", "ledger"),
        (r"state/runs/[^/]+/plan\.json", "plan"),
        (r"state/runs/[^/]+/plan(/.*)?", "plan part"),
        (r"state/runs/[^/]+/receipt\.json", "receipt"),
        (r"state/runs/[^/]+/.*", "run page"),
        (r"state(/.*)?", "state folder"),
        (r"state/create-once\.json", "state probe"),
        (r"\.ingest-[^/]+/lock", "exchange lock"),
        (r"\.ingest-[^/]+/claims(/.*)?", "claim"),
        (r"\.ingest-[^/]+/probe/.*", "probe"),
        (r"\.ingest-[^/]+/manifests(/.*)?", "manifest"),
        (r"\.ingest-[^/]+/[^/]+/tree(/.*)?", "exchanged folder"),
        (r"\.ingest-[^/]+/[^/]+/.*\.json-[^/]*", "manifest scratch"),
        (r"\.ingest-[^/]+/.*\.staged", "staged file"),
        (r"\.ingest-.*", "staging folder"),
        (r"public\.out.*", "table"),
        (r"out/_delta_log/.*", "table log"),
        (r"out/_ingest-probe/.*", "table probe"),
        (r"out[^/]*/.*\.\w+", "published file"),
        (r"out.*", "published folder"),
        (r"", "run folder"),
    )
]

Look = Callable[[tuple[Any, ...]], tuple[str, str] | None]


def _opened(arguments: tuple[Any, ...]) -> tuple[str, str] | None:
    path, mode, flags = arguments
    if isinstance(path, int):
        return None
    name = os.fsdecode(path)
    if flags & os.O_TMPFILE == os.O_TMPFILE:
        return "write", f"{name}/"  # a file in that folder, which has no name yet
    if flags & (os.O_WRONLY | os.O_RDWR):
        return "write", name
    # what is opened by `os.open` only to be read is a folder about to be synced: `fsync` itself is
    # not audited, nor is the exchange of folders that comes before one
    return ("sync", name) if mode is None and Path(name).is_dir() else None


def _on(verb: str, place: int = 0) -> Look:
    def look(arguments: tuple[Any, ...]) -> tuple[str, str]:
        path = arguments[place]
        if isinstance(path, int):
            return verb, str(Path(f"/proc/self/fd/{path}").readlink())
        return verb, os.fsdecode(path)

    return look


_LOOKS: dict[str, Look] = {
    EVENT: lambda arguments: (arguments[1], arguments[0]),
    "open": _opened,
    "os.chmod": _on("chmod"),
    "os.link": _on("link", 1),
    "os.mkdir": _on("mkdir"),
    "os.remove": _on("remove"),
    "os.rename": _on("rename", 1),
    "os.rmdir": _on("rmdir"),
    "os.truncate": _on("truncate"),
}


def _last_event(written: bytes) -> str:
    """Return what a ledger object that is about to get its name ends with."""
    return str(json.loads(written.splitlines()[-1])["event"])
