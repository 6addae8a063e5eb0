"""Forking this process, which is allowed as long as none of its threads would be missed."""

import os
import sys
import threading
import warnings
from contextlib import suppress
from pathlib import Path

IDLE_THREADS = {"jemalloc_bg_thd", "polars-ooc-clea"}
"""What Polars starts when it is imported. They hold nothing that a child would wait for."""


def is_alone() -> bool:
    """Whether this process may be forked: none of its threads does anything but the caller."""
    if sys.platform != "linux" or threading.active_count() > 1:
        return False
    own = str(os.getpid())
    try:
        others = [task for task in Path("/proc/self/task").iterdir() if task.name != own]
    except OSError:  # what there is cannot be seen: /proc is not mounted
        return False
    return all(_name(task) in IDLE_THREADS for task in others)


def fork() -> int:
    """Fork a process that is alone; what it has printed is written by it, and not by both."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # nobody reads it, or there is none
            stream.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python counts all threads
        return os.fork()


def _name(task: Path) -> str:
    with suppress(OSError):
        return (task / "comm").read_text(encoding="ascii").strip()
    return ""
