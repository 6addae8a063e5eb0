"""What a run's ledger says about it: a fold over its events, for resuming, watching and listing."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from ingest.core.outcome import Outcome
from ingest.records.ledger import Event
from ingest.records.totals import Totals

Phase = Literal["new", "planned", "committed", "done", "abandoned"]


@dataclass(slots=True)
class History:
    """A run as its ledger tells it.

    `phase` says how far it has come: before `committed` it can be abandoned, from then on only
    finished. `settled` has one byte per partition. `ended` is how the last attempt ended: done,
    failed or interrupted, or empty if it is still going on or was killed.
    """

    phase: Phase = "new"
    attempt: int = 0
    partitions: int = 0
    settled: bytearray = field(default_factory=bytearray)
    tries: int = 0
    retries: int = 0
    totals: Totals = field(default_factory=Totals)
    publish: Event | None = None
    published: list[str] = field(default_factory=list)
    started_at: str = ""
    ended_at: str = ""
    ended: str = ""
    error: str = ""
    timings: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[Event]) -> "History":
        """Fold all events of a ledger."""
        history = cls()
        for event in events:
            history.see(event)
        return history

    def see(self, event: Event) -> None:
        """Take one event into account."""
        if handler := _HANDLERS.get(event["event"]):
            handler(self, event)

    def is_settled(self, index: int) -> bool:
        """Whether a partition's outcome stands in the ledger."""
        return bool(self.settled[index])


def _attempt(history: History, event: Event) -> None:
    history.attempt += 1
    history.started_at = history.started_at or event["at"]
    history.ended = history.ended_at = history.error = ""


def _planned(history: History, event: Event) -> None:
    history.phase = "planned"
    history.partitions = event["partitions"]
    history.settled = bytearray(event["partitions"])
    history.timings["plan"] = event["seconds"]


def _settled(history: History, event: Event) -> None:
    outcome = Outcome.from_json(event["outcome"])
    if not history.settled[outcome.key[1]]:
        history.settled[outcome.key[1]] = 1
        history.tries += 1
        history.totals.add(outcome)


def _retry(history: History, _event: Event) -> None:
    history.tries += 1
    history.retries += 1


def _publish_begin(history: History, event: Event) -> None:
    history.phase = "committed"
    history.publish = event


def _published(history: History, event: Event) -> None:
    history.published.append(event["output"])


def _ended(history: History, event: Event) -> None:
    history.ended, history.ended_at = event["event"], event["at"]
    history.error = event.get("error", "")
    if event["event"] in {"done", "abandoned"}:
        history.phase = event["event"]


def _timed(history: History, event: Event) -> None:
    history.timings[event["what"]] = history.timings.get(event["what"], 0.0) + event["seconds"]


_HANDLERS: dict[str, Any] = {
    "attempt": _attempt,
    "planned": _planned,
    "settled": _settled,
    "retry": _retry,
    "publish_begin": _publish_begin,
    "published": _published,
    "timed": _timed,
    "done": _ended,
    "failed": _ended,
    "interrupted": _ended,
    "abandoned": _ended,
}
