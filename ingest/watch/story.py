"""All that is shown of one run: a fold over its ledger."""

from dataclasses import field

from ingest.core.dataclass import dataclass
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
from ingest.watch.pace import Pace
from ingest.watch.telling import Telling

RETRIED, REJECTED = 1, 2
TROUBLES = 50
_DONE_ABOUT = {"retry": "tried again", "search": "searched", "split": "split"}


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failed try, or a stall. `where` is the partition's place in the plan, if it is of one."""

    at: str
    what: str
    where: str
    kind: str
    text: str


@dataclass(slots=True)
class Story:
    """A run, whether it is over or not. Memory: two bytes for each partition.

    `marks` has for each partition whether a try of it failed, and whether rows of it were rejected.
    `troubles` are the last failed tries and stalls.
    """

    telling: Telling = field(default_factory=Telling)
    marks: bytearray = field(default_factory=bytearray)
    troubles: list[Trouble] = field(default_factory=list)
    pace: Pace = field(default_factory=Pace)
    starting: str = ""

    def see(self, event: Event) -> None:
        """Take one event into account."""
        self.telling.history.see(event)
        self.note(event)

    def note(self, event: Event) -> None:
        """Take into account what an event adds to the history, which has seen it already."""
        self.telling.attempts.see(event)
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
                text = f"waiting {event.seconds:.0f} s for {event.message}"
                self._trouble(Trouble(event.at, "stalled", "", "", text))
            case WorkersStarting():
                self.starting = event.what
            case WorkersStarted():
                self.starting = ""

    def _failed(self, event: FailedTry) -> None:
        what, where = _DONE_ABOUT[event.name], f"{event.index:,}"
        self._trouble(Trouble(event.at, what, where, event.kind, event.message))
        self.marks[event.index] |= RETRIED
        if isinstance(event, PartitionSplit):
            self.marks.extend(bytes(len(event.children)))

    def _trouble(self, trouble: Trouble) -> None:
        self.troubles = [*self.troubles[1 - TROUBLES :], trouble]


def _rejects(outcome: Outcome) -> bool:
    return any(
        book.dropped.get(reason) for book in outcome.books for reason in ("quarantined", "skipped")
    )
