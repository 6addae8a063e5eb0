"""All runs of a state, followed live until they are over: what every view is made of."""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace

from ingest.core.errors import FatalError, IngestError
from ingest.records.history import History
from ingest.records.reader import Reader, object_name
from ingest.records.runs import Runs
from ingest.storage.glance import AT_ONCE, Glance
from ingest.storage.objects import Store
from ingest.watch.metrics.collector import Watched
from ingest.watch.page.entry import Entry, closed_entry, removed_entry
from ingest.watch.page.following import Followed
from ingest.watch.page.schedules import Schedules
from ingest.watch.runs import newest

SLICE_S = 0.1
VIEWED = 16
RESTING = 20
LIST_SHARE = 20.0
"""Listing all runs takes at most a twentieth of the time."""


class Catalogue:
    """The runs of a state. One thread calls `round`; others read, while they hold `lock`.

    Ended runs are kept as a line each, about 1 kB. Runs that are not over, and up to `VIEWED` that
    somebody looks at, are kept as stories. `version` grows with whatever changes.
    """

    def __init__(self, store: Store) -> None:
        self.store = Glance(store)
        self.lock = threading.RLock()
        self.entries: dict[str, Entry] = {}
        self.version = 0
        self.problem = ""
        self.wake = threading.Event()
        self._jobs: dict[str, str] = {}
        self._unread: list[str] = []
        self._open: dict[str, Followed] = {}
        self._viewed: OrderedDict[str, Followed] = OrderedDict()
        self._resting: dict[str, int] = {}
        self._last: dict[str, tuple[str, History]] = {}
        self._schedules = Schedules(self.store)
        self._listing_due = 0.0
        self._wanted: set[str] = set()

    @property
    def unread(self) -> int:
        """How many runs are known by name only so far."""
        return len(self._unread)

    def job_of(self, run_id: str) -> str | None:
        """Return the job of a run; None if there is no such run."""
        return self._jobs.get(run_id)

    def newest(self) -> list[Entry]:
        """Return all runs that were read, newest first."""
        return sorted(self.entries.values(), key=lambda entry: entry.run_id, reverse=True)

    def followed(self, run_id: str) -> Followed | None:
        """Return a run to look at, or None if there is none; it may still be read, see `is_behind`.

        None also if `ingest clean` has removed its records: its entry says so.

        It is read on from now on, for as long as it is among the last ones that were asked for.
        """
        known = self.entries.get(run_id)
        job = self._jobs.get(run_id)
        if job is None or (known and known.state == "removed"):
            return None
        followed = self._open.get(run_id) or self._viewed.get(run_id)
        if followed is None:
            followed = Followed(self.store, run_id, job)
        self._viewed[run_id] = followed
        self._viewed.move_to_end(run_id)
        while len(self._viewed) > VIEWED:
            self._viewed.popitem(last=False)
        return followed

    def watched(self) -> Iterator[Watched]:
        """Yield the last run of each job, for Prometheus."""
        for job, (run_id, history) in self._last.items():
            at = history.ended_at
            if followed := self._open.get(run_id):
                pages = followed.story.telling.attempts.pages
                at = pages[-1].last_at if pages else ""
            entry = self.entries.get(run_id)
            died = entry is not None and entry.state == "died"
            yield Watched(job, run_id, history, at, died=died, due=self._schedules.due(job))

    def round(self) -> bool:
        """Look at the state once; say whether there is more to read at once."""
        self.store.look()
        try:
            if time.monotonic() >= self._listing_due:
                self._list()
            more = self._read()
            self._rest()
            more |= self._follow()
            self._schedules.read({job: run_id for job, (run_id, _) in self._last.items()})
        except (IngestError, OSError) as error:
            self._changed(problem=str(error))
            return False
        self._changed(problem="")
        return more

    def _list(self) -> None:
        began = time.monotonic()
        every = dict(newest(self.store, None))
        new, gone = every.keys() - self._jobs.keys(), self._jobs.keys() - every.keys()
        with self.lock:
            self._jobs.update((run_id, every[run_id]) for run_id in new)
            self._unread = sorted({*self._unread, *new} - gone)
            for run_id in gone:
                self._forget(run_id)
        now = time.monotonic()
        self._listing_due = now + max(1.0, LIST_SHARE * (now - began))

    def _forget(self, run_id: str) -> None:
        self.version += 1
        self._jobs.pop(run_id)
        for kept in (self.entries, self._open, self._viewed, self._resting):
            kept.pop(run_id, None)

    def _follow(self) -> bool:
        """Read on what is not over, and what somebody looks at and was not read to its end."""
        with self.lock:
            looked_at = {name: run for name, run in self._viewed.items() if not run.has_ended}
            every = list({**self._open, **looked_at}.values())
        if not self.store.is_local:
            self.store.each(Followed.pull, every)
        for followed in every:
            if self.store.is_local:
                followed.pull()
            with self.lock:
                self._shown(followed, changed=followed.take())
        return any(followed.is_behind for followed in every)

    def _shown(self, followed: Followed, *, changed: bool) -> None:
        run_id, entry = followed.run_id, followed.entry()
        before = self.entries.get(run_id)
        if changed or before is None or _differs(before, entry):
            self.version += 1
        if followed.is_behind and before is not None and run_id not in self._open:
            return  # an ended run that somebody opened: its line is known already
        self.entries[run_id] = entry
        self._remember(run_id, followed.job, followed.story.telling.history)
        if followed.is_behind:
            return
        if entry.state == "running":
            self._open.setdefault(run_id, followed)
        elif self._open.pop(run_id, None) and not followed.has_ended:
            self._resting[run_id] = _objects(followed)

    def _rest(self) -> None:
        """See whether somebody has resumed an unfinished run: a few of them in each round."""
        for run_id in list(self._resting)[:RESTING]:
            number = self._resting.pop(run_id)
            if self.store.exists(f"{Reader(self.store, run_id).folder}/{object_name(number)}"):
                with self.lock:
                    viewed = self._viewed.get(run_id)
                    self._open[run_id] = viewed or Followed(self.store, run_id, self._jobs[run_id])
            else:
                self._resting[run_id] = number  # behind all others

    def _read(self) -> bool:
        """Read runs that are known by name only, the newest first, for a tenth of a second."""
        until = time.monotonic() + SLICE_S
        while self._unread and time.monotonic() < until:
            batch, self._unread = self._unread[-AT_ONCE:], self._unread[:-AT_ONCE]
            self.store.each(self._begin, reversed(batch))
        return bool(self._unread)

    def _begin(self, run_id: str) -> None:
        job = self._jobs[run_id]
        try:
            if (mark := Runs(self.store).removed(run_id)) is not None:
                return self._closed(removed_entry(mark, run_id, job), None)
            if closed := closed_entry(self.store, run_id, job):
                return self._closed(*closed)
            if not Runs(self.store).exists(run_id):
                return None
        except FatalError:
            pass  # what is damaged says so where it is followed
        with self.lock:
            self._open.setdefault(run_id, Followed(self.store, run_id, job))
        return None

    def _closed(self, entry: Entry, history: History | None) -> None:
        with self.lock:
            self.entries[entry.run_id] = entry
            if history:
                self._remember(entry.run_id, entry.job, history)
            self.version += 1

    def _remember(self, run_id: str, job: str, history: History) -> None:
        if run_id >= self._last.get(job, ("", history))[0]:
            self._last[job] = run_id, history

    def _changed(self, problem: str) -> None:
        with self.lock:
            self.version += problem != self.problem
            self.problem = problem


def _differs(before: Entry, after: Entry) -> bool:
    """Whether a line shows anything else; that time passes the browser sees by itself."""
    return replace(before, seconds=0.0) != replace(after, seconds=0.0)


def _objects(followed: Followed) -> int:
    """Return how many objects of its ledger were read."""
    return followed.position.object
