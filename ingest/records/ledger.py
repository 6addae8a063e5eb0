"""The ledger: the append-only record of everything that happened in a run, and its fence.

A run's ledger is a sequence of objects `ledger/<seq>.jsonl`, each created only if absent: its first
line says who wrote it, each further line is one event. One attempt writes at a time. An attempt
takes over by creating the next object; the one before then finds its slot taken, reads who has it,
and stops. So nothing has to be locked, and nothing depends on clocks. It is read by
`records/reader.py`.
"""

import contextlib
import json
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ingest.core.clock import Clock, SystemClock
from ingest.core.errors import FatalError, FencedError
from ingest.records.events import AttemptBegan, Committed, Event
from ingest.records.reader import FORMAT, OBJECT, Reader, object_name
from ingest.storage.objects import Store

FLUSH_SECONDS = 1.0
FLUSH_SHARE = 0.01
SHORTEST_S = (0.01, 0.05)
WRITES_APART = 10
FLUSH_EVENTS = 500
_JSON = json.JSONEncoder(separators=(",", ":"))


class Ledger:
    """The ledger of one run, to be written. Writing begins with `begin`.

    `after` is how many objects of it were read, to their end, by whoever decided to take the run
    over. What `append` was given is durable when `flush` has returned, and not before.
    """

    def __init__(
        self, store: Store, run_id: str, clock: Clock | None = None, after: int = 0
    ) -> None:
        self.run_id = run_id
        self.attempt = 0
        self._store = store
        self._reader = Reader(store, run_id)
        self._clock = clock or SystemClock()
        self._token = secrets.token_hex(8)
        self._next = 0
        self._after = after
        self._buffer: list[Event] = []
        self._began_at = self._flushed_at = self._clock.monotonic()
        self._took_s = 0.0
        self._listeners: list[Callable[[Event], object]] = []
        self._keepers: list[Callable[[int, bytes], object]] = []

    @property
    def reader(self) -> Reader:
        """A reader of what is durable of it by now."""
        return Reader(self._store, self.run_id)

    def listen(self, listener: Callable[[Event], object]) -> None:
        """Call this with each event from now on, as it is appended."""
        self._listeners.append(listener)

    def kept_by(self, keeper: Callable[[int, bytes], object]) -> None:
        """Call this when an object is durable, and listeners know all of it.

        With how many there are, and the last of them.
        """
        self._keepers.append(keeper)

    def begin(self, began: AttemptBegan) -> int:
        """Take over what was read to its end, and return the number of this attempt, from 1.

        Raises:
            FencedError: there is more by now. Whoever slept since it read would continue a run
                that others have finished or abandoned meanwhile.
        """
        names = self._reader.names()
        if len(names) < self._after:
            raise FencedError(
                f"run {self.run_id}: its records were removed while this attempt was stopped. "
                "It will publish nothing. Run the job again"
            )
        last = self._reader.object(names[-1]).header if names else {"attempt": 0}
        if len(names) != self._after:
            raise self._fenced(last)
        self._next = len(names)
        self.attempt = int(last["attempt"]) + 1
        event = self._dated(began)
        self._buffer = [event]
        self._written()
        self._tell(event)
        return self.attempt

    def seize(self) -> bool:
        """Take over a ledger that cannot be read, so that no earlier attempt can write into it.

        Returns whether the commit record stands in what can still be read of it.
        """
        folder = self._reader.folder
        names = [name for name in self._store.names(folder) if OBJECT.fullmatch(name)]
        number = int(names[-1].partition(".")[0]) + 1 if names else 0
        self.attempt = self._last_attempt(names) + 1
        while True:
            self._next = number
            self._buffer = [self._dated(AttemptBegan(seized=True))]
            try:
                self.flush()
            except FencedError:
                number += 1
            else:
                break
        commit = f'"event":"{Committed.name}"'.encode()
        return any(commit in self._store.read(f"{folder}/{name}") for name in names)

    def append(self, event: Event) -> None:
        """Add an event; it is written with the next flush, at most a second from now."""
        event = self._dated(event)
        self._buffer.append(event)
        self._tell(event)
        if self._overdue or len(self._buffer) >= FLUSH_EVENTS:
            self.flush()

    def flush_if_due(self) -> None:
        """Write what has waited long enough; to be called when nothing else happens."""
        if self._buffer and self._overdue:
            self.flush()

    @property
    def _overdue(self) -> bool:
        """Whether a kill would cost more than a hundredth of the attempt so far, or a second.

        Not before ten times as long as the last object took to write: 0.01 to 0.05 s.
        """
        now, (least_s, most_s) = self._clock.monotonic(), SHORTEST_S
        shortest_s = min(most_s, max(least_s, WRITES_APART * self._took_s))
        patience_s = min(FLUSH_SECONDS, max(shortest_s, FLUSH_SHARE * (now - self._began_at)))
        return now - self._flushed_at >= patience_s

    def flush(self) -> None:
        """Make everything that was appended durable.

        Raises:
            FencedError: another attempt has taken the run over.
        """
        data = self._written()
        for keeper in self._keepers if data else ():
            keeper(self._next, data)

    def _written(self) -> bytes:
        """Make everything that was appended durable, and return the object; nothing if none is."""
        self._flushed_at = self._clock.monotonic()
        if not self._buffer:
            return b""
        self._require_predecessor()
        header = {
            "format": FORMAT,
            "attempt": self.attempt,
            "writer": self._token,
            "events": len(self._buffer),
        }
        lines = [_JSON.encode(header), *(_JSON.encode(event.to_json()) for event in self._buffer)]
        name = object_name(self._next)
        data = ("\n".join(lines) + "\n").encode()
        if not self._store.create(f"{self._reader.folder}/{name}", data):
            owner = self._reader.object(name).header
            if owner["writer"] != self._token:  # else the answer to our own write was lost
                raise self._fenced(owner)
        self._next += 1
        self._buffer.clear()
        self._took_s = self._clock.monotonic() - self._flushed_at
        return data

    def _fenced(self, owner: dict[str, Any]) -> FencedError:
        mine = f"attempt {self.attempt}" if self.attempt else "this attempt before it started"
        return FencedError(
            f"run {self.run_id}: attempt {owner['attempt']} has taken over from {mine}. This "
            "attempt will publish nothing. Follow the other attempt with: ingest status"
        )

    def _require_predecessor(self) -> None:
        """Refuse to write behind a gap: whoever resumed by such a ledger would have lost events."""
        before, folder = object_name(self._next - 1), self._reader.folder
        if self._next and not self._store.exists(f"{folder}/{before}"):
            raise FatalError(
                f"{self._store.uri(folder)}: {before} was deleted during the run. A ledger must "
                "be complete, so the run has stopped writing. Restore the state, then run again"
            )

    def now(self) -> str:
        """Return the time as events have it, UTC."""
        return self._clock.now().isoformat(timespec="milliseconds")

    def _last_attempt(self, names: list[str]) -> int:
        for name in reversed(names):
            with contextlib.suppress(FatalError):
                return int(self._reader.object(name).header["attempt"])
        return 0

    def _dated(self, event: Event) -> Event:
        return replace(event, at=self.now())

    def _tell(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)
