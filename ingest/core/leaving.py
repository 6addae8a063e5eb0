"""Leaving a process in which something may hang: the exit code is the command's all the same.

Threads of a foreign library that do not come to their end would abort the interpreter (exit -6), or
keep it for ever. Whoever starts such a thing says how it is ended by force; if it is still held
when the process is to end, that is done. A process that ever had such a thread ends without what is
to be called at its end, in which the library's threads may still be hurt.

No process of ours takes its modules down one by one: that would be 30 ms.
"""

import atexit
import os
import sys
import threading
from collections.abc import Callable
from typing import NoReturn

_held: list[Callable[[], None]] = []
_foreign = False


def hold(end: Callable[[], None]) -> None:
    """Note that this has to be called before the process may end. It must not raise or hang."""
    global _foreign  # noqa: PLW0603 - it is about the process
    _foreign = True
    if end not in _held:
        _held.append(end)


def release(end: Callable[[], None]) -> None:
    """Note that all has come to its end in order."""
    if end in _held:
        _held.remove(end)


def leave(code: int) -> NoReturn:
    """End the process with this exit code."""
    if not _foreign:
        if threading.active_count() > 1:  # some of them may have to be waited for
            sys.exit(code)
        atexit._run_exitfuncs()  # noqa: SLF001 - what others want done at the end
    for end in _held:
        end()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            try:
                stream.flush()
            except (OSError, ValueError):
                continue
    os._exit(code)
