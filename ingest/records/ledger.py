"""The ledger: the append-only record of everything that happened in a run, and its fence.

A run's ledger is a sequence of objects `ledger/<seq>.jsonl`, each created only if absent: its first
line says who wrote it, each further line is one event. One attempt writes at a time. An attempt
takes over by creating the next object; the one before then finds its slot taken, reads who has it,
and stops. So nothing has to be locked, and nothing depends on clocks.
"""

import contextlib
import json
import re
import secrets
from collections.abc import Callable, Iterator
from typing import Any

from ingest.core.clock import Clock, SystemClock
from ingest.core.errors import FatalError, FencedError
from ingest.records.runs import RESTORE, other_format
from ingest.storage.objects import Store

FORMAT = 1
_SLOT = re.compile(r"\d{8}\.jsonl")
FLUSH_SECONDS = 1.0
FLUSH_SHARE = 0.01
SHORTEST_S = 0.05
FLUSH_EVENTS = 500

Event = dict[str, Any]
Listener = Callable[[Event], object]


class Ledger:
    """The events of one run. Reading needs nothing; writing begins with `begin`.

    What `append` was given is durable when `flush` has returned, and not before.
    """

    def __init__(self, store: Store, run_id: str, clock: Clock | None = None) -> None:
        self.run_id = run_id
        self.attempt = 0
        self._store = store
        self._clock = clock or SystemClock()
        self._token = secrets.token_hex(8)
        self._next = 0
        self._seen = 0
        self._buffer: list[Event] = []
        self._began_at = self._flushed_at = self._clock.monotonic()
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Call this with each event from now on, as it is appended."""
        self._listeners.append(listener)

    def events(self) -> Iterator[Event]:
        """Read all events from the beginning, one object at a time."""
        names = self._names()
        for name in names:
            yield from self._read(name)[1:]
        self._seen = len(names)

    def begin(self, facts: Event) -> int:
        """Take over what `events` has read to its end, and return the number of this attempt.

        `facts` go into the event `attempt`. Attempts count from 1.

        Raises:
            FencedError: there is more by now. Whoever slept since it read would go on with a run
                that others have finished or abandoned meanwhile.
        """
        names = self._names()
        if len(names) < self._seen:
            raise FencedError(
                f"run {self.run_id}: its records were removed while this attempt was stopped. "
                "It will publish nothing. Run the job again"
            )
        if len(names) != self._seen:
            raise self._fenced(self._read(names[-1])[0])
        last = self._read(names[-1])[0] if names else {"attempt": 0}
        self._next = len(names)
        self.attempt = int(last["attempt"]) + 1
        entry = self._event("attempt", facts)
        self._buffer = [entry]
        self.flush()
        self._tell(entry)
        return self.attempt

    def seize(self) -> bool:
        """Take over a ledger that cannot be read, so that no earlier attempt can write into it.

        Returns whether the commit record stands in what can still be read of it.
        """
        names = [name for name in self._store.names(self._folder) if _SLOT.fullmatch(name)]
        number = int(names[-1].partition(".")[0]) + 1 if names else 0
        self.attempt = self._last_attempt(names) + 1
        while True:
            self._next = number
            self._buffer = [self._event("attempt", {"seized": True})]
            try:
                self.flush()
            except FencedError:
                number += 1
            else:
                break
        return any(b'"event":"publish_begin"' in self._bytes(name) for name in names)

    def append(self, event: str, /, **facts: Any) -> None:
        """Add an event; it is written with the next flush, at most a second from now."""
        entry = self._event(event, facts)
        self._buffer.append(entry)
        self._tell(entry)
        if self._overdue or len(self._buffer) >= FLUSH_EVENTS:
            self.flush()

    def flush_if_due(self) -> None:
        """Write what has waited long enough; to be called when nothing else happens."""
        if self._buffer and self._overdue:
            self.flush()

    @property
    def _overdue(self) -> bool:
        """Whether a kill would cost more than a hundredth of the attempt so far, or a second."""
        now = self._clock.monotonic()
        patience_s = min(FLUSH_SECONDS, max(SHORTEST_S, FLUSH_SHARE * (now - self._began_at)))
        return now - self._flushed_at >= patience_s

    def flush(self) -> None:
        """Make everything that was appended durable.

        Raises:
            FencedError: another attempt has taken the run over.
        """
        self._flushed_at = self._clock.monotonic()
        if not self._buffer:
            return
        self._require_predecessor()
        header = {
            "format": FORMAT,
            "attempt": self.attempt,
            "writer": self._token,
            "events": len(self._buffer),
        }
        lines = [json.dumps(line, separators=(",", ":")) for line in (header, *self._buffer)]
        name = f"{self._next:08d}.jsonl"
        if not self._store.create(f"{self._folder}/{name}", ("\n".join(lines) + "\n").encode()):
            owner = self._read(name)[0]
            if owner["writer"] != self._token:  # else the answer to our own write was lost
                raise self._fenced(owner)
        self._next += 1
        self._buffer.clear()

    def _fenced(self, owner: Event) -> FencedError:
        mine = f"attempt {self.attempt}" if self.attempt else "this attempt before it started"
        return FencedError(
            f"run {self.run_id}: attempt {owner['attempt']} has taken over from {mine}. This "
            "attempt will publish nothing. Follow the other attempt with: ingest status"
        )

    def _require_predecessor(self) -> None:
        """Refuse to write behind a gap: whoever resumed by such a ledger would have lost events."""
        if self._next and not self._store.exists(f"{self._folder}/{self._next - 1:08d}.jsonl"):
            raise FatalError(
                f"{self._store.uri(self._folder)}: {self._next - 1:08d}.jsonl was deleted "
                "during the run. A ledger must be complete, so the run has stopped writing. "
                "Restore the state, then run again"
            )

    def now(self) -> str:
        """Return the time as events have it, UTC."""
        return self._clock.now().isoformat(timespec="milliseconds")

    def _names(self) -> list[str]:
        names = self._store.names(self._folder)
        for number, name in enumerate(names):
            if name != f"{number:08d}.jsonl":
                raise FatalError(
                    f"{self._store.uri(self._folder)}: {number:08d}.jsonl is missing. A ledger "
                    f"must be complete, so the run cannot be trusted. {RESTORE}"
                )
        return names

    def _last_attempt(self, names: list[str]) -> int:
        for name in reversed(names):
            with contextlib.suppress(FatalError):
                return int(self._read(name)[0]["attempt"])
        return 0

    def _bytes(self, name: str) -> bytes:
        return self._store.read(f"{self._folder}/{name}")

    def _tell(self, entry: Event) -> None:
        for listener in self._listeners:
            listener(entry)

    @property
    def _folder(self) -> str:
        return f"runs/{self.run_id}/ledger"

    def _event(self, event: str, facts: Event) -> Event:
        return {"event": event, "at": self.now(), **facts}

    def _read(self, name: str) -> list[Event]:
        place = f"{self._folder}/{name}"
        try:
            lines = [json.loads(line) for line in self._store.read(place).splitlines()]
        except ValueError as error:
            raise self._damaged(place, str(error)) from None
        if not lines or not all(isinstance(line, dict) for line in lines):
            raise self._damaged(
                place, "an empty file" if not lines else "a line that is not a JSON object"
            )
        if (found := lines[0].get("format")) != FORMAT:
            raise other_format(self._store, self.run_id, f"ledger/{name}", found, FORMAT)
        if (events := lines[0].get("events")) != len(lines) - 1:
            raise self._damaged(place, f"{len(lines) - 1} events instead of {events}")
        return lines

    def _damaged(self, place: str, found: str) -> FatalError:
        return FatalError(
            f"{self._store.uri(place)}: the ledger is damaged: {found}. Every line is JSON, "
            f"and the first line says how many follow. {RESTORE}"
        )
