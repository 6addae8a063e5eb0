"""From the events of a ledger to those of OpenLineage."""

from collections.abc import Iterable, Iterator

from ingest.records.events import (
    AttemptBegan,
    AttemptFailed,
    AttemptInterrupted,
    Event,
    PlanFrozen,
    RunAbandoned,
    RunDone,
)
from ingest.records.history import History
from ingest.storage.objects import Store
from ingest.watch.openlineage.account import Account
from ingest.watch.openlineage.telling import State, Told, told

STATES: dict[type[Event], State] = {
    AttemptBegan: "START",
    PlanFrozen: "RUNNING",
    RunDone: "COMPLETE",
    AttemptFailed: "FAIL",
    AttemptInterrupted: "ABORT",
    RunAbandoned: "ABORT",
}
"""Which events of a ledger are told, and as what."""


def events_of(store: Store, run_id: str, events: Iterable[Event]) -> Iterator[Told]:
    """Fold the events of a run's ledger into those of OpenLineage."""
    history = History()
    return followed(store, run_id, _seen(events, history))


def followed(store: Store, run_id: str, events: Iterable[tuple[Event, History]]) -> Iterator[Told]:
    """Turn events, each with what the run has come to with it, into those of OpenLineage."""
    account = Account.of(store, run_id)
    for event, history in events:
        state = STATES.get(type(event))
        if state is None:
            continue
        account.history = history
        if history.phase != "new" and not account.plan:
            account.planned(store)
        yield told(account, state, event.at)


def _seen(events: Iterable[Event], history: History) -> Iterator[tuple[Event, History]]:
    for event in events:
        history.see(event)
        yield event, history
