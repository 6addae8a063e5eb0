"""What memory is left on this machine, or in this container, and whom it has run out for."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

CGROUPS = Path("/sys/fs/cgroup")
LEFT_PART = 4 / 5
"""Of what is free, how much the workers may take together."""


class Files(NamedTuple):
    """The names of a control group's files, in one of the two versions that there are."""

    limit: str
    used: str
    cache: str
    events: str


VERSION_1 = Files(
    "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file", "memory.oom_control"
)
VERSION_2 = Files("memory.max", "memory.current", "inactive_file", "memory.events")


def free_bytes() -> int:
    """Return how many bytes are free: on the machine, and within the limits of this container."""
    free = _available()
    for folder, files in _groups():
        limit, used = _number(folder / files.limit), _number(folder / files.used)
        if limit is not None and used is not None:
            cache = _number(folder / "memory.stat", files.cache) or 0
            free = min(free, limit - used + cache)
    return max(0, free)


def all_bytes() -> int:
    """Return how many bytes of memory there are at all: on the machine, or for this container."""
    limits = [_number(folder / files.limit) for folder, files in _groups()]
    return min([_installed(), *(limit for limit in limits if limit is not None)])


def _installed() -> int:
    if kilobytes := _number(Path("/proc/meminfo"), "MemTotal: *"):
        return 1024 * kilobytes
    import psutil  # noqa: PLC0415 - where there is no /proc

    return int(psutil.virtual_memory().total)


def _available() -> int:
    if kilobytes := _number(Path("/proc/meminfo"), "MemAvailable: *"):
        return 1024 * kilobytes
    import psutil  # noqa: PLC0415 - where there is no /proc

    return int(psutil.virtual_memory().available)


def oom_kills() -> int:
    """Return how many processes have been killed here because memory ran out, ever."""
    for folder, files in _groups():
        if (kills := _number(folder / files.events, "oom_kill")) is not None:
            return kills
    return _number(Path("/proc/vmstat"), "oom_kill") or 0


def _groups() -> Iterator[tuple[Path, Files]]:
    """Yield the control groups that this process is in and that limit memory, the innermost first.

    In a container, the group that the system names may be mounted as the root.
    """
    named: list[str] = []
    with suppress(OSError):
        named = Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()
    for line in named:
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            root, files = CGROUPS / "memory", VERSION_1
        elif not controllers:
            root, files = CGROUPS, VERSION_2
        else:
            continue
        inner = root / path.lstrip("/")
        for folder in (inner, *inner.parents):
            if (folder / files.used).is_file():
                yield folder, files
            if folder == root:
                break


def _number(file: Path, name: str = "") -> int | None:
    """Return the number in a file, or the one behind a name in it; None if there is none.

    The name is a regular expression.
    """
    with suppress(OSError):
        text = file.read_text(encoding="ascii")
        if number := re.search(rf"^{name + ' ' if name else ''}(\d+)(?: kB)?$", text, re.MULTILINE):
            return int(number[1])
    return None
