"""What the ledger of a run tells of it: a fold over its events."""

from dataclasses import field

from ingest.core.dataclass import dataclass
from ingest.core.errors import FatalError
from ingest.records.events import Event
from ingest.records.history import History
from ingest.records.reader import START, Position, Reader
from ingest.records.receipts import ended
from ingest.records.runs import OtherFormatError, Runs
from ingest.storage.objects import Store
from ingest.watch.attempts import Attempts


@dataclass(slots=True)
class Telling:
    """What the ledger of a run tells: a fold over its events.

    `damage` says why it cannot be read, `how` that is: `damaged` or `unreadable`.
    """

    history: History = field(default_factory=History)
    attempts: Attempts = field(default_factory=Attempts)
    damage: str = ""
    how: str = ""
    position: Position = START

    def read_on(self, store: Store, run_id: str) -> None:
        """Take into account what has come since; of a damaged ledger nothing."""
        try:
            for position, event in Reader(store, run_id).follow(self.position):
                self.see(event)
                self.position = position
        except FatalError as error:
            self.spoil(store, run_id, error)

    def see(self, event: Event) -> None:
        """Take one event into account."""
        self.history.see(event)
        self.attempts.see(event)

    def spoil(self, store: Store, run_id: str, error: FatalError) -> None:
        """Take into account that the rest of the ledger cannot be read."""
        given_up = Runs(store).given_up(run_id)
        if not given_up and (past := ended(store, run_id)) is not None:
            self.history, self.attempts = past, Attempts()
        else:
            self.damage = str(error)
            self.how = "unreadable" if isinstance(error, OtherFormatError) else "damaged"
