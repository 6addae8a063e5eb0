"""Following a submitted run: by its ledger, as if it were here; Ray only says whether it lives."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import field

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError, FatalError, RetryableError
from ingest.records.events import AttemptBegan, Event
from ingest.records.history import History
from ingest.records.reader import START, Position, Reader
from ingest.records.runs import Runs
from ingest.storage.objects import Store

POLL_S = 0.5
SILENT_S = 30.0
"""A cluster that does not answer for so long, while the run records nothing either, is gone."""
_LOOKED_AT = 5
"""A submission resumes the job's last run or makes a new one: no older one can be meant."""

Show = Callable[[Event, History], object]


@dataclass(slots=True)
class Follower:
    """Follows the attempt of a submission at a run. `run_id` is empty until it has begun one."""

    store: Store
    job: str
    submission: str
    show: Show
    run_id: str = ""
    history: History = field(default_factory=History)
    _at: Position = START
    _ours: bool = False

    @property
    def seen(self) -> Position:
        """How far its ledger has been read."""
        return self._at

    def look(self) -> None:
        """Show what came since the last look. A store that does not answer now is asked again."""
        with suppress(RetryableError):
            self.run_id = self.run_id or self._found()
            if self.run_id:
                self._read()

    def _found(self) -> str:
        runs = Runs(self.store)
        for run_id in reversed(runs.of_job(self.job)[-_LOOKED_AT:]):
            with suppress(ConfigError, FatalError):  # the records of another run are damaged
                if any(self._is_ours(event) for _, event in Reader(self.store, run_id).follow()):
                    return run_id
        return ""

    def _read(self) -> None:
        for position, event in Reader(self.store, self.run_id).follow(self._at):
            self._at = position
            self.history.see(event)
            if isinstance(event, AttemptBegan):
                self._ours = self._is_ours(event)
            if self._ours:
                self.show(event, self.history)

    def _is_ours(self, event: Event) -> bool:
        return isinstance(event, AttemptBegan) and event.submission == self.submission


class Silence:
    """Since when nothing was heard of a run, neither by its cluster nor by its ledger."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._seen = follower.seen
        self._since = time.monotonic()

    def end(self) -> None:
        """Note that something was heard."""
        self._since = time.monotonic()

    @property
    def is_long(self) -> bool:
        """Whether it has lasted for so long that nothing more is expected."""
        if self._follower.seen != self._seen:
            self._seen = self._follower.seen
            self.end()
        return time.monotonic() - self._since > SILENT_S


def follow(follower: Follower, ended: Callable[[], bool], pause_s: float = POLL_S) -> None:
    """Follow until the process has ended, and all that it has recorded is shown."""
    while True:
        over = ended()  # asked first: what it has recorded by then is read below
        follower.look()
        if over:
            return
        time.sleep(pause_s)
