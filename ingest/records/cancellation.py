"""Requests to stop an attempt at a run: objects that `ingest cancel` creates and its driver reads.

They reach a driver wherever it works, through nothing but the state.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ingest.core.errors import IngestError
from ingest.records.environment import who
from ingest.storage.objects import Store

EVERY_S = 2.0
"""How often a driver looks."""


class Cancellation:
    """The request to stop one attempt at a run; a later attempt is not meant by it."""

    def __init__(self, store: Store, run_id: str, attempt: int) -> None:
        self._store = store
        self._name = f"runs/{run_id}/cancel/{attempt:06d}.json"

    def ask(self) -> None:
        """Ask for it; once is enough."""
        about = who()
        by = f"{about['user']} on {about['host']}"
        self._store.create(self._name, json.dumps({"by": by}).encode())

    @property
    def by(self) -> str:
        """Who has asked for it; empty if nobody has."""
        try:
            return str(json.loads(self._store.read(self._name))["by"])
        except FileNotFoundError:
            return ""
        except (ValueError, LookupError, TypeError):  # it was asked for, whoever it was
            return "somebody"

    @contextmanager
    def heeded(self, stop: threading.Event, every_s: float = EVERY_S) -> Iterator[None]:
        """Set `stop` as soon as it is asked for, while this is open; a thread looks for it."""
        over = threading.Event()

        def look() -> None:
            while not over.wait(every_s):
                with suppress(IngestError):  # the storage does not answer now: later
                    if self.by:
                        stop.set()
                        return

        thread = threading.Thread(target=look, name="cancellation", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
