"""Parsing JSON records strictly, whatever is in them.

Python's own parser is fast and fails where JSON allows more than it holds: at a thousand levels,
and at whole numbers of more than 4,300 digits. Such records are taken apart without recursion, so
that a field that nobody reads makes no record bad.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, NoReturn, Self

from ingest.core.dataclass import dataclass
from ingest.core.types import MOST_LEVELS

_TOKEN: Final = re.compile(
    r"[ \t\n\r]*+(?:(?P<string>"
    r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+")'
    r"|(?P<word>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?|true|false|null)"
    r"|(?P<sign>[\[\]{},:]))"
)
_BLANK: Final = " \t\n\r"
_ENDS: Final = {"[": "]", "{": "}"}


class Number(float):
    """A number with a point, an exponent or very many digits, and how it was written."""

    def __new__(cls, text: str) -> Self:  # noqa: D102 - as `float`
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str


class Deep:
    """A value that is nested more deeply than Python's parser goes."""


class Doubled(dict[str, Any]):
    """An object in which keys may stand twice, with the last value of each."""

    def __init__(self, *pairs: Any) -> None:
        super().__init__(*pairs)
        self.twice: list[str] = []


def load(text: str) -> Any:
    """Parse a record, by the letter of JSON: no `NaN`. Objects with a key twice are `Doubled`.

    Raises:
        ValueError: it is not JSON.
    """
    try:
        return _parsed(text)
    except RecursionError:
        return _built(text)


def tokens(text: str) -> Iterator[tuple[str, str, int, int]]:
    """Yield the tokens of a JSON text: kind (`string`, `word`, `sign`), text, begin and end.

    Raises:
        ValueError: something in it is no token.
    """
    place, end = 0, len(text.rstrip(_BLANK))
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise ValueError("not valid JSON")
        yield match.lastgroup, match[match.lastgroup], match.start(match.lastgroup), match.end()
        place = match.end()


class _Builder:
    """A JSON text as far as it is known: what is open, what may come next, and its values."""

    def __init__(self) -> None:
        self.value: Any = None
        self.awaits = "value"
        self._first = False
        self._open: list[_Open] = []

    def step(self, kind: str, part: str) -> None:
        """Move on by one token.

        Raises:
            ValueError: it may not stand here.
        """
        first, self._first = self._first, False
        if self._open and part == self._open[-1].end and (first or self.awaits == "next"):
            self._open.pop()
            self.awaits = "next"
        elif self.awaits == "value" and part in _ENDS:
            self._begin(part)
        elif self.awaits == "value" and kind != "sign":
            self._put(_parsed(part))
            self.awaits = "next"
        elif self.awaits == "key" and kind == "string":
            self._open[-1].key = json.loads(part)
            self.awaits = "colon"
        elif self.awaits == "colon" and part == ":":
            self.awaits = "value"
        elif self.awaits == "next" and self._open and part == ",":
            self.awaits = "key" if self._open[-1].end == "}" else "value"
        else:
            raise ValueError(part)

    @property
    def complete(self) -> bool:
        """Whether nothing is open."""
        return not self._open and self.awaits == "next"

    def _begin(self, part: str) -> None:
        is_object = part == "{"
        value: Any = Deep() if len(self._open) > MOST_LEVELS else Doubled() if is_object else []
        self._put(value)
        self._open.append(_Open(_ENDS[part], value))
        self.awaits, self._first = "key" if is_object else "value", True

    def _put(self, value: Any) -> None:
        if not self._open:
            self.value = value
            return
        parent = self._open[-1]
        if isinstance(parent.value, Doubled):
            if parent.key in parent.value:
                parent.value.twice.append(parent.key)
            parent.value[parent.key] = value
        elif isinstance(parent.value, list):
            parent.value.append(value)


@dataclass(slots=True)
class _Open:
    """A list or an object of which more may come."""

    end: str
    value: Any
    key: str = ""


def _built(text: str) -> Any:
    """Return the value of a text, which may be nested as deep as it likes."""
    builder = _Builder()
    for kind, part, _, _ in tokens(text):
        builder.step(kind, part)
    if not builder.complete:
        raise ValueError("it ends too early")
    return builder.value


def _parsed(text: str) -> Any:
    try:
        return _decoded(text)
    except json.JSONDecodeError:
        raise
    except ValueError:  # more digits than Python makes a number of
        return _decoded(text, parse_int=_whole)


def _decoded(text: str, **more: Any) -> Any:
    return json.loads(
        text, object_pairs_hook=_unique, parse_constant=_refuse, parse_float=Number, **more
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) == len(pairs):
        return record
    doubled, counts = Doubled(record), Counter(name for name, _ in pairs)
    doubled.twice += [name for name, count in counts.items() if count > 1]
    return doubled


def _whole(text: str) -> int | Number:
    try:
        return int(text)
    except ValueError:
        return Number(text)


def _refuse(constant: str) -> NoReturn:
    raise json.JSONDecodeError("not a JSON number", constant, 0)
