"""The ledger: the append-only record of everything that happened in a run, and its fence.

A run's ledger is a sequence of objects `ledger/<seq>.jsonl`, each created only if absent: its first
line says who wrote it, each further line is one event. One attempt writes at a time. An attempt
takes over by creating the next object; the one before then finds its slot taken, reads who has it,
and stops. So nothing has to be locked, and nothing depends on clocks.
"""

import json
import secrets
from collections.abc import Callable, Iterator
from typing import Any

from ingest.core.clock import Clock, SystemClock
from ingest.core.errors import FatalError, FencedError
from ingest.core.storage import Store

FORMAT = 1
FLUSH_SECONDS = 1.0
FLUSH_EVENTS = 500

Event = dict[str, Any]
Listener = Callable[[Event], None]


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
        self._buffer: list[Event] = []
        self._flushed_at = self._clock.monotonic()
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Call this with each event from now on, as it is appended."""
        self._listeners.append(listener)

    def events(self) -> Iterator[Event]:
        """Read all events from the beginning, one object at a time."""
        for name in self._names():
            yield from self._read(name)[1:]

    def begin(self, facts: Event) -> int:
        """Take the ledger over and return the number of this attempt, from 1.

        `facts` go into the event `attempt`.
        """
        names = self._names()
        while True:
            last = self._read(names[-1])[0] if names else {"attempt": 0}
            self._next = len(names)
            self.attempt = int(last["attempt"]) + 1
            entry = self._event("attempt", facts)
            self._buffer = [entry]
            try:
                self.flush()
            except FencedError:  # two began at once: the loser takes the next slot
                names = self._names()
            else:
                self._tell(entry)
                return self.attempt

    def append(self, event: str, /, **facts: Any) -> None:
        """Add an event; it is written with the next flush, at most a second from now."""
        entry = self._event(event, facts)
        self._buffer.append(entry)
        self._tell(entry)
        overdue = self._clock.monotonic() - self._flushed_at >= FLUSH_SECONDS
        if overdue or len(self._buffer) >= FLUSH_EVENTS:
            self.flush()

    def flush_if_due(self) -> None:
        """Write what has waited for a second; to be called when nothing else happens."""
        if self._buffer and self._clock.monotonic() - self._flushed_at >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Make everything that was appended durable.

        Raises:
            FencedError: another attempt has taken the run over.
        """
        self._flushed_at = self._clock.monotonic()
        if not self._buffer:
            return
        header = {"format": FORMAT, "attempt": self.attempt, "writer": self._token}
        lines = [json.dumps(line, separators=(",", ":")) for line in (header, *self._buffer)]
        name = f"{self._next:08d}.jsonl"
        if not self._store.create(f"{self._folder}/{name}", ("\n".join(lines) + "\n").encode()):
            owner = self._read(name)[0]
            if owner["writer"] != self._token:  # else the answer to our own write was lost
                raise FencedError(
                    f"run {self.run_id}: attempt {owner['attempt']} has taken over from attempt "
                    f"{self.attempt}. Nothing of this attempt will be published; follow the other "
                    f"with: ingest status"
                )
        self._next += 1
        self._buffer.clear()

    def _names(self) -> list[str]:
        names = self._store.names(self._folder)
        for number, name in enumerate(names):
            if name != f"{number:08d}.jsonl":
                raise FatalError(
                    f"{self._store.uri(self._folder)}: {number:08d}.jsonl is missing. A ledger has "
                    "no gaps. Restore the file from a backup; nothing of the run can be trusted"
                )
        return names

    def _tell(self, entry: Event) -> None:
        for listener in self._listeners:
            listener(entry)

    @property
    def _folder(self) -> str:
        return f"runs/{self.run_id}/ledger"

    def _event(self, event: str, facts: Event) -> Event:
        return {"event": event, "at": self._clock.now().isoformat(timespec="milliseconds"), **facts}

    def _read(self, name: str) -> list[Event]:
        place = f"{self._folder}/{name}"
        try:
            lines = [json.loads(line) for line in self._store.read(place).splitlines()]
        except ValueError as error:
            raise FatalError(
                f"{self._store.uri(place)}: the ledger is damaged: {error}. Every line is JSON. "
                "Restore the file from a backup"
            ) from None
        if not lines or lines[0].get("format") != FORMAT:
            found = lines[0].get("format") if lines else "an empty file"
            raise FatalError(
                f"{self._store.uri(place)}: the ledger has format {found}. This version of ingest "
                f"reads format {FORMAT}. Use the version that wrote it"
            )
        return lines
