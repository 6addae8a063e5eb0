"""What a driver is doing right now: a page for watchers, which may be lost and is never trusted.

The ledger says what has happened. That a partition was handed out is nothing that a resumed run has
to know, so it is not recorded there; this page is rewritten instead.
"""

import json
from collections.abc import Iterable
from contextlib import suppress

from ingest.core.clock import Clock
from ingest.core.errors import IngestError
from ingest.storage.objects import Store

STATUS = "status.json"
FORMAT = 1
EVERY_S = 1.0
SHARE = 100.0
MOST = 1_000


class Status:
    """Writes the page of one run: at most each second, and for at most a hundredth of the time."""

    def __init__(self, store: Store, run_id: str, clock: Clock) -> None:
        self._store = store
        self._name = f"runs/{run_id}/{STATUS}"
        self._clock = clock
        self._due = clock.monotonic() + EVERY_S
        self._said: list[int] = []

    def tell(self, indexes: Iterable[int]) -> None:
        """Say which partitions are with workers, if it is time; that it fails changes nothing."""
        began = self._clock.monotonic()
        if began < self._due:
            return
        working = sorted(set(indexes))[:MOST]
        if working != self._said:
            page = {"format": FORMAT, "working": working}
            with suppress(IngestError, FileNotFoundError):
                self._store.replace(self._name, json.dumps(page).encode())
            self._said = working
        now = self._clock.monotonic()
        self._due = now + max(EVERY_S, SHARE * (now - began))


def working(store: Store, run_id: str) -> frozenset[int]:
    """Return which partitions a driver last said that workers have; empty if nobody knows."""
    try:
        page = json.loads(store.read(f"runs/{run_id}/{STATUS}"))
        return frozenset(map(int, page["working"])) if page["format"] == FORMAT else frozenset()
    except (IngestError, FileNotFoundError, ValueError, LookupError, TypeError):
        return frozenset()
