"""What publishing is going to do, written down before the commit, as lines beside the ledger.

They lie in `runs/<run_id>/publish/<attempt>-<effect>-<n>.jsonl`, some thousand lines each, created
once. The commit record holds how many objects there are and their digest, so that its size does not
grow with the lines.
Lines of an attempt that died before its commit stay where they are and are read by nobody.
"""

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ingest.core.dataclass import dataclass
from ingest.core.errors import FatalError
from ingest.records.events import IntentFacts
from ingest.records.runs import RESTORE
from ingest.storage.objects import Store

LINES = 2_000
"""How many lines an object has, but for the last."""


class Intents:
    """The lines that attempts of a run have written down."""

    def __init__(self, store: Store, run_id: str) -> None:
        self._store, self._folder = store, f"runs/{run_id}/publish"
        self._last = ("", b"")

    def write(self, name: str, lines: Iterable[Mapping[str, Any]]) -> IntentFacts:
        """Write lines down, durably, under a name of this attempt's own.

        In memory is one object at a time.

        Raises:
            FatalError: somebody else has written under that name.
        """
        digest, objects, count = hashlib.sha256(), 0, 0
        encoded = (json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
        while part := list(itertools.islice(encoded, LINES)):
            data = "".join(part).encode()
            place = self.place(name, objects)
            if not self._store.create(place, data) and self._store.read(place) != data:
                raise FatalError(
                    f"{self._store.uri(place)}: written by another process. Nothing was "
                    "published. Run the job again"
                )
            digest.update(data)
            objects, count = objects + 1, count + len(part)
        return IntentFacts(name, objects, count, digest.hexdigest())

    def read(self, facts: IntentFacts) -> "Intent":
        """Return lines as they were written down, having looked at all of them.

        Raises:
            FatalError: they are not what was committed.
        """
        intent, digest = Intent(self, facts), hashlib.sha256()
        for data in intent.objects():
            digest.update(data)
        if digest.hexdigest() != facts.sha256:
            raise self._damaged(facts.name, "it is not what was committed")
        return intent

    def object(self, name: str, number: int) -> bytes:
        """Return one object of some thousand lines; the last one is kept, often the only one."""
        place = self.place(name, number)
        if self._last[0] != place:
            try:
                self._last = place, self._store.read(place)
            except FileNotFoundError:
                raise self._damaged(name, f"{name}-{number:05d}.jsonl is missing") from None
        return self._last[1]

    def place(self, name: str, number: int) -> str:
        """Return the name of an object in the state."""
        return f"{self._folder}/{name}-{number:05d}.jsonl"

    def _damaged(self, name: str, found: str) -> FatalError:
        place = self._store.uri(f"{self._folder}/{name}-*.jsonl")
        return FatalError(
            f"{place}: the list of what the run publishes is damaged: {found}. {RESTORE}"
        )


@dataclass(frozen=True, slots=True)
class Intent:
    """Lines that were written down; each iteration reads them from the beginning."""

    intents: Intents
    facts: IntentFacts

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        """Yield the lines, some thousand of them in memory at a time."""
        for data in self.objects():
            yield from map(json.loads, data.splitlines())

    def objects(self) -> Iterator[bytes]:
        """Yield the objects that they stand in."""
        return (self.intents.object(self.facts.name, n) for n in range(self.facts.objects))
