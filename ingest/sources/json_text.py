"""Parsing JSON records strictly, whatever is in them.

Python's own parser is fast and fails where JSON allows more than it holds: at a thousand levels,
and at whole numbers of more than 4,300 digits. Such records are taken apart without recursion, so
that a field that nobody reads makes no record bad.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, NoReturn, Self

from ingest.core.types import MOST_LEVELS

Fault = tuple[str | None, str]
"""The column to blame, with the names of nested fields after points, and the reason."""

_TOKEN: Final = re.compile(
    r'[ \t\n\r]*+(?:("[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+")'
    r"|(-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?|true|false|null)|([\[\]{},:]))"
)
_BLANK: Final = " \t\n\r"
_CLOSES: Final = {"[": "]", "{": "}"}


class WrongError(ValueError):
    """A record that is none, and what is wrong with it."""

    def __init__(self, column: str | None, reason: str) -> None:
        self.fault: Fault = (column, reason)


class Number(float):
    """A number with a point, an exponent or very many digits, and how it was written."""

    def __new__(cls, text: str) -> Self:
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str


class Deep:
    """A value that is nested more deeply than Python's parser goes."""


def load(text: str) -> Any:
    """Parse a record: no `NaN`, no key twice in an object.

    Raises:
        ValueError: it is not JSON, or no record; WrongError where it is known why.
    """
    return _loaded(text, 0)


def _loaded(text: str, level: int) -> Any:
    try:
        return _parsed(text)
    except RecursionError:
        is_object = text.lstrip(_BLANK).startswith("{")
    if level == MOST_LEVELS or (level and not is_object):
        return Deep()
    if not is_object:
        raise WrongError(None, "not a JSON object")
    return {name: _loaded(part, level + 1) for name, part in _members(text).items()}


def _members(text: str) -> dict[str, str]:
    """Return the values of an object by their names, as texts."""
    walk, found, name, start = _Walk(), {}, "", 0
    for kind, token, begin, end in _tokens(text):
        depth = len(walk.open)
        if depth == 1 and walk.awaits == "key" and kind == "string":
            name = json.loads(token)
        elif depth == 1 and walk.awaits == "value":
            start = begin
        walk.step(kind, token)
        if len(walk.open) == 1 and walk.awaits == "next":
            found[name] = text[start:end]
    if walk.open or walk.awaits != "next":
        raise ValueError("it ends too early")
    return found


class _Walk:
    """Where one is in a JSON text: what is open, and what may come next."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.keys: list[set[str]] = []
        self.awaits = "value"
        self.first = False

    def step(self, kind: str, token: str) -> None:
        """Go on by one token.

        Raises:
            ValueError: it may not stand here.
        """
        first, self.first = self.first, False
        closes = bool(self.open) and token == _CLOSES[self.open[-1]]
        if closes and (first or self.awaits == "next"):
            self.open.pop()
            self.keys.pop()
            self.awaits = "next"
        elif self.awaits == "value" and token in _CLOSES:
            self.open.append(token)
            self.keys.append(set())
            self.awaits, self.first = "key" if token == "{" else "value", True
        elif self.awaits == "value" and kind != "sign":
            self.awaits = "next"
        elif self.awaits == "key" and kind == "string":
            self._see(json.loads(token))
            self.awaits = "colon"
        elif self.awaits == "colon" and token == ":":
            self.awaits = "value"
        elif self.awaits == "next" and self.open and token == ",":
            self.awaits = "key" if self.open[-1] == "{" else "value"
        else:
            raise ValueError(token)

    def _see(self, key: str) -> None:
        if key in self.keys[-1]:
            raise WrongError(key, "duplicate key")
        self.keys[-1].add(key)


def _tokens(text: str) -> Iterator[tuple[str, str, int, int]]:
    """Yield what a text consists of: kind, token, and where it begins and ends."""
    place, kinds, end = 0, ("string", "word", "sign"), len(text.rstrip(_BLANK))
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None or match.lastindex is None:
            raise ValueError("no token of JSON")
        group = match.lastindex
        place = match.end()
        yield kinds[group - 1], match[group], match.start(group), place


def _parsed(text: str) -> Any:
    try:
        return _decoded(text)
    except (json.JSONDecodeError, WrongError):
        raise
    except ValueError:  # more digits than Python makes a number of
        return _decoded(text, parse_int=_whole)


def _decoded(text: str, **more: Any) -> Any:
    return json.loads(
        text, object_pairs_hook=_unique, parse_constant=_refuse, parse_float=Number, **more
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise WrongError(_twice(name for name, _ in pairs), "duplicate key")
    return record


def _twice(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _whole(text: str) -> int | Number:
    try:
        return int(text)
    except ValueError:
        return Number(text)


def _refuse(constant: str) -> NoReturn:
    raise json.JSONDecodeError("no number of JSON", constant, 0)
