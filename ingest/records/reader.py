"""Reading a ledger: all of it from the beginning, or what came since.

A reader never writes, and has no part in who may: whoever watches a run can be killed, started
again and be as many as it likes. Who writes is settled in `records/ledger.py`.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from ingest.core.errors import FatalError
from ingest.records.events import Event, UnknownEventError
from ingest.records.runs import RESTORE, newer_event, other_format
from ingest.storage.objects import Store

FORMAT = 1
OBJECT = re.compile(r"\d{8}\.jsonl")


class LedgerObject(NamedTuple):
    """An object of a ledger: who wrote it, and its events as lines of JSON, not read yet."""

    header: dict[str, Any]
    lines: list[bytes]


class Position(NamedTuple):
    """How far a ledger was read: which object is next, and how many of its events were read."""

    object: int = 0
    event: int = 0


START = Position()


class Reader:
    """The ledger of one run, to be read. `read` is how many objects `events` has come through."""

    def __init__(self, store: Store, run_id: str) -> None:
        self.run_id = run_id
        self.read = 0
        self._store = store

    def events(self) -> Iterator[Event]:
        """Read all events from the beginning, one object at a time.

        Raises:
            FatalError: the ledger is damaged or has a gap, or this release cannot read it.
        """
        self.read = 0
        for number, name in enumerate(self.names()):
            for line in self.object(name).lines:
                yield self._event(name, line)
            self.read = number + 1

    def follow(self, after: Position = START) -> Iterator[tuple[Position, Event]]:
        """Yield what came after a position, each event with the position behind it.

        Ends where nothing more is there yet: ask again, from the last position, whenever you like.
        Each event comes exactly once, in order, and only once it is durable. Nothing there, not
        even the run, is no error. A question to which there is nothing new costs one look at the
        store, however long the ledger is.

        Raises:
            FatalError: an object is damaged, or this release cannot read it.
        """
        number, read = after
        while (lines := self._lines(name := object_name(number))) is not None:
            for line in lines[read:]:
                read += 1
                here = Position(number, read) if read < len(lines) else Position(number + 1)
                yield here, self._event(name, line)
            number, read = number + 1, 0

    @property
    def folder(self) -> str:
        """Where the objects are."""
        return folder_of(self.run_id)

    def names(self) -> list[str]:
        """Return the names of all objects, in order.

        Raises:
            FatalError: one is missing.
        """
        names = self._store.names(self.folder)
        for number, name in enumerate(names):
            if name != object_name(number):
                raise FatalError(
                    f"{self._store.uri(self.folder)}: {object_name(number)} is missing. A ledger "
                    f"must be complete, so the run cannot be trusted. {RESTORE}"
                )
        return names

    def object(self, name: str) -> LedgerObject:
        """Return an object of the ledger.

        Raises:
            FatalError: it is damaged, or has a format that this release does not read.
            FileNotFoundError: it is not there.
        """
        first, *lines = self._store.read(f"{self.folder}/{name}").splitlines() or [b""]
        header = self._parsed(name, first)
        if (found := header.get("format")) != FORMAT:
            raise other_format(self._store, self.run_id, f"ledger/{name}", found, FORMAT)
        if (events := header.get("events")) != len(lines):
            raise self._damaged(name, f"{len(lines)} events instead of {events}")
        return LedgerObject(header, lines)

    def _lines(self, name: str) -> list[bytes] | None:
        try:
            return self.object(name).lines
        except FileNotFoundError:
            return None

    def _parsed(self, name: str, line: bytes) -> dict[str, Any]:
        try:
            data = json.loads(line.decode())
        except ValueError as error:
            raise self._damaged(name, str(error)) from None
        if not isinstance(data, dict):
            raise self._damaged(name, "a line that is not a JSON object")
        return data

    def _event(self, name: str, line: bytes) -> Event:
        data = self._parsed(name, line)
        try:
            return Event.from_json(data)
        except UnknownEventError as error:
            raise newer_event(self._store, self.run_id, f"ledger/{name}", str(error)) from None
        except (LookupError, TypeError, AttributeError) as error:
            raise self._damaged(name, f"an event of another shape ({error})") from None

    def _damaged(self, name: str, found: str) -> FatalError:
        return FatalError(
            f"{self._store.uri(f'{self.folder}/{name}')}: the ledger is damaged: {found}. Every "
            f"line is JSON, and the first line says how many follow. {RESTORE}"
        )


def folder_of(run_id: str) -> str:
    """Return where the ledger of a run is in a store."""
    return f"runs/{run_id}/ledger"


def object_name(number: int) -> str:
    """Return the name of an object of a ledger, from 0."""
    return f"{number:08d}.jsonl"
