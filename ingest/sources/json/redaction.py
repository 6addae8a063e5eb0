"""Other values in some fields of JSON objects, the rest of which stays as it is written."""

import json
from collections.abc import Callable, Iterator

import polars as pl

from ingest.core.private import REDACTED
from ingest.sources.json.text import load, tokens

Replace = Callable[[str, str], str]
"""Takes a field's name and its value, in JSON; returns the value that it is to have."""


def replaced(text: str, replace: Replace) -> str | None:
    """Return an object with other values in its fields; None if it is none.

    A field that stands twice is asked for twice.
    """
    try:
        if not isinstance(load(text), dict):
            return None
    except ValueError:
        return None
    parts, end = [], 0
    for name, start, stop in _fields(text):
        parts += [text[end:start], replace(name, text[start:stop])]
        end = stop
    return "".join([*parts, text[end:]])


def redacted(originals: pl.Series, shown: frozenset[str]) -> pl.Series:
    """Return objects with `***` for the values of all fields but the `shown`; null stays null."""

    def replace(name: str, value: str) -> str:
        return value if name in shown or value == "null" else f'"{REDACTED}"'

    texts = (text if text is None else replaced(text, replace) or REDACTED for text in originals)
    return pl.Series(texts, dtype=pl.String)


def _fields(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the fields of an object: the name, and where the value begins and ends."""
    depth, name, begin, end = 0, "", None, 0
    for kind, part, start, stop in tokens(text):
        sign = part if kind == "sign" else ""
        if depth == 1 and begin is not None and sign in {",", "}"}:
            yield name, begin, end
            begin = None
        elif depth == 1 and sign == ":":
            begin = stop
        elif depth == 1 and begin is None and kind == "string":
            name = json.loads(part)
        elif depth == 1 and begin == end:  # the value begins here, behind its colon and blanks
            begin = start
        depth += (sign in {"{", "["}) - (sign in {"}", "]"})
        end = stop
