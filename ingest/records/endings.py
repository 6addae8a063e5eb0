"""How a run ended, told without reading its ledger: that of another release may not be readable."""

from typing import Literal

from ingest.storage.objects import Store

Ending = Literal["done", "abandoned", ""]

ABANDONED = "abandoned.json"
RECEIPT = "receipt.json"
REMOVED = "removed.json"
_EVENTS: tuple[tuple[Ending, bytes], ...] = (
    ("done", b'"event":"done"'),
    ("abandoned", b'"event":"abandoned"'),
)


def ending(store: Store, run_id: str) -> Ending:
    """Return how a run ended; empty if it has not, or if that cannot be told.

    A run that is done has a receipt, and one that was discarded a mark. Earlier releases left no
    mark: of theirs, the last object of the ledger has the event, whatever else its format says.
    Only for a ledger that cannot be read: between its receipt and its end a run is to be resumed.
    """
    folder = f"runs/{run_id}"
    if store.exists(f"{folder}/{RECEIPT}"):
        return "done"
    if store.exists(f"{folder}/{ABANDONED}"):
        return "abandoned"
    return _last_word(store, run_id)


def closed(store: Store, run_id: str) -> Ending:
    """Return how a run ended for good; empty if something may still be written of it.

    That of a run which has a receipt, and died before its ledger said so, is yet to be written.
    """
    if store.exists(f"runs/{run_id}/{ABANDONED}"):
        return "abandoned"
    return _last_word(store, run_id)


def _last_word(store: Store, run_id: str) -> Ending:
    folder = f"runs/{run_id}/ledger"
    names = store.names(folder)
    last = store.read(f"{folder}/{names[-1]}") if names else b""
    return next((name for name, event in _EVENTS if event in last), "")
