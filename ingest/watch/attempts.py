"""What each attempt at a run came to. A fold over its ledger."""

from dataclasses import field
from datetime import datetime

from ingest.core.dataclass import dataclass
from ingest.records.events import (
    AttemptBegan,
    AttemptFailed,
    AttemptInterrupted,
    Event,
    PartitionSplit,
    Retried,
    RunAbandoned,
    RunDone,
    SearchBegan,
    Settled,
    Speculated,
    Stalled,
    Warned,
)


@dataclass(slots=True)
class AttemptPage:
    """One attempt. `ended` is how: done, failed, interrupted, abandoned; empty if nobody said.

    `retries` counts by class of failure, `events` whatever else was done about partitions;
    `notes` are what was told in the beginning, `changes` and `warnings` what was not as when the
    run was made.
    """

    number: int
    started_at: str
    host: str = ""
    pid: int = 0
    user: str = ""
    settings: list[str] = field(default_factory=list)
    settled: int = 0
    retries: dict[str, int] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    cluster: str = ""
    cluster_why: str = ""
    last_at: str = ""
    ended: str = ""
    error: str = ""

    @property
    def seconds(self) -> float:
        """How long it worked, as far as is on record."""
        began, last = map(datetime.fromisoformat, (self.started_at, self.last_at))
        return (last - began).total_seconds()


@dataclass(slots=True)
class Attempts:
    """The attempts at one run, in their order."""

    pages: list[AttemptPage] = field(default_factory=list)

    def see(self, event: Event) -> None:
        """Take one event into account."""
        if isinstance(event, AttemptBegan):
            self.pages.append(_begun(len(self.pages) + 1, event))
        if self.pages:
            self.pages[-1].last_at = event.at
            _fold(event, self.pages[-1])

    @property
    def seconds(self) -> float:
        """How long they worked, without what lies between them."""
        return sum(page.seconds for page in self.pages)


def _fold(event: Event, page: AttemptPage) -> None:
    match event:
        case Settled():
            page.settled += 1
        case Retried():
            page.retries[event.kind] = page.retries.get(event.kind, 0) + 1
        case Warned():
            page.warnings.append(event.message)
        case SearchBegan() | PartitionSplit() | Speculated() | Stalled():
            page.events[event.name] = page.events.get(event.name, 0) + 1
        case AttemptFailed():
            page.ended, page.error = event.name, event.error
        case AttemptInterrupted():
            page.ended, page.error = event.name, ""
            page.notes += [f"cancelled by {event.by}"] if event.by else []
        case RunDone() | RunAbandoned():
            page.ended, page.error = event.name, ""


def _begun(number: int, event: AttemptBegan) -> AttemptPage:
    return AttemptPage(
        number=number,
        started_at=event.at,
        host=event.host,
        pid=event.pid,
        user=event.user,
        settings=list(event.settings),
        notes=list(event.notes),
        changes=list(event.changes),
        warnings=list(event.warnings),
        cluster=event.cluster,
        cluster_why=event.cluster_why,
    )
