"""A run's story as of a place in its ledger, so that a long ledger need not be folded again.

A driver rewrites it now and then, and whoever watches begins with it and reads on from there. It
may be lost and is never trusted: it carries a digest of itself and one of the last object of the
ledger that it covers, and whatever does not fit is passed over. Nobody who decides about a run
reads it: a run is resumed by its whole ledger.
"""

import json
from contextlib import suppress
from hashlib import sha256

from ingest.core.clock import Clock
from ingest.core.errors import FatalError, IngestError
from ingest.core.plain import from_plain, to_plain
from ingest.records.events import AttemptBegan, Event
from ingest.records.history import History
from ingest.records.reader import START, Position, Reader, folder_of, object_name
from ingest.storage.objects import Store
from ingest.watch.story import Story
from ingest.watch.telling import Telling

SNAPSHOT = "snapshot.json"
FORMAT = 2
"""Grows with every change to what is folded: a snapshot of another form is passed over."""
EVENTS, OBJECTS = 500, 16
"""A snapshot is written when so much has come since the last one."""
SHARE = 100.0


class Keeper:
    """Writes the snapshots of one run: for at most a hundredth of the driver's time.

    A listener of the run, and told of each object of the ledger that is durable.
    """

    def __init__(self, store: Store, run_id: str, clock: Clock) -> None:
        self._store = store
        self._run_id = run_id
        self._clock = clock
        self._story: Story | None = Story()
        self._events = 0
        self._covered = 0
        self._due = clock.monotonic()

    def __call__(self, event: Event, history: History) -> None:
        """Take one event into account, after the history has."""
        self._events += 1
        if isinstance(event, AttemptBegan) and event.resumed:
            self._story = self._before()  # up to this very event
        elif self._story is not None:
            self._story.telling.history = history
            self._story.note(event)

    def flushed(self, objects: int, last: bytes) -> None:
        """Write a snapshot if it is time; that it fails changes nothing.

        `objects` is how many the ledger has by now, with all events so far; `last` is the last.
        """
        began = self._clock.monotonic()
        is_long = self._events >= EVENTS or objects - self._covered >= OBJECTS
        if self._story is None or not is_long or began < self._due:
            return
        with suppress(IngestError, FileNotFoundError):
            name = f"runs/{self._run_id}/{SNAPSHOT}"
            self._store.replace(name, encoded(self._story, objects, last))
        self._events, self._covered = 0, objects
        now = self._clock.monotonic()
        self._due = now + SHARE * (now - began)

    def _before(self) -> Story | None:
        """Return what came before this attempt; None if that cannot be read now."""
        with suppress(IngestError):
            story = read_on(self._store, self._run_id)
            return None if story.telling.damage else story
        return None


def encoded(story: Story, objects: int, last: bytes) -> bytes:
    """Return a snapshot of a ledger that has so many objects, `last` being the last of them."""
    body = json.dumps(to_plain(story), separators=(",", ":")).encode()
    header = {
        "format": FORMAT, "objects": objects, "last": sha256(last).hexdigest(),
        "sha256": sha256(body).hexdigest(),
    }  # fmt: skip
    return json.dumps(header).encode() + b"\n" + body + b"\n"


def snapshot(store: Store, run_id: str) -> Story | None:
    """Return the last snapshot of a run; None if there is none that fits its ledger."""
    with suppress(IngestError, FileNotFoundError, ValueError, LookupError, TypeError):
        head, body = store.read(f"runs/{run_id}/{SNAPSHOT}").splitlines()
        header = json.loads(head)
        if header["format"] != FORMAT or header["sha256"] != sha256(body).hexdigest():
            return None
        last = store.read(f"{folder_of(run_id)}/{object_name(header['objects'] - 1)}")
        if header["last"] == sha256(last).hexdigest():
            story = from_plain(Story, json.loads(body))
            story.telling.position = Position(header["objects"])
            return story
    return None


def read_on(store: Store, run_id: str) -> Story:
    """Return the story of a run by all of its ledger: the last snapshot, and what has come since.

    What cannot be read is told by the receipt, or by its damage.
    """
    story = snapshot(store, run_id) or Story()
    telling, reader = story.telling, Reader(store, run_id)
    try:
        if telling.position == START:
            for event in reader.events():  # unlike what follows, it misses objects that are gone
                story.see(event)
            telling.position = Position(reader.read)
        for position, event in reader.follow(telling.position):
            story.see(event)
            telling.position = position
    except FatalError as error:
        telling.spoil(store, run_id, error)
    return story


def told(store: Store, run_id: str) -> Telling:
    """Return what the ledger of a run tells by now."""
    return read_on(store, run_id).telling
