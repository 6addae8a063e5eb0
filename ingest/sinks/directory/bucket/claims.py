"""Claiming a prefix: by a chain of numbered objects, each created once, of which the last counts.

An entry is a claim, or says that the claim before it is released. Entries before the last are
removed, the last never: so whoever was stopped and then writes an entry whose number was used and
removed finds later ones, and takes its own away again.
"""

import json

from ingest.sinks.base import Claim
from ingest.sinks.directory import claims
from ingest.sinks.directory.bucket.names import Names
from ingest.storage.retrying import RetryingBucket


class Claims:
    """The claims of one prefix."""

    def __init__(self, objects: RetryingBucket, names: Names, place: str) -> None:
        self._objects = objects
        self._names = names
        self._place = place

    def claim(self, mine: Claim) -> None:
        """Claim the prefix for a run.

        Raises:
            FatalError: a run of another state has claimed it and has not published; or the last
                claim cannot be read.
        """
        while True:
            number, theirs = self._standing()
            where = self._objects.uri(self._name(number))
            claims.refuse_other(self._place, theirs, mine, where)
            if theirs == mine or self._follow(number, claims.written(mine)):
                return

    def release(self, run_id: str) -> None:
        """Release the prefix if a run has claimed it. Idempotent."""
        while True:
            number, theirs = self._standing()
            if theirs is None or theirs.run_id != run_id:
                return
            if self._follow(number, json.dumps({"released": run_id}).encode()):
                return

    def _standing(self) -> tuple[int, Claim | None]:
        """Return the number of the last entry, 0 without one, and its claim if it is one."""
        while numbers := self._numbers():
            name = self._name(numbers[-1])
            try:
                data = self._objects.read(name)
            except FileNotFoundError:  # another entry has followed, or it came too late
                continue
            if b'"released"' in data:
                return numbers[-1], None
            return numbers[-1], claims.read(data, self._objects.uri(name))
        return 0, None

    def _follow(self, number: int, data: bytes) -> bool:
        """Write the entry after this one; say whether it is the last now."""
        mine = self._name(number + 1)
        if not self._objects.create(mine, data):
            return False
        numbers = self._numbers()
        if numbers[-1:] != [number + 1]:
            self._objects.remove([mine])
            return False
        self._objects.remove(self._name(each) for each in numbers if each <= number)
        return True

    def _numbers(self) -> list[int]:
        names = (name.removesuffix(".json") for name in self._objects.names(self._names.claims))
        return sorted(int(name) for name in names if name.isdecimal())

    def _name(self, number: int) -> str:
        return f"{self._names.claims}/{number:09}.json"
