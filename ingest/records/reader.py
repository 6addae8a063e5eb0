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
Line = dict[str, Any]


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
            yield from (self._event(name, line) for line in self.lines(name)[1:])
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
        while (lines := self._lines_if_there(object_name(number))) is not None:
            for line in lines[1 + read :]:
                read += 1
                here = Position(number, read) if read < len(lines) - 1 else Position(number + 1)
                yield here, self._event(object_name(number), line)
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

    def lines(self, name: str) -> list[Line]:
        """Return what an object says: who wrote it, then its events as plain data.

        Raises:
            FatalError: it is damaged, or has a format that this release does not read.
            FileNotFoundError: it is not there.
        """
        data = self._store.read(f"{self.folder}/{name}")
        try:
            lines = [json.loads(line) for line in data.splitlines()]
        except ValueError as error:
            raise self._damaged(name, str(error)) from None
        if not lines or not all(isinstance(line, dict) for line in lines):
            what = "an empty file" if not lines else "a line that is not a JSON object"
            raise self._damaged(name, what)
        if (found := lines[0].get("format")) != FORMAT:
            raise other_format(self._store, self.run_id, f"ledger/{name}", found, FORMAT)
        if (events := lines[0].get("events")) != len(lines) - 1:
            raise self._damaged(name, f"{len(lines) - 1} events instead of {events}")
        return lines

    def _lines_if_there(self, name: str) -> list[Line] | None:
        try:
            return self.lines(name)
        except FileNotFoundError:
            return None

    def _event(self, name: str, line: Line) -> Event:
        try:
            return Event.from_json(line)
        except UnknownEventError as error:
            raise newer_event(self._store, self.run_id, f"ledger/{name}", str(error)) from None
        except (LookupError, TypeError, AttributeError):
            kind = f'an event "{line.get("event", "")}"'
            raise self._damaged(name, f"{kind} without a key, or of another shape") from None

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
