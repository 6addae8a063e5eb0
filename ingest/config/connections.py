"""Connections of a job: where one is named, the file of that name stands in its place.

`source.connection: lake` is `conf/connection/lake.yaml`. What the command line sets of it
(`source.connection.endpoint=…`) comes last.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ingest.config.places import KeyPath, Problem, choices
from ingest.config.provenance import Provenance
from ingest.core.dataclass import dataclass

if TYPE_CHECKING:
    from ingest.config.overrides import Given

GROUP = "connection"
_PARTS: tuple[KeyPath, ...] = (("source",), ("sink",), ("contract", "quarantine"))


@dataclass(frozen=True, slots=True)
class Named:
    """A connection as its file says, what is wrong with it, and where it was written.

    All paths begin with the name of the group.
    """

    raw: dict[str, Any]
    origin: Provenance
    problems: Sequence[Problem]


def is_within(path: KeyPath) -> bool:
    """Say whether a key is a setting of a connection of a job."""
    texts = tuple(map(str, path))
    places = [(*part, GROUP) for part in _PARTS] + [("state_connection",)]
    if texts[:1] == ("transforms",):
        texts, places = texts[2:], [("reference", GROUP)]
    return any(len(texts) > len(place) and texts[: len(place)] == place for place in places)


def fill(
    raw: dict[str, Any],
    origin: Provenance,
    settings: Iterable["Given"],
    known: Sequence[str],
    compose: Callable[[str], Named],
) -> list[Problem]:
    """Put connections in the places of their names, in `raw` and `origin`; return what is wrong.

    `settings` are those of the command line that change connections; `known` are the names of all.
    """
    problems: list[Problem] = []
    composed: dict[str, Named] = {}
    for path in list(_places(raw)):
        name = _value(raw, path)
        if name not in known:
            text = f'no connection "{name}".{choices(name, known, "Known connections")}'
            problems.append(
                origin.problem(path, f"{text} Write one: conf/{GROUP}/NAME.yaml, or correct this")
            )
            continue
        if name not in composed:
            composed[name] = compose(name)
            problems += composed[name].problems
        _put(raw, path, {"name": name, **composed[name].raw})
        origin.graft(composed[name].origin, (GROUP,), path)
    for one in settings:
        _put(raw, one.path, one.value)
        origin.record_override(one.path, one.value, one.typed)
    return problems


def _places(raw: dict[str, Any]) -> Iterator[KeyPath]:
    """Yield the keys that name a connection."""
    steps = raw.get("transforms")
    count = len(steps) if isinstance(steps, list) else 0
    lookups: list[KeyPath] = [("transforms", place, "reference") for place in range(count)]
    for path in [*((*part, GROUP) for part in (*_PARTS, *lookups)), ("state_connection",)]:
        if isinstance(_value(raw, path), str):
            yield path


def _value(raw: Any, path: KeyPath) -> Any:
    for part in path:
        if isinstance(raw, list) and str(part).isdecimal() and int(part) < len(raw):
            raw = raw[int(part)]
        elif isinstance(raw, dict):
            raw = raw.get(part)
        else:
            return None
    return raw


def _put(raw: dict[str, Any], path: KeyPath, value: Any) -> None:
    """Set a key, making the mappings above it that are missing."""
    place: Any = raw
    for depth, part in enumerate(path[:-1], start=1):
        if not isinstance(_value(raw, path[:depth]), dict | list):
            place[part] = {}
        place = _value(raw, path[:depth])
    place[path[-1]] = value
