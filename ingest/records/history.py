"""What a run's ledger says about it: a fold over its events, for resuming, watching and listing."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from ingest.core.outcome import Outcome
from ingest.core.partition import Partition, Slice
from ingest.records.ledger import Event
from ingest.records.totals import Totals

Phase = Literal["new", "planned", "committed", "done", "abandoned"]

SETTLED, SPLIT = 1, 2
DOOMED = frozenset({"contract", "bad_row", "job"})
"""Failures that repeat as long as job and inputs are the same."""


@dataclass(slots=True)
class History:
    """A run as its ledger tells it.

    `phase` says how far it has come: before `committed` it can be abandoned, from then on only
    finished. `partitions` is how many must be settled; `closed` has one byte for each that there
    ever was: 0 open, 1 settled, 2 split into some of the `children`. `retries` counts by class of
    failure. `cluster` is where the last attempt that had any did its work, `bytes` how much the
    plan reads. `ended` is how the last attempt ended: done, failed or interrupted, or empty if it
    is still going on or was killed; `failure` is then the class of its failure, a
    `core.outcome.ErrorKind`, or empty. `timings` are of all attempts that could put theirs on
    record; `lap` are those of the last one, and `before` is how many rows had been read before it.
    """

    phase: Phase = "new"
    attempt: int = 0
    cluster: str = ""
    cluster_why: str = ""
    partitions: int = 0
    bytes: int = 0
    closed: bytearray = field(default_factory=bytearray)
    children: dict[int, Partition] = field(default_factory=dict)
    tries: int = 0
    retries: Counter[str] = field(default_factory=Counter)
    splits: int = 0
    searches: int = 0
    speculated: int = 0
    totals: Totals = field(default_factory=Totals)
    inputs: Event | None = None
    publish: Event | None = None
    published: list[str] = field(default_factory=list)
    started_at: str = ""
    ended_at: str = ""
    ended: str = ""
    error: str = ""
    failure: str = ""
    warnings: list[str] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)
    lap: dict[str, float] = field(default_factory=dict)
    before: int = 0

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

    def is_closed(self, index: int) -> bool:
        """Whether a partition is not to be worked any more: it is settled, or split."""
        return bool(self.closed[index])


def _attempt(history: History, event: Event) -> None:
    history.attempt += 1
    history.warnings += event.get("warnings", ())
    history.started_at = history.started_at or event["at"]
    history.ended = history.ended_at = history.error = history.failure = ""
    history.lap, history.before = {}, history.totals.records
    if "cluster" in event:
        history.cluster, history.cluster_why = event["cluster"], event["cluster_why"]


def _warned(history: History, event: Event) -> None:
    history.warnings.append(event["message"])


def _planned(history: History, event: Event) -> None:
    history.phase = "planned"
    history.partitions = event["partitions"]
    history.closed = bytearray(event["partitions"])
    history.bytes = event.get("bytes", 0)
    history.timings["plan"] = history.lap["plan"] = event["seconds"]


def _settled(history: History, event: Event) -> None:
    outcome = Outcome.from_json(event["outcome"])
    if not history.closed[outcome.key[1]]:
        history.closed[outcome.key[1]] = SETTLED
        history.tries += 1
        history.totals.add(outcome)


def _retry(history: History, event: Event) -> None:
    history.tries += 1
    history.retries[event["kind"]] += 1


def _search(history: History, _event: Event) -> None:
    history.tries += 1
    history.searches += 1


def _speculate(history: History, _event: Event) -> None:
    history.speculated += 1


def _split(history: History, event: Event) -> None:
    """Close the parent: what its tries still come to is ignored."""
    history.tries += 1
    history.splits += 1
    history.closed[event["index"]] = SPLIT
    for page in event["children"]:
        slices = tuple(Slice(**piece) for piece in page["slices"])
        history.children[page["index"]] = Partition(page["index"], page["id"], slices)
    history.closed.extend(bytes(len(event["children"])))
    history.partitions += len(event["children"]) - 1


def _inputs(history: History, event: Event) -> None:
    history.inputs = event


def _publish_begin(history: History, event: Event) -> None:
    history.phase = "committed"
    history.publish = event


def _published(history: History, event: Event) -> None:
    history.published.append(event["output"])


def _ended(history: History, event: Event) -> None:
    history.ended, history.ended_at = event["event"], event["at"]
    history.error, history.failure = event.get("error", ""), event.get("kind", "")
    if event["event"] in {"done", "abandoned"}:
        history.phase = event["event"]


def _timed(history: History, event: Event) -> None:
    for timings in (history.timings, history.lap):
        timings[event["what"]] = timings.get(event["what"], 0.0) + event["seconds"]


_HANDLERS: dict[str, Any] = {
    "attempt": _attempt,
    "warned": _warned,
    "planned": _planned,
    "settled": _settled,
    "retry": _retry,
    "search": _search,
    "split": _split,
    "speculate": _speculate,
    "inputs": _inputs,
    "publish_begin": _publish_begin,
    "published": _published,
    "timed": _timed,
    "done": _ended,
    "failed": _ended,
    "interrupted": _ended,
    "abandoned": _ended,
}
