"""LIKE and regular expressions."""

import re

import polars as pl

from ingest.core.types import type_name
from ingest.expressions.values import Unfit, Value, family

_WILD = re.compile(r"[%_\\]")


def matches(symbol: str, values: list[Value]) -> pl.Expr:
    """Return whether a pattern is found in the text; `~*` ignores case."""
    text, pattern = _checked(symbol, values)
    return text.str.contains(f"(?i){pattern}" if symbol.endswith("*") else pattern)


def like(word: str, values: list[Value]) -> pl.Expr:
    """Return LIKE or ILIKE; `%` is any text, `_` any character, after a backslash just itself."""
    text, pattern = _checked(word, values[:2])
    escape = values[2].constant if len(values) > 2 else "\\"
    if not isinstance(escape, str) or len(escape) != 1:
        raise Unfit(f"{word}: ESCAPE needs one character as a constant")
    plain = pattern.strip("%")
    if word == "LIKE" and escape == "\\" and not _WILD.search(plain):
        return _simple(text, pattern, plain)
    flags = "si" if word == "ILIKE" else "s"
    begin, end = "^", "$"
    if escape == "\\" and not _WILD.search(plain) and plain:  # no search from end to end
        begin = "" if pattern.startswith("%") else begin
        end = "" if pattern.endswith("%") else end
        pattern = plain
    return text.str.contains(f"(?{flags}){begin}{_regex(pattern, escape)}{end}")


def _simple(text: pl.Expr, pattern: str, plain: str) -> pl.Expr:
    """Return LIKE without a regular expression, which costs several times as much."""
    begins, ends = not pattern.startswith("%"), not pattern.endswith("%")
    if not plain:
        return text.str.len_chars() >= 0 if pattern else text == ""
    if begins and ends:
        return text == plain
    if begins:
        return text.str.starts_with(plain)
    return text.str.ends_with(plain) if ends else text.str.contains(plain, literal=True)


def _regex(pattern: str, escape: str) -> str:
    parts, chars = [], iter(pattern)
    for char in chars:
        if char == escape:
            parts.append(re.escape(next(chars, escape)))
        else:
            parts.append({"%": ".*", "_": "."}.get(char) or re.escape(char))
    return "".join(parts)


def _checked(what: str, values: list[Value]) -> tuple[pl.Expr, str]:
    text, pattern = values
    if family(text.dtype) not in {"text", "null"}:
        raise Unfit(f"{what}: {type_name(text.dtype)} is not text. Write CAST(x AS string)")
    if not (pattern.literal and isinstance(pattern.constant, str)):
        raise Unfit(f"{what}: the pattern must be a constant text")
    return text.expr.cast(pl.String), pattern.constant
