"""Which file and line, or which override, every key of a composed job comes from."""

import re
from typing import Any

import yaml

from ingest.config.files import ConfFile
from ingest.config.places import COMMAND_LINE, KeyPath, Place, Problem, dotted
from ingest.core.dataclass import dataclass

REFERENCE = re.compile(r"(?<!\\)\$\{([\w-]+(?:\.[\w-]+)*)\}")
"""A reference to a key, from the top of the job."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was written and, of a scalar, as which text.

    `plain` says that YAML was free to read the text as something else: it stood without quotes.
    An origin on the command line holds the override as it was typed.
    """

    place: Place
    text: str = ""
    plain: bool = False
    override: str = ""


class Provenance:
    """The origins of all keys, filled in merge order: what is recorded later wins."""

    def __init__(self) -> None:
        # all parts as text: the command line does not tell `transforms.0` from `columns.2013`
        self._origins: dict[tuple[str, ...], Origin] = {(): Origin(COMMAND_LINE)}

    def record_file(self, file: ConfFile, package: KeyPath) -> None:
        """Record a file whose keys go below `package`."""
        for entry in file.entries:
            if entry.path[:1] == ("defaults",):
                continue
            path = (*package, *entry.path)
            place = file.place(1 if entry.path == () else entry.line)
            if isinstance(entry.node, yaml.ScalarNode):
                self._replace(path, Origin(place, entry.node.value, not entry.node.style))
            elif isinstance(entry.node, yaml.SequenceNode):
                self._replace(path, Origin(place))
            else:  # mappings merge: what is in there stays
                self._origins[_texts(path)] = Origin(place)

    def record_override(self, path: KeyPath, value: Any, override: str) -> None:
        """Record a value from the command line; keys of a mapping merge into what is there."""
        for end in range(1, len(path)):
            self._origins.setdefault(_texts(path[:end]), Origin(COMMAND_LINE))
        if isinstance(value, dict):
            self._origins[_texts(path)] = Origin(COMMAND_LINE)
            for key, inner in value.items():
                self.record_override((*path, str(key)), inner, override)
        else:
            self._replace(path, Origin(COMMAND_LINE, override=override))

    def graft(self, other: "Provenance", source: KeyPath, target: KeyPath) -> None:
        """Take over the origins of a key and all below it, as those of another key."""
        texts = _texts(source)
        self.forget(target)
        for key, origin in other._origins.items():  # noqa: SLF001 - of the same class
            if key[: len(texts)] == texts:
                self._origins[*_texts(target), *key[len(texts) :]] = origin

    def is_written(self, path: KeyPath) -> bool:
        """Whether the key itself was written down, and not only one above it."""
        return _texts(path) in self._origins

    def forget(self, path: KeyPath) -> None:
        """Drop a key and all below it."""
        texts = _texts(path)
        if texts in self._origins:
            kept = self._origins.items()
            self._origins = {key: one for key, one in kept if key[: len(texts)] != texts}

    def origin(self, path: KeyPath) -> Origin:
        """Return the origin of a key, or of its nearest parent that was written down.

        That parent is where a missing key should be added. What a whole-value reference
        (`${lib.mask}`) brought in is found where it was written.
        """
        texts = _texts(path)
        depth = next(end for end in range(len(texts), -1, -1) if texts[:end] in self._origins)
        found = self._origins[texts[:depth]]
        match = REFERENCE.fullmatch(found.text)
        if match and depth < len(texts):
            return self.origin((*match[1].split("."), *texts[depth:]))
        return found

    def place(self, path: KeyPath) -> str:
        """Return `conf/job/flights.yaml:18: transforms[0].where`, to begin an error text with."""
        return f"{self.origin(path).place}: {dotted(path)}"

    def problem(self, path: KeyPath, text: str) -> Problem:
        """Return a mistake at a key."""
        where = f"{dotted(path)}: " if path else ""
        return Problem(self.origin(path).place, where + text, path)

    def _replace(self, path: KeyPath, origin: Origin) -> None:
        self.forget(path)
        self._origins[_texts(path)] = origin


def _texts(path: KeyPath) -> tuple[str, ...]:
    return tuple(map(str, path))
