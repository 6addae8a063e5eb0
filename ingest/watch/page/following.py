"""Following one run: its ledger from where it was read to, and whether its process still lives."""

import time
from contextlib import suppress
from dataclasses import field
from itertools import islice
from typing import Any

import yaml

from ingest.config import parsing
from ingest.core.dataclass import dataclass
from ingest.core.errors import FatalError, IngestError
from ingest.records.events import Event
from ingest.records.lease import TIME_TO_LIVE_S, pulse
from ingest.records.reader import START, Position, Reader
from ingest.records.runs import Runs
from ingest.records.status import working
from ingest.records.succession import Succession
from ingest.storage.objects import Store
from ingest.watch.page.entry import Entry, entry_of
from ingest.watch.runs import at_work, facts_of, state_of
from ingest.watch.snapshots import snapshot
from ingest.watch.story import Story

BATCH = 500
LOOK_S = 2.0


@dataclass(slots=True)
class Followed:
    """A run whose ledger is followed. `pull` looks at the store, `take` folds what it brought.

    `job_page` is the job as composed, `facts` what was recorded when the run was made. `last` is
    whether no later run has taken its place.
    """

    store: Store
    run_id: str
    job: str
    story: Story = field(default_factory=Story)
    facts: dict[str, Any] = field(default_factory=dict)
    job_page: dict[str, Any] = field(default_factory=dict)
    receipt: dict[str, Any] | None = None
    state: str = "running"
    last: bool = True
    working: frozenset[int] = frozenset()
    is_behind: bool = True
    seen_at: float = field(default_factory=time.monotonic)
    looked_at: float = -LOOK_S
    _pulse: tuple[bytes, float] = (b"", 0.0)
    _batch: list[tuple[Position, Event]] = field(default_factory=list)
    _damage: FatalError | None = None
    _snapshot: Story | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will be written of it."""
        phase = self.story.telling.history.phase
        ended = phase == "abandoned" or (phase == "done" and self.receipt is not None)
        return ended and not self.is_behind

    @property
    def is_shown(self) -> bool:
        """Whether everything that is recorded of it by now can be shown."""
        return self.has_ended or (not self.is_behind and self.state != "done")

    @property
    def position(self) -> Position:
        """How far its ledger was read."""
        return self.story.telling.position

    @property
    def quiet_s(self) -> float:
        """How long ago the last event came."""
        return time.monotonic() - self.seen_at

    def pull(self) -> None:
        """Read what is new, a batch of events at most, and how the run stands. Slow: no lock."""
        if not self.facts:
            self._recorded()
        if self._damage is None:
            try:
                reader = Reader(self.store, self.run_id)
                self._batch = list(islice(reader.follow(self._begun()), BATCH))
            except FatalError as error:
                self._damage = error
        with suppress(IngestError, FileNotFoundError):
            self._look()

    def take(self) -> bool:
        """Fold what was read; say whether that changes what is shown."""
        batch, self._batch = self._batch, []
        was, brought = self.is_behind, bool(batch) or self._snapshot is not None
        self.is_behind = len(batch) == BATCH
        if self._snapshot is not None:
            self.story, self._snapshot = self._snapshot, None
        telling = self.story.telling
        for telling.position, event in batch:
            self.story.see(event)
        if brought:
            self.seen_at = time.monotonic()
            if telling.history.ended:  # a later attempt has cleared that, if there is one
                self.state = state_of(telling.history, None)
                self.looked_at = -LOOK_S  # the receipt is there, or somebody has resumed the run
        if self._damage is not None and not telling.damage and not telling.history.ended:
            telling.spoil(self.store, self.run_id, self._damage)
            self.state = telling.how or state_of(telling.history, None)
        return brought or was != self.is_behind

    def entry(self) -> Entry:
        """Return the run's line of the list, as of now."""
        rates = self.story.pace.rates(self.story.telling.history, self.quiet_s)
        return entry_of(
            self.run_id, self.job, self.story.telling, self.state,
            user=self.facts.get("user", ""), rate=next(iter(rates.values()), 0.0),
            quiet_s=self.quiet_s,
        )  # fmt: skip

    def _begun(self) -> Position:
        """Return where to read on: behind the last snapshot, if there is one."""
        if self.position == START:
            self._snapshot = snapshot(self.store, self.run_id)
        return self._snapshot.telling.position if self._snapshot else self.position

    def _recorded(self) -> None:
        runs = Runs(self.store)
        self.facts = facts_of(runs, self.run_id) or {"run_id": self.run_id}
        with suppress(FatalError, yaml.YAMLError):
            page = parsing.data(runs.config(self.run_id), yaml.SafeLoader)
            self.job_page = page if isinstance(page, dict) else {}

    def _look(self) -> None:
        """See whether somebody works on the run; only now and then, and not while events come."""
        now = time.monotonic()
        if now - self.looked_at < LOOK_S or len(self._batch) == BATCH:
            return
        self.looked_at = now
        telling = self.story.telling
        history = telling.history
        if telling.damage:
            given_up = Runs(self.store).given_up(self.run_id)
            self.state = "abandoned" if given_up else telling.how
            return
        self.last = not Succession(self.store, self.job).later(self.run_id)
        holder = at_work(self.store, self.job, self.run_id) if self.last else None
        state = state_of(history, holder)
        if state == "open":  # on another machine: only its heartbeat tells
            state = "running" if self._beats(now) else "died"
        elif state == "died" and (self._batch or not history.phase):
            state = "running"
        self.state = state
        self.working = working(self.store, self.run_id) if state == "running" else frozenset()
        if history.phase == "done" and self.receipt is None:
            self.receipt = Runs(self.store).receipt(self.run_id)

    def _beats(self, now: float) -> bool:
        beat = pulse(self.store, f"jobs/{self.job}/lease")
        if beat != self._pulse[0]:
            self._pulse = beat, now
        return now - self._pulse[1] < TIME_TO_LIVE_S
