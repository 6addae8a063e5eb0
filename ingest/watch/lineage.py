"""Telling whoever wants to know what runs read and make, until a run is over."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ingest.records.history import Listener
from ingest.storage.objects import Store
from ingest.watch.openlineage.destinations.configuration import is_configured, settings


@contextmanager
def listening(open_store: Callable[[], Store]) -> Iterator[tuple[Listener, ...]]:
    """Give what is to listen to a run, nothing if nobody wants to know of it.

    `open_store` opens the run's state. A missing library and a wrong configuration are a warning.
    """
    if not is_configured():
        yield ()
        return
    # here, because most runs need neither
    from ingest.watch.openlineage.destinations.opening import open_destination  # noqa: PLC0415
    from ingest.watch.openlineage.sending import Sender  # noqa: PLC0415

    with Sender(open_store, lambda: open_destination(settings())) as sender:
        yield (sender,)
