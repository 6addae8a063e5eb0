"""Made-up values in place of private ones, of the same type and shape, so that a job reads both."""

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import polars as pl
import pyarrow as pa

from ingest.sniffing.columns import Column
from ingest.sniffing.table import Table
from ingest.sources.csv import Csv
from ingest.sources.delimited.redaction import Fields
from ingest.sources.json.redaction import replaced

_LINES: Final = re.compile(r"[^\n]*\n|[^\n]+\Z")
_YEAR: Final = re.compile(r"(?<!\d)\d{4}(?!\d)|(?<!\d)\d{4}(?=\d{4}(?!\d))")
_MONTH: Final = {"%b": re.compile(r"[A-Za-z]{3}"), "%B": re.compile(r"[A-Za-z]{3,}")}
_MONTHS: Final = {"%b": "Nov", "%B": "November"}
_CONSTANT: Final = re.compile("2011|November|Nov")
_MOMENT: Final = dt.datetime(2011, 11, 11, 11, 11, 11, tzinfo=dt.UTC)


def made_up(text: str) -> str:
    """Return a text with an x for each letter and a 1 for each digit: `xxx.xxx@xxxxxxx.xxx`."""
    return "".join(map(_sign, text))


def invented(value: Any) -> bool:
    """Say whether a value may be one that was made up in here, or is none at all."""
    if isinstance(value, dict | list):
        return all(map(invented, value.values() if isinstance(value, dict) else value))
    if value is None or value is False or value == 1:
        return True
    text = _CONSTANT.sub("", str(value))
    return made_up(text) == text


def records(text: str, open_quote: str | None) -> Iterator[str]:
    """Return the lines of a text, those joined between which a quote is open."""
    parts: list[str] = []
    inside = False
    for line in _LINES.findall(text):
        parts.append(line)
        inside ^= open_quote is not None and line.count(open_quote) % 2 == 1
        if not inside:
            yield "".join(parts)
            parts = []
    if parts:
        yield "".join(parts)


def csv_without_private(table: Table, uri: str, text: str) -> str:
    """Return the beginning of a CSV file with made-up values in its private columns.

    A record that cannot be taken apart is made up as a whole, all but its signs.
    """
    private = _private(table)
    return _csv(table, uri, text, private) if private else text


def json_without_private(table: Table, uri: str, text: str) -> str:  # noqa: ARG001 - as for CSV
    """Return the beginning of a JSON Lines file with made-up values in its private columns.

    A line that is no object is made up as a whole, all but its signs.
    """
    private = _private(table)
    if not private:
        return text
    known = {column.name for column in table.columns}
    return "".join(_json(line, private, known) for line in _LINES.findall(text))


def _private(table: Table) -> dict[str, Column]:
    return {column.name: column for column in table.columns if column.private}


def columns_without_private(table: Table, head: pa.Table) -> pa.Table:
    """Return rows of typed values with made-up values in their private columns."""
    for name in (column.name for column in table.columns if column.private):
        if name in head.column_names:
            place, field = head.column_names.index(name), head.schema.field(name)
            head = head.set_column(place, field, _array(head.column(place), field.type))
    return head


def _array(values: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    """Return made-up values; nulls where Python has none of that type."""
    if pa.types.is_temporal(kind):
        return pa.nulls(len(values), kind)
    try:
        return pa.array([_made_up_value(value) for value in values.to_pylist()], kind)
    except (pa.ArrowException, ValueError):
        return pa.nulls(len(values), kind)


def _sign(char: str) -> str:
    if char.isdigit():
        return "1"
    if char.isalpha():
        return "X" if char.isupper() else "x"
    return char


def _csv(table: Table, uri: str, text: str, private: Mapping[str, Column]) -> str:
    options = {name: option.value for name, option in table.options.items()}
    source = Csv.model_validate({"type": "csv", "path": uri, **options})
    rules = source.rules(None)
    data = text.encode(rules.encoding, "surrogateescape")
    preamble = source.find_preamble(data, complete=True)
    assert preamble is not None, "the data is complete"
    top = data[: preamble.offset].decode(rules.encoding, "surrogateescape")
    names = list(source.header) if isinstance(source.header, tuple) else []
    if preamble.header is not None:
        names = source.names_in(uri, preamble.header)
    names = names or [column.name for column in table.columns]
    header = preamble.header and preamble.header.decode(rules.encoding, "surrogateescape")

    def replace(place: int, value: str) -> str:
        column = private.get(names[place])
        return value if column is None or value in source.null_values else _text(value, column)

    lines = list(records(text[len(top) :], table.open_quote))
    bare = pl.Series([line.rstrip("\r\n") for line in lines], dtype=pl.String)
    aside, _ = rules.aside(bare)
    found = Fields(source.dialect, len(names), replace).replaced(bare)
    parts = [top]
    for line, plain, new, skipped in zip(lines, bare, found, aside, strict=True):
        kept = plain if skipped or plain == header else made_up(plain) if new is None else new
        parts.append(kept + line[len(plain) :])
    return "".join(parts)


def _json(line: str, private: Mapping[str, Column], known: set[str]) -> str:
    """Return a line of JSON with made-up values in fields that are private or no columns."""

    def replace(name: str, value: str) -> str:
        if name in known and name not in private:
            return value
        found = json.loads(value)
        column = private.get(name)
        if isinstance(found, str) and column is not None:
            return json.dumps(_text(found, column) or None)
        return json.dumps(_made_up_value(found))

    try:
        new = replaced(line, replace)
    except (RecursionError, ValueError):
        new = None
    return made_up(line) if new is None else new


def _text(text: str, column: Column) -> str:
    """Return a text that is of the type of its column as well; empty if none is found."""
    if column.type == "string":
        return made_up(text)
    form = column.kind.format or ""
    if column.type.startswith(("date", "time")):
        text = _YEAR.sub("2011", text)
        for code, pattern in _MONTH.items():
            text = pattern.sub(_MONTHS[code], text) if code in form else text
        new = re.sub(r"\d", "1", text.replace("2011", "\0")).replace("\0", "2011")
    else:
        new = re.sub(r"\d", "1", text)
    return new if column.kind.holds([new]) else ""


def _made_up_value(value: Any) -> Any:  # noqa: PLR0911 - one return for each kind
    """Return a value of the same type, however deep, that says nothing of the one it is for."""
    if isinstance(value, bool):
        return False
    if isinstance(value, str):
        return made_up(value)
    if isinstance(value, int):
        return int(re.sub(r"\d", "1", str(value)))
    if isinstance(value, Decimal):
        return Decimal(re.sub(r"\d", "1", f"{value:f}"))
    if isinstance(value, float):
        return 1.0
    if isinstance(value, dt.datetime):
        return _MOMENT.replace(tzinfo=value.tzinfo)
    if isinstance(value, dt.date):
        return _MOMENT.date()
    if isinstance(value, dict):
        return {name: _made_up_value(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_made_up_value, value))
    return None
