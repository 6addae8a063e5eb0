"""Cut the text of an expression into tokens."""

import re
from collections.abc import Iterator
from typing import Literal

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError

Kind = Literal["number", "text", "name", "word", "operator", "end"]

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*|/\*.*?\*/)
  | (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?!\w))
  | (?P<text>'(?:[^']|'')*')
  | (?P<name>"(?:[^"]|"")+"|`[^`]+`)
  | (?P<word>[^\W\d]\w*)
  | (?P<operator>::|\|\||<>|!=|<=|>=|==|!~\*|!~|~\*|//|[-+*/%(),.\[\]=<>~;])
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an expression: `value` without its quotes, `place` in characters from 1.

    A `name` is a column in double quotes, a `word` is a column or a word of SQL.
    """

    kind: Kind
    value: str
    place: int

    def is_word(self, *words: str) -> bool:
        """Whether this is one of these words of SQL, in whatever case."""
        return self.kind == "word" and self.value.lower() in words


def tokens(text: str) -> Iterator[Token]:
    """Return the tokens of a text, an `end` after them.

    Raises:
        ConfigError: a character that means nothing, or a quote that is never closed.
    """
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if not match:
            raise ConfigError(f"{at(place + 1, text)}: {_problem(text[place])}.")
        if match.lastgroup != "space":
            yield _token(match)
        place = match.end()
    yield Token("end", "", len(text) + 1)


def at(place: int, text: str) -> str:
    """Return where in the expression something was found, for the beginning of an error."""
    return f'at character {place} of "{text}"'


def _token(match: re.Match[str]) -> Token:
    value, place = match[0], match.start() + 1
    if match.lastgroup in {"text", "name"}:
        quote = value[0]
        value = value[1:-1].replace(quote * 2, quote)
    return Token(match.lastgroup, value, place)  # type: ignore[arg-type]  # the groups are the kinds


def _problem(char: str) -> str:
    if char in "'\"`":
        return f"the quote {char} is not closed"
    if char.isdigit() or char == ".":
        return "a name cannot start with a digit. Write it in double quotes"
    return f'the character "{char}" has no meaning in an expression'
