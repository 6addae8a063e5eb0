"""Values as YAML that reads back as they are, whatever stands in them."""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

WIDTH = 100
"""Columns that a line of a job file may take."""

LONGEST_KEY = 1000
"""Characters up to which YAML knows a key by its colon."""

_PLAIN = re.compile(r"[A-Za-z_./][\w./*=-]*(?: [\w./*=-]+)*", re.ASCII)
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
_REFERENCE = re.compile(r"(\\*)\$\{")


def flow(value: Any) -> str:
    """Return a value on one line: `{a: [1, 2]}`."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(name)}: {flow(one)}" for name, one in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def scalar(value: Any) -> str:
    """Return a number, a truth value, null or a text, the text in quotes wherever it needs them."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS and value != "...":
        return value
    # `${` would refer to another key; a backslash before it keeps it, and needs one of its own.
    return _quoted(_REFERENCE.sub(lambda match: match[1] * 2 + r"\${", value))


def key(name: str) -> str:
    """Return a text as a key of a mapping: in keys, `${` refers to nothing."""
    return _quoted(name) if "${" in name else scalar(name)


def comment(before: str, text: str, indent: int = 0, *, whole: bool = False) -> Iterator[str]:
    """Yield the lines of a comment behind some spaces; `whole` keeps it on one."""
    plain = "".join(char if char.isprintable() else _escaped(char) for char in text)
    first = f"{before}# {' ' * indent}"
    if whole:
        yield first + plain
        return
    yield from textwrap.wrap(
        plain,
        max(WIDTH, len(first) + 40),
        initial_indent=first,
        subsequent_indent=first,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _key(name: str) -> str:
    text = key(name)
    return f"? {text} " if len(text) > LONGEST_KEY else text


def _quoted(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(one if one.isprintable() else _escaped(one) for one in quoted)


def _escaped(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"
