"""All that the page shows of one run: a fold over its ledger."""

from collections import deque
from dataclasses import dataclass, field

from ingest.core.outcome import Outcome
from ingest.records.events import (
    Event,
    FailedTry,
    PartitionSplit,
    PlanFrozen,
    Settled,
    Stalled,
    WorkersStarted,
    WorkersStarting,
)
from ingest.watch.page.pace import Pace
from ingest.watch.runs import Telling

RETRIED, REJECTED = 1, 2
TROUBLES = 50


@dataclass(slots=True)
class Story:
    """A run that goes on, or has ended. Memory: two bytes for each partition.

    `marks` has for each partition whether a try of it failed, and whether rows of it were rejected.
    `troubles` are the last failed tries and stalls.
    """

    telling: Telling = field(default_factory=Telling)
    marks: bytearray = field(default_factory=bytearray)
    troubles: deque[FailedTry | Stalled] = field(default_factory=lambda: deque(maxlen=TROUBLES))
    pace: Pace = field(default_factory=Pace)
    starting: str = ""

    def see(self, event: Event) -> None:
        """Take one event into account."""
        self.telling.see(event)
        self.pace.see(event, self.telling.history)
        match event:
            case PlanFrozen():
                self.marks = bytearray(event.partitions)
            case Settled():
                if _rejects(event.outcome):
                    self.marks[event.outcome.key[1]] |= REJECTED
            case FailedTry():
                self._failed(event)
            case Stalled():
                self.troubles.append(event)
            case WorkersStarting():
                self.starting = event.what
            case WorkersStarted():
                self.starting = ""

    def _failed(self, event: FailedTry) -> None:
        self.troubles.append(event)
        self.marks[event.index] |= RETRIED
        if isinstance(event, PartitionSplit):
            self.marks.extend(bytes(len(event.children)))


def _rejects(outcome: Outcome) -> bool:
    return any(
        book.dropped.get(reason) for book in outcome.books for reason in ("quarantined", "skipped")
    )
