"""What is not as it was when a run was made: its job, and the versions that it is run with."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ingest.core.counts import counted
from ingest.core.dataclass import dataclass
from ingest.core.marks import Decided, decided_at, settings
from ingest.job import Job
from ingest.records import environment

COMPARED: Collection[Decided] = ("rows", "place", "later", "nothing")
"""What two jobs are compared by: all that is a setting of a run."""
PACKAGES = ("ingest", "polars", "pyarrow")
"""The packages whose version may change what comes out of a step, beside those with types of it."""
_RECORDED = ("owner", "description", "tags")
_LISTS = {"transforms": "step", "contract.checks": "check"}
"""What the items are called of lists in which each has a `type`."""


@dataclass(frozen=True, slots=True)
class Change:
    """A setting of a job that is not as it was, as JSON values by its key.

    `decides` is what it would do to a run that is resumed.
    """

    key: str
    was: Any
    now: Any
    decides: Decided

    @property
    def refused(self) -> bool:
        """Whether a run cannot be resumed with it."""
        return self.decides in {"rows", "place"}

    @property
    def told(self) -> str:
        """What was changed, and nothing of what that does."""
        return f"{self.key}: was {self._shown(self.was)}, now {self._shown(self.now)}"

    def __str__(self) -> str:
        """Say what was changed; of what is `refused`, that it affects the output is said once."""
        was, now = self._shown(self.was), self._shown(self.now)
        if self.decides == "later":
            return (
                f"{self.key}: this run keeps {was}, its value when it was planned; the next new "
                f"run uses {now}"
            )
        said = self.told
        if self.refused:
            return said
        kept = "; the run keeps what was recorded" if _below(self.key, _RECORDED) else ""
        return f"{said}: does not affect the output{kept}"

    def _shown(self, value: Any) -> str:
        if value is None:
            return "not set"
        if value in ([], {}):
            return "empty"
        if self.key in _LISTS:
            kinds = ", ".join(str(item["type"]) for item in value)
            return f"{counted(len(value), _LISTS[self.key])} ({kinds})"
        return json.dumps(value)


def changes(then: Job, now: Job) -> list[Change]:
    """Compare two jobs of one name, setting by setting.

    Where the state lies and the library of named pieces are not settings of a run. Nor is how a
    storage is reached: that what is read there is what was planned, is seen when it is read.
    """
    before, after = (settings(job, COMPARED) for job in (then, now))
    found = (
        Change(key, was, is_now, decided_at(then, key))
        for key, was, is_now in differing(before, after)
    )
    return sorted(found, key=lambda change: change.key)


def identity(job: Job) -> str:
    """Return a digest of the settings of a job that decide which rows come out, and where."""
    page = settings(job, ("rows", "place"))
    return hashlib.sha256(json.dumps(page, sort_keys=True).encode()).hexdigest()


def other_environment(facts: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Say which versions a run is resumed with that may treat rows otherwise than the first did."""
    then = {"python": facts.get("python"), **facts.get("versions", {})}
    here = {"python": now["python"], **now["versions"]}
    extensions = (name for name in then if name not in {"python", *environment.PACKAGES})
    found = [
        f"{name} {then[name]} then, {here.get(name)} now"
        for name in ("python", *PACKAGES, *extensions)
        if then.get(name) and _counts(name, then[name]) != _counts(name, here.get(name, ""))
    ]
    if not found:
        return []
    text = "completed partitions were made with the first, the rest will be made with the second. "
    text += "If that matters, resume with the first, or start over with --fresh"
    return [f"{', '.join(found)}: {text}"]


def _counts(name: str, version: str) -> str:
    """Return what matters of a version: of Python only the minor one."""
    return version.rpartition(".")[0] if name == "python" else version


def _below(key: str, roots: tuple[str, ...]) -> bool:
    return any(key == root or key.startswith((f"{root}.", f"{root}[")) for root in roots)


def differing(was: Any, now: Any, key: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield keys and values that differ, as far down as both have the same shape.

    Of two mappings with the same names in another order, the names: columns come out in that order.
    """
    if isinstance(was, dict) and isinstance(now, dict):
        if was.keys() == now.keys() and list(was) != list(now):
            yield key, list(was), list(now)
        for name in was.keys() | now.keys():
            yield from differing(was.get(name), now.get(name), f"{key}.{name}".strip("."))
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for place, (one, other) in enumerate(zip(was, now, strict=True)):
            yield from differing(one, other, f"{key}[{place}]")
    elif was != now:
        yield key, was, now
