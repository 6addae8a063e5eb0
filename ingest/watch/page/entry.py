"""A run as one line of the list: the same for one that is not over and one that ended years ago."""

import json
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from ingest.core.dataclass import dataclass
from ingest.core.errors import FatalError
from ingest.records.endings import RECEIPT
from ingest.records.history import History
from ingest.records.receipts import ended
from ingest.records.runs import Runs, made_at
from ingest.storage.objects import Store
from ingest.watch.runs import SHOWN
from ingest.watch.telling import Telling

ATTENTION = frozenset({"failed", "interrupted", "died", "damaged", "unreadable"})
"""States in which somebody has to do something."""
GROUPS = {
    "running": frozenset({"running"}),
    "attention": ATTENTION,
    "done": frozenset({"done"}),
    "discarded": frozenset({"discarded", "removed"}),
}
"""What the list can be filtered by."""
_GROUP = {state: name for name, states in GROUPS.items() for state in states}


@dataclass(frozen=True, slots=True)
class Entry:
    """What the list says of a run. `seconds` is how long its attempts worked, or have by now.

    `rate` are the rows/s of the last seconds, 0 if the run has ended. Rows are those on record:
    of completed partitions.
    """

    run_id: str
    job: str
    state: str
    phase: str = ""
    started_at: str = ""
    ended_at: str = ""
    seconds: float = 0.0
    completed: int = 0
    partitions: int = 0
    read: int = 0
    written: int = 0
    rejected: int = 0
    rate: float = 0.0
    retries: int = 0
    attempts: int = 0
    user: str = ""
    error: str = ""
    is_following: bool = False

    @property
    def group(self) -> str:
        """The one of `GROUPS` that it belongs to."""
        return _GROUP.get(self.state, "running")

    @property
    def share(self) -> float:
        """How much of the run is completed, from 0 to 1."""
        if self.state == "done":
            return 1.0
        return self.completed / self.partitions if self.partitions else 0.0

    @property
    def reject_ratio(self) -> float:
        """The share of the rows that were rejected."""
        return self.rejected / self.read if self.read else 0.0

    def matches(self, words: Iterable[str]) -> bool:
        """Whether each of these words, in lower case, is in what people look for."""
        text = f"{self.job}\0{self.run_id}\0{self.user}\0{self.state}\0{self.error}".lower()
        return all(word in text for word in words)


def entry_of(
    run_id: str, job: str, telling: Telling, state: str, *, user: str = "", rate: float = 0.0,
    quiet_s: float = 0.0,
) -> Entry:  # fmt: skip
    """Return the line of a run whose ledger was read; the last event came `quiet_s` ago."""
    pages = telling.attempts.pages
    by = next((page.user for page in reversed(pages) if page.user), user)
    live = state == "running"
    seconds = telling.attempts.seconds + (quiet_s if live else 0.0)
    facts = _facts(telling.history)
    if telling.damage:
        facts["error"] = telling.damage.partition("\n")[0]
    return Entry(
        run_id, job, SHOWN.get(state, state), seconds=seconds, user=by,
        rate=rate if live else 0.0, is_following=live, **facts,
    )  # fmt: skip


def _facts(history: History) -> dict[str, Any]:
    totals = history.totals
    return {
        "phase": history.phase,
        "started_at": history.started_at,
        "ended_at": history.ended_at,
        "completed": totals.partitions,
        "partitions": history.partitions,
        "read": totals.records,
        "written": totals.rows.get("main", 0),
        "rejected": totals.rejected,
        "retries": history.retries.total(),
        "attempts": history.attempt,
        "error": history.error.partition("\n")[0],
    }


def closed_entry(store: Store, run_id: str, job: str) -> tuple[Entry, History] | None:
    """Return the line of a run that was published at once, by its receipt and without its ledger.

    That costs four looks at the store, however long the ledger is. None of any other run: the
    receipt does not say how long earlier attempts worked.
    """
    with suppress(FatalError, FileNotFoundError):
        if not store.exists(f"runs/{run_id}/{RECEIPT}"):
            return None
        history = ended(store, run_id)
        if history is not None and history.attempt == 1 and (last := _last_at(store, run_id)):
            history.ended_at = last
            receipt = Runs(store).receipt(run_id) or {}
            history.retries.update(receipt.get("partitions", {}).get("retries", {}))
            user = receipt.get("config", {}).get("user", "")
            began, end = map(datetime.fromisoformat, (history.started_at, last))
            seconds = (end - began).total_seconds()
            entry = Entry(run_id, job, "done", seconds=seconds, user=user, **_facts(history))
            return entry, history
    return None


def removed_entry(mark: dict[str, Any], run_id: str, job: str) -> Entry:
    """Return the line of a run of which `ingest clean` has left only a mark."""
    rows = mark.get("rows", {})
    made = made_at(run_id)
    return Entry(
        run_id, job, "removed",
        started_at=mark.get("started_at") or (made.isoformat() if made else ""),
        ended_at=mark.get("ended_at", ""), read=rows.get("read", 0),
        written=rows.get("written", 0), rejected=rows.get("rejected", 0),
    )  # fmt: skip


def _last_at(store: Store, run_id: str) -> str:
    """Return when the last event was recorded, if that is the run's end."""
    folder = f"runs/{run_id}/ledger"
    names = store.names(folder)
    lines = store.read(f"{folder}/{names[-1]}").splitlines() if names else []
    with suppress(ValueError, LookupError):
        event = json.loads(lines[-1])
        return str(event["at"]) if event["event"] == "done" else ""
    return ""
