"""Keeping a worker within its share of the memory: a thread that looks, a limit behind it.

No Ray in here. The thread cannot look while a single call holds the interpreter, so the kernel
refuses what goes far beyond the share: Python then raises `MemoryError`, which fails the partition.
"""

import os
import re
import resource
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pydantic import ByteSize

from ingest.core.errors import ConfigError
from ingest.work.machine import all_bytes

CHECK_S = 0.1  # a step that only fills memory takes 0.1 to 0.3 GB in that time
LEAST_BYTES = 256 * 1024 * 1024  # a worker at rest holds about 100 MB
BELT = 2  # reserved is not used: a thread's stack of 8 MB costs nothing until something is in it

_ANONYMOUS = re.compile(r"^RssAnon:\s+(\d+) kB$", re.MULTILINE)
_DATA = re.compile(r"^VmData:\s+(\d+) kB$", re.MULTILINE)


def share_of(max_memory: int, workers: int) -> int:
    """Return what each of the workers may use, in bytes.

    Raises:
        ConfigError: it is less than a worker holds before it has read anything.
    """
    share = max_memory // workers
    if share < LEAST_BYTES:
        raise ConfigError(
            f"execution.max_memory: {readable(max_memory)} for {workers} workers: "
            f"{readable(share)} for each, but a worker needs at least {readable(LEAST_BYTES)}. "
            f"Write execution.max_memory={readable(LEAST_BYTES * workers)} or more, or use "
            "fewer workers: execution.workers=N"
        )
    return share


def refuse_crowded(workers: int | None, max_memory: int | None) -> None:
    """Refuse more workers on this machine than it, or `max_memory`, has room for.

    Without `workers`, there is one for each core: more than fit without `max_memory` are no fault
    of the job, and are let be.

    Raises:
        ConfigError: a worker would have less than it holds before it has read anything.
    """
    if max_memory is not None:
        share_of(max_memory, workers or os.cpu_count() or 1)
    elif workers is not None and (room := all_bytes()) // workers < LEAST_BYTES:
        most = max(1, room // LEAST_BYTES)
        raise ConfigError(
            f"execution.workers: {workers} workers on this machine, which has {readable(room)} of "
            f"memory: a worker needs at least {readable(LEAST_BYTES)}. Write "
            f"execution.workers={most} or less"
        )


def readable(bytes_: int) -> str:
    """Write a number of bytes as the job files do."""
    return ByteSize(bytes_).human_readable()


def used_bytes() -> int:
    """Return what this process holds by itself: not files, nor what it shares with others."""
    if used := _status(_ANONYMOUS):
        return used
    import psutil  # noqa: PLC0415 - where there is no /proc

    return int(psutil.Process().memory_info().rss)


def guard(share: int, last_words: Callable[[int], None]) -> None:
    """From now on end this process when it uses more than `share` bytes.

    Before, `last_words` is called with what it used; it should not take long.
    """
    if reserved := _status(_DATA):
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        with suppress(ValueError, OSError):  # a lower limit is there already
            resource.setrlimit(resource.RLIMIT_DATA, (reserved + BELT * share, hard))
    threading.Thread(target=_watch, args=(share, last_words), name="memory", daemon=True).start()


def _watch(share: int, last_words: Callable[[int], None]) -> None:
    while (used := used_bytes()) <= share:
        time.sleep(CHECK_S)
    try:
        last_words(used)
    finally:
        os._exit(1)


def _status(line: re.Pattern[str]) -> int:
    with suppress(OSError):
        if found := line.search(Path("/proc/self/status").read_text(encoding="ascii")):
            return int(found[1]) * 1024
    return 0
