"""Functions of structs, lists and JSON. Fields are written `st.x` or `st['x']`."""

import json
import re
from typing import NoReturn

import polars as pl

from ingest.core.names import is_unicode
from ingest.expressions.catalogue import function
from ingest.expressions.values import Unfit, Value, unify

_PATH = re.compile(r"\$(?:\.(?:\w+|\"[^\"]+\")|\['[^']+'\]|\[\d+\])*")


@function(
    "list_extract(list, integer)",
    "list_extract(string_split('a,b', ','), 2)",
    "'b'",
    "list_element",
    "element_at",
)
def list_extract(values: Value, number: Value) -> pl.Expr:
    """The n-th element, from 1; from the end if negative; null if there is none. Also `l[1]`."""
    place = number.expr.cast(pl.Int64)
    index = pl.when(place > 0).then(place - 1).when(place < 0).then(place)
    return values.expr.list.get(index, null_on_oob=True)


@function(
    "list_contains(list, any)",
    "list_contains(string_split('a,b', ','), 'b')",
    "TRUE",
    "array_contains",
    "list_has",
)
def list_contains(values: Value, element: Value) -> pl.Expr:
    """Whether an element equals the value."""
    if element.is_null:
        return pl.lit(None, dtype=pl.Boolean)
    inner = values.dtype.inner  # type: ignore[attr-defined]  # the catalogue has seen to it
    _, wanted = unify([Value(pl.lit(None, dtype=inner), inner), element], "list_contains")
    return values.expr.list.contains(wanted.expr)


@function(
    "list_join(list, 'text')",
    "list_join(string_split('a,b', ','), ' ')",
    "'a b'",
    "array_to_string",
)
def list_join(values: Value, separator: Value) -> pl.Expr:
    """The elements as one text, with a separator between them; nulls are skipped."""
    return values.expr.cast(pl.List(pl.String)).list.join(
        str(separator.constant), ignore_nulls=True
    )


@function(
    "array_length(list)",
    "array_length(string_split('a,b', ','))",
    "2",
    "list_length",
    "cardinality",
)
def array_length(values: Value) -> pl.Expr:
    """How many elements a list has."""
    return values.expr.list.len().cast(pl.Int64)


@function(
    "json_extract(text, 'text')",
    """json_extract('{"a": {"b": [1, "x"]}}', '$.a.b')""",
    """'[1,"x"]'""",
)
def json_extract(text: Value, path: Value) -> pl.Expr:
    """The value at a path of a JSON document, as JSON; null if it is missing or invalid.

    Also null: values nested more than about a thousand levels deep, or beyond float64.
    """
    steps = _steps(path)

    def extract(batch: pl.Series) -> pl.Series:
        found = [_json(_at(document, steps)) for document in batch]
        return pl.Series(batch.name, found, dtype=pl.String)

    return text.expr.map_batches(extract, return_dtype=pl.String(), is_elementwise=True)


@function(
    "json_extract_string(text, 'text')",
    """json_extract_string('{"a": {"b": "x"}}', '$.a.b')""",
    "'x'",
    "json_value",
)
def json_extract_string(text: Value, path: Value) -> pl.Expr:
    """As `json_extract`, but text without quotes, and a JSON null as null."""
    _steps(path)
    return text.expr.cast(pl.String).str.json_path_match(str(path.constant))


@function("to_json(struct)", "to_json(NULL)", "NULL")
def to_json(value: Value) -> pl.Expr:
    """A struct as a JSON document."""
    if value.is_null:
        return pl.lit(None, dtype=pl.String)
    return pl.when(value.expr.is_not_null()).then(value.expr.struct.json_encode())


_MISSING = object()


def _steps(path: Value) -> list[str | int]:
    """Return the keys and indexes of a JSON path.

    Raises:
        Unfit: it is no path, or one that may lead to several places.
    """
    written = str(path.constant)
    if not _PATH.fullmatch(written):
        raise Unfit(
            f'"{written}" is not a JSON path. Write it as $.field, $[0] or $.field[0].other'
        )
    found = re.findall(r"\.(\w+)|\.\"([^\"]+)\"|\['([^']+)'\]|\[(\d+)\]", written)
    return [int(index) if index else name or quoted or key for name, quoted, key, index in found]


def _at(document: str | None, steps: list[str | int]) -> object:
    if document is None:
        return _MISSING
    try:
        value = json.loads(document, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return _MISSING
    for step in steps:
        try:
            value = value[step]
        except (LookupError, TypeError):
            return _MISSING
    return value


def _json(value: object) -> str | None:
    if value is _MISSING:
        return None
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return None
    return text if is_unicode(text) else json.dumps(value, separators=(",", ":"))


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
