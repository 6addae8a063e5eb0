"""Asking a run to stop: in order while it works, at once while it has nothing to lose."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ingest.core.errors import Interrupted


class Stop(threading.Event):
    """Set from outside when a run is to end; see `driver.drive`.

    While `at_once` is true nothing is on record yet, and whoever sets it may as well interrupt.
    """

    def __init__(self) -> None:
        super().__init__()
        self.at_once = False


@contextmanager
def at_once(stop: threading.Event) -> Iterator[None]:
    """Let a stop interrupt whatever is done in this block, if whoever sets it can.

    Raises:
        Interrupted: it did.
    """
    if not isinstance(stop, Stop):
        yield
        return
    stop.at_once = True
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted from None
    finally:
        stop.at_once = False
