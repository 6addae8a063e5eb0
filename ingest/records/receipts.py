"""What became of a run whose ledger cannot be read any more: its receipt says enough."""

from contextlib import suppress
from typing import Any

from ingest.core.errors import FatalError
from ingest.core.outcome import Book
from ingest.records.endings import ending
from ingest.records.events import Committed, EffectPublished, IntentFacts
from ingest.records.history import History
from ingest.records.reader import Reader
from ingest.records.runs import Runs
from ingest.storage.objects import Store


def history_of(store: Store, run_id: str) -> History:
    """Return what the ledger of a run says, or if that cannot be read what else tells of its end.

    Raises:
        FatalError: it cannot be read, and the run has not ended.
    """
    try:
        return History.of(Reader(store, run_id).events())
    except FatalError:
        history = ended(store, run_id)
        if history is None:
            raise
        return history


def ended(store: Store, run_id: str) -> History | None:
    """Return a run that has ended as its receipt or its mark tells it; None if it has not."""
    runs = Runs(store)
    phase = ending(store, run_id)
    if not phase:
        return None
    history = History(phase=phase, ended=phase)
    with suppress(FatalError):
        page = (runs.receipt(run_id) if phase == "done" else runs.given_up(run_id)) or {}
        with suppress(
            AttributeError, LookupError, TypeError
        ):  # of another format, as far as it goes
            _fill(history, page)
    return history


def _fill(history: History, page: dict[str, Any]) -> None:
    history.ended_at = page.get("at", "")
    history.started_at = page.get("started_at", "")
    history.attempt = page.get("attempts", 0)
    history.partitions = history.totals.partitions = page.get("partitions", {}).get("number", 0)
    history.totals.errors = page.get("errors", {})
    for book in page.get("books", ()):
        history.totals.books[book["step"]] = Book(**book)
    for output, facts in page.get("outputs", {}).items():
        history.totals.rows[output] = facts["rows"]
        history.totals.bytes_written[output] = facts["bytes"]
    for effect, facts in page.get("effects", {}).items():
        told = {key: value for key, value in facts.items() if key != "prepared"}
        history.published[effect] = EffectPublished(effect=effect, **told)
    prepared = {name: facts["prepared"] for name, facts in page.get("effects", {}).items()}
    history.publish = Committed(
        effects={name: IntentFacts(**facts) for name, facts in prepared.items()}
    )
