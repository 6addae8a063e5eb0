"""What is not as it was when a run was made: its job, and the versions that it is run with."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ingest.job import Job

Effect = Literal["rows", "place", "later", "none"]

ROWS = ("name", "source", "transforms", "contract", "execution.seed", "execution.python")
"""The parts of a job that decide which rows come out."""
IDENTITY = {"name", "source", "transforms", "contract", "sink", "execution"}
"""What the identity of a job is made of: those, and where the rows go."""
_APART: dict[str, Any] = {
    "state": True,
    "state_connection": True,
    "lib": True,
    "source": {"connection"},
    "sink": {"connection"},
    "contract": {"quarantine": {"connection"}},
    "transforms": {"__all__": {"reference": {"connection"}}},
}
PACKAGES = ("ingest", "polars", "pyarrow")
"""The packages whose version may change what comes out of a step."""
_RECORDED = ("owner", "description", "tags")
_SAID = {
    "rows": "affects the output; cannot resume",
    "place": "affects where and how rows are written; cannot resume",
    "none": "does not affect the output",
}


@dataclass(frozen=True, slots=True)
class Change:
    """A setting of a job that is not as it was, as JSON values by its key."""

    key: str
    was: Any
    now: Any

    @property
    def effect(self) -> Effect:
        """What it would do to a run that is resumed."""
        if _below(self.key, ROWS):
            return "rows"
        if _below(self.key, ("sink",)):
            return "place"
        return "later" if _below(self.key, ("execution.partition_bytes",)) else "none"

    @property
    def refused(self) -> bool:
        """Whether a run cannot be resumed with it."""
        return self.effect in {"rows", "place"}

    def __str__(self) -> str:
        was, now = json.dumps(self.was), json.dumps(self.now)
        if self.effect == "later":
            return (
                f"{self.key}: this run keeps {was}, its value when it was planned; the next new "
                f"run uses {now}"
            )
        said = _SAID[self.effect]
        if _below(self.key, _RECORDED):
            said += "; the run keeps what was recorded"
        return f"{self.key}: was {was}, is {now}: {said}"


def changes(then: Job, now: Job) -> list[Change]:
    """Compare two jobs of one name, setting by setting.

    Where the state lies and the library of named pieces are not settings of a run. Nor is how a
    storage is reached: that what is read there is what was planned, is seen when it is read.
    """
    before, after = (_flat(job.model_dump(mode="json", exclude=_APART)) for job in (then, now))
    return [
        Change(key, before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]


def identity(job: Job) -> str:
    """Return a digest of the parts of a job that decide which rows come out."""
    page = job.model_dump(mode="json", include=IDENTITY, exclude=_APART)
    page["execution"] = {"seed": job.execution.seed, "python": job.execution.python}
    return hashlib.sha256(json.dumps(page, sort_keys=True).encode()).hexdigest()


def other_environment(facts: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Say which versions a run is resumed with that may treat rows otherwise than the first did."""
    then = {"python": facts.get("python"), **facts.get("versions", {})}
    here = {"python": now["python"], **now["versions"]}
    found = [
        f"{name} {then[name]} then, {here[name]} now"
        for name in ("python", *PACKAGES)
        if then.get(name) and _counts(name, then[name]) != _counts(name, here[name])
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
    return any(key == root or key.startswith(f"{root}.") for root in roots)


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        found: dict[str, Any] = {}
        for key, inner in items:
            found |= _flat(inner, f"{path}.{key}" if path else str(key))
        return found
    return {path: value}
