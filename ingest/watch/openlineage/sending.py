"""Sending a run's events to OpenLineage while it goes on."""

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ingest.records.events import AttemptBegan, Event, PlanFrozen
from ingest.records.history import History
from ingest.storage.objects import Store
from ingest.watch.openlineage.folding import STATES, followed

if TYPE_CHECKING:
    from openlineage.client import OpenLineageClient

LAST_S = 5.0
"""How long the end of a run waits for what is still to be sent."""
_EARLY = (AttemptBegan, PlanFrozen)
log = logging.getLogger(__name__)


class Sender:
    """A listener that sends a run's events to OpenLineage, from a thread of its own.

    Whatever goes wrong there is one warning: it neither fails a run nor keeps it waiting, but for
    up to `LAST_S` seconds at its end. A context manager around the run.
    """

    def __init__(self, open_store: Callable[[], Store], client: "OpenLineageClient") -> None:
        self._open_store = open_store
        self._client = client
        self._events: queue.SimpleQueue[tuple[Event, History] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._send, name="openlineage", daemon=True)

    def __call__(self, event: Event, history: History) -> None:
        """Take an event."""
        if type(event) not in STATES:
            return
        if isinstance(event, _EARLY):  # the driver's own history goes on changing
            history = History(phase=history.phase, attempt=history.attempt, cluster=history.cluster)
        self._events.put((event, history))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._events.put(None)
        self._thread.join(LAST_S)
        if self._thread.is_alive():
            log.warning("openlineage: not all events were sent within %g s", LAST_S)

    def _send(self) -> None:
        try:
            first = self._events.get()
            if first is None or not isinstance(first[0], AttemptBegan):
                return
            for page in followed(self._open_store(), first[0].run_id, self._all(first)):
                self._client.emit(page)
            self._client.close(LAST_S)
        except Exception as error:  # noqa: BLE001 - lineage never fails a run
            log.warning("openlineage: not sent: %s: %s", type(error).__name__, error)

    def _all(self, first: tuple[Event, History]) -> Iterator[tuple[Event, History]]:
        each: tuple[Event, History] | None = first
        while each is not None:
            yield each
            each = self._events.get()
