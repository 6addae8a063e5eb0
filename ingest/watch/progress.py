"""A run's progress on the terminal: a bar, lines of text, or JSON. A fold over its ledger."""

import json
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from ingest.core.counts import counted
from ingest.core.streams import escaped
from ingest.records.events import (
    AttemptBegan,
    AttemptFailed,
    AttemptInterrupted,
    Committed,
    EffectPublished,
    Event,
    InputsDiffer,
    PartitionSplit,
    PlanFrozen,
    Retried,
    RunDone,
    SearchBegan,
    Settled,
    Speculated,
    Stalled,
    Warned,
    WorkersStarted,
    WorkersStarting,
)
from ingest.records.history import History
from ingest.watch.resuming import inputs, resuming, warnings
from ingest.watch.summary import OUTPUTS, cluster, size

LOG_EVERY_S = 5.0


class Watcher:
    """Follows one run; a context manager around it, called with each event and the run's history.

    `history` is that of the driver, from the first event on; before, it is empty. `inputs` are
    those that this attempt did not find as planned. Writes to stderr: stdout belongs to results.
    """

    def __init__(self) -> None:
        self.history = History()
        self.run_id = ""
        self.starting = ""
        self.inputs: InputsDiffer | None = None
        self.workers: set[str] = set()
        self.slowest = ("", 0.0)

    def __call__(self, event: Event, history: History) -> None:
        """Take one event into account and show it."""
        self.history = history
        match event:
            case AttemptBegan():
                self.run_id = event.run_id
            case InputsDiffer():
                self.inputs = event
            case WorkersStarting():
                self.starting = event.what
            case WorkersStarted():
                self.starting = ""
            case Settled():
                self._settled(event)
        self.show(event)

    @property
    def settled(self) -> int:
        """How many partitions are settled, those of earlier attempts among them."""
        return self.history.totals.partitions

    def _settled(self, event: Settled) -> None:
        outcome = event.outcome
        self.workers.add(outcome.worker)
        seconds = sum(outcome.seconds.values())
        if seconds > self.slowest[1]:
            self.slowest = outcome.partition, seconds

    @property
    def detail(self) -> str:
        """How much was read of all there is, by how many workers, and the slowest partition."""
        history = self.history
        parts = []
        if history.bytes:
            parts.append(f"{size(history.totals.bytes_read)} of {size(history.bytes)}")
        if self.workers - {""}:
            parts.append(counted(len(self.workers), "worker"))
        if quarantined := history.totals.dropped("quarantined"):
            parts.append(f"{quarantined:,} quarantined")
        if self.slowest[0]:
            parts.append(f"slowest partition {self.slowest[0]}: {self.slowest[1]:.1f} s")
        return ", ".join(parts)

    def show(self, event: Event) -> None:
        """Show what the event changed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _at: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""


class Log(Watcher):
    """A line every few seconds, for logs that nobody watches live."""

    def __init__(self, write: Callable[[str], object]) -> None:
        super().__init__()
        self._write = write
        self._began = time.monotonic()
        self._shown = 0.0

    def show(self, event: Event) -> None:
        """Write a line for what changes the run's course, and now and then one for its progress."""
        seconds = time.monotonic() - self._began
        rest = self.settled < self.history.partitions
        if isinstance(event, Settled) and rest and seconds - self._shown < LOG_EVERY_S:
            return
        for text in [self._text(event, seconds), *announced(event)]:
            if text:
                self._shown = seconds
                self._write(f"{seconds:8.1f} s  {text}")

    def _text(self, event: Event, seconds: float) -> str:  # noqa: PLR0911 - one return for each kind
        match event:
            case AttemptBegan(resumed=False):
                return f"run {event.run_id}"
            case PlanFrozen():
                files = counted(event.files, "file")
                return f"planned {counted(event.partitions, 'partition')} of {files}"
            case Settled():
                partitions = counted(self.history.partitions, "partition")
                return f"{self.settled:,} of {partitions}, {counts(self.history, seconds)}"
            case Committed():
                return "row counts add up, and rejected rows are within the limits; publishing"
            case EffectPublished() if event.uri and (event.effect != "quarantine" or event.rows):
                return f"published {OUTPUTS.get(event.effect, event.effect)}: {event.uri}"
            case AttemptFailed() | AttemptInterrupted() | RunDone():
                return event.name
        return measures(event)


class JsonLines(Watcher):
    """Every event as one line of JSON, as it stands in the ledger."""

    def __init__(self, write: Callable[[str], object]) -> None:
        super().__init__()
        self._write = write

    def show(self, event: Event) -> None:
        """Write the event."""
        self._write(json.dumps(event.to_json()))


def measures(event: Event) -> str:  # noqa: PLR0911 - one return for each kind
    """Return what is said of what was done about a partition, or about all; empty if nothing."""
    match event:
        case Retried(partition=partition, kind=kind, message=message):
            return f"partition {partition}: trying again after {kind}: {message}"
        case SearchBegan(partition=partition):
            return f"partition {partition}: searching for the rows that kill its worker"
        case PartitionSplit(partition=partition, kind=kind, children=children):
            return f"partition {partition}: split into {len(children)} parts after {kind}"
        case Speculated(partition=partition):
            return f"partition {partition} is slow: processing it a second time, the first wins"
        case WorkersStarting(what=what):
            return f"starting {what}"
        case WorkersStarted(what=what, seconds=seconds):
            return f"{what} started in {seconds:.1f} s"
        case Stalled(message=message, seconds=seconds):
            return f"Waiting {seconds:.0f} s for {message}"
    return ""


def announced(event: Event) -> list[str]:
    """Return what is said of an event whatever the mode, a text for each line."""
    return list(map(escaped, _announced(event)))  # the bar's stream escapes nothing


def _announced(event: Event) -> list[str]:
    match event:
        case AttemptBegan():
            why = event.cluster_why
            chosen = [cluster(event.cluster, why)] if why else []
            return [*event.notes, *(resuming if event.resumed else warnings)(event), *chosen]
        case Warned():
            return [f"warning: {event.message}"]
        case InputsDiffer():
            return inputs(event.counts, event.open, event.examples)
    return []


def counts(history: History, seconds: float) -> str:
    """Say how many rows were read, how fast in this attempt, and how many were rejected or retried.

    `seconds` is how long this attempt has taken so far.
    """
    totals = history.totals
    parts = [counted(totals.records, "row")]
    if seconds > 0 and (lately := totals.records - history.before):
        parts.append(f"{lately / seconds:,.0f} rows/s")
    if totals.rejected:
        parts.append(f"{totals.rejected:,} rejected")
    if history.retries:
        parts.append(counted(history.retries.total(), "retry", "retries"))
    return ", ".join(parts)
