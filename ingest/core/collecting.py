"""Python's garbage collector, out of the way while modules are imported."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Import without the collector, which would look through all that is there again and again.

    Importing Ray and Ray Data takes six sevenths of the time then. If the process has set aside
    what it imported before, because it is a command's own, this is set aside, too: no later
    collection looks through it. Any thread may do so; of two at once, the first to end brings the
    collector back.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if gc.get_freeze_count():
            gc.freeze()
        if was_on:
            gc.enable()
