"""Sending a run's events to OpenLineage while it is made."""

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from ingest.records.events import AttemptBegan, Event, PlanFrozen
from ingest.records.history import History
from ingest.storage.objects import Store
from ingest.watch.openlineage.destinations.base import Destination
from ingest.watch.openlineage.folding import STATES, followed
from ingest.watch.openlineage.telling import misnamed

SILENT_S, LAST_S = 1.0, 5.0
"""How long the end of a run waits for what is still to be sent: to one that has not answered yet,
and to one that has."""
_EARLY = (AttemptBegan, PlanFrozen)
log = logging.getLogger(__name__)


class Sender:
    """A listener that sends a run's events to OpenLineage, from a thread of its own.

    The thread opens the destination, too. Whatever goes wrong there is one warning: it neither
    fails a run nor keeps it waiting, but for up to `LAST_S` seconds at its end, `SILENT_S` if
    nobody has answered by then. A context manager around the run.
    """

    def __init__(
        self, open_store: Callable[[], Store], open_destination: Callable[[], Destination]
    ) -> None:
        self._open_store = open_store
        self._open_destination = open_destination
        self._destination: Destination | None = None
        self._run_id = ""
        self._events: queue.SimpleQueue[tuple[Event, History] | None] = queue.SimpleQueue()
        self._given_up = threading.Event()
        self._thread = threading.Thread(target=self._send, name="openlineage", daemon=True)

    def __call__(self, event: Event, history: History) -> None:
        """Take an event."""
        if type(event) not in STATES:
            return
        if isinstance(event, _EARLY):  # the driver's own history keeps changing
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
        self._thread.join(SILENT_S)
        destination = self._destination
        if self._thread.is_alive() and destination and destination.answered:
            self._thread.join(LAST_S - SILENT_S)
        if self._thread.is_alive():
            trouble = destination.trouble if destination else ""
            self._warn(trouble or "nobody has taken them in time")
            self._given_up.set()

    def _send(self) -> None:
        first = self._events.get()
        if first is None or not isinstance(first[0], AttemptBegan):
            return
        self._run_id = first[0].run_id
        for text in misnamed():
            log.warning("openlineage: %s", text)
        error: Exception | None = None
        try:
            self._destination = self._open_destination()
            for event in followed(self._open_store(), self._run_id, self._all(first)):
                try:
                    self._destination.send(event)
                except Exception as failed:  # noqa: BLE001 - lineage never fails a run
                    error = failed
            self._destination.close(LAST_S)
        except Exception as failed:  # noqa: BLE001 - lineage never fails a run
            error = failed
        if error:
            self._warn(f"{type(error).__name__}: {error}")

    def _warn(self, why: str) -> None:
        if not self._given_up.is_set():
            again = f"ingest lineage {self._run_id} --send"
            log.warning("openlineage: not all events were sent: %s. Send them: %s", why, again)

    def _all(self, first: tuple[Event, History]) -> Iterator[tuple[Event, History]]:
        each: tuple[Event, History] | None = first
        while each is not None:
            yield each
            each = self._events.get()
