"""Looking at JSON Lines files."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from ingest.core.counts import counted
from ingest.core.errors import ConfigError
from ingest.core.paths import readable_path
from ingest.core.types import type_name
from ingest.sniffing.columns import Column
from ingest.sniffing.differing import compare, refuse_mixture
from ingest.sniffing.heads import text_head
from ingest.sniffing.listing import Listing
from ingest.sniffing.names import listed
from ingest.sniffing.synthetic import json_without_private
from ingest.sniffing.table import (
    EMPTY_LINES,
    Option,
    Rejects,
    Table,
    formats,
    key_columns,
    key_options,
)
from ingest.sniffing.text import Text, read_text
from ingest.sniffing.typed import describe_values
from ingest.sources.columns.options import fault_of_name, is_nameable
from ingest.sources.json.guess import guess_fields, without_nulls
from ingest.sources.json.judge import fits, judge
from ingest.sources.json.text import load

SAMPLE_FILES = 24
LOOK_BYTES = 1024 * 1024
LEAST_BYTES = 32 * 1024
LOOK_RECORDS = 1500
_HEAD_RECORDS = 500

Records = list[dict[str, Any]]


def look_at_jsonl(listing: Listing) -> Table:
    """Find out what is in JSON Lines files.

    Raises:
        ConfigError: the files have hardly a field in common, or are not JSON Lines.
    """
    pieces = listing.some(SAMPLE_FILES)
    size = max(LEAST_BYTES, LOOK_BYTES // len(pieces))
    texts = [read_text(piece, size) for piece in pieces]
    lines = [_lines(text) for text in texts]
    parsed = [[record for line in each if (record := _parsed(line)) is not None] for each in lines]
    if not any(parsed) or _is_array(texts[0]):
        raise ConfigError(_not_jsonl(listing.path, texts[0]))
    fields = [{name: None for record in records for name in record} for records in parsed]
    if len(fields) > 1 and not set.intersection(*map(set, fields)):
        uris = (piece.uri for piece in pieces)
        refuse_mixture(listing.path, compare(dict(zip(uris, fields, strict=True))))
    rows = [record for records in parsed for record in records]
    types = {name: _type_of(name, rows) for name in {name: None for row in rows for name in row}}
    kept = {name: dtype for name, dtype in types.items() if _is_kept(name, dtype, rows)}
    if not kept:
        raise ConfigError(_no_columns(listing.path, types))
    columns = [_column(name, dtype, rows) for name, dtype in kept.items()]
    keys = key_columns(listing, list(types))
    options = _options(texts, types, kept) | key_options(listing, keys)
    rejects = Rejects.of(
        [
            (readable_path(piece.uri), *_rejects(each, kept, closed=kept == types))
            for piece, each in zip(pieces, lines, strict=True)
        ]
    )
    summary = f"JSON objects of {counted(len(types), 'field')}"
    head = text_head(json_without_private)
    casts = formats((*columns, *keys))
    return Table(listing, options, (*columns, *keys), len(rows), rejects, summary, head, casts)


def _is_kept(name: str, dtype: pl.DataType, rows: Records) -> bool:
    """Say whether a field can be a column: by its name, its type, and values that are of it."""
    if fault_of_name(name) or not is_nameable(dtype):
        return False
    values = [row.get(name) for row in rows]
    fitting = _fitting(name, dtype, rows)
    return any(value is not None for value in fitting) or all(value is None for value in values)


def _no_columns(path: str, types: Mapping[str, pl.DataType]) -> str:
    if not types:
        return f'"{path}": its records are empty objects. Name files whose records have fields'
    return (
        f'"{path}": no field can be a column: {listed(types)} contain lists of mixed types or '
        "empty objects, or have names that steps cannot use. Convert the file first, for "
        "example with jq"
    )


def _lines(text: Text) -> list[str]:
    """Return lines from each piece, so that those from further on are not crowded out."""
    parts = [
        [line for line in piece.replace("\r\n", "\n").split("\n") if line] for piece in text.pieces
    ]
    return [line for part in parts for line in part[:LOOK_RECORDS]]


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        record = load(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _type_of(name: str, rows: Records) -> pl.DataType:
    """Return the type of most values of a field.

    JSON values are never coerced, so there is no type that takes in a number and a text: what is
    not of the commonest kind will be rejected.
    """
    values = [row[name] for row in rows if name in row]
    try:
        return _guess(values)
    except ConfigError:
        counts: Counter[str] = Counter()
        examples: dict[str, Any] = {}
    for value in values:
        kind = _kind_of(value)
        counts[kind] += value is not None
        examples.setdefault(kind, value)
    kept: list[Any] = []
    for kind, _ in counts.most_common():
        try:
            _guess([*kept, examples[kind]])
        except ConfigError:
            continue
        kept.append(examples[kind])
    return _guess(kept) if kept else pl.Object()


def _kind_of(value: Any) -> str:
    try:
        return type_name(_guess([value]))
    except ConfigError:  # a list of numbers and texts
        return "mixed"


def _guess(values: Sequence[Any]) -> pl.DataType:
    return without_nulls(guess_fields({"value": value} for value in values)["value"])


def _column(name: str, dtype: pl.DataType, rows: Records) -> Column:
    values = _fitting(name, dtype, rows)
    column = describe_values(name, dtype, values)
    if len(values) == len(rows):
        return column
    others = len(rows) - len(values)
    do, records = ("does", "its record is") if others == 1 else ("do", "their records are")
    what = f"{others:,} of {counted(len(rows), 'value')} in the sample {do} not fit {column.type}"
    return replace(column, note=f"{what}: {records} rejected")


def _fitting(name: str, dtype: pl.DataType, rows: Records) -> list[Any]:
    """Return the values of a field that are of its type; null where there is none."""
    return [value for row in rows if fits(value := row.get(name), dtype)]


def _options(
    texts: Sequence[Text], types: Mapping[str, pl.DataType], kept: Mapping[str, pl.DataType]
) -> dict[str, Option]:
    options = {}
    if encoding := next((text.encoding for text in texts if text.encoding != "utf-8"), None):
        options["encoding"] = Option(encoding)
    if any("\n\n" in piece or "\n\r\n" in piece for text in texts for piece in text.pieces):
        options["blank_lines"] = Option("skip", EMPTY_LINES)
    if left_out := [name for name in types if name not in kept]:
        names = {name: type_name(dtype) for name, dtype in kept.items()}
        why = (
            f"without {listed(left_out)}: no type fits all their values, or steps cannot use "
            "their names"
        )
        options["columns"] = Option(names, why)
    return options


def _rejects(
    lines: Sequence[str], fields: Mapping[str, pl.DataType], *, closed: bool
) -> tuple[int, int, float]:
    """Return how many records of a file are malformed, of how many, and the largest share.

    That is of the head, which is the sample, or of all.
    """
    wrong = [judge(line, fields, closed=closed) is not None for line in lines]
    head = wrong[:_HEAD_RECORDS]
    return sum(wrong), len(wrong), max(sum(part) / (len(part) or 1) for part in (head, wrong))


def _not_jsonl(path: str, text: Text) -> str:
    if _is_array(text):
        return (
            f'"{path}": a JSON array, not JSON Lines. JSON Lines has one object on each line. '
            "Convert the file: jq -c '.[]' in.json > out.jsonl"
        )
    return (
        f'"{path}": not JSON Lines: no line of the sample is a JSON object. JSON Lines has one '
        "object on each line. Convert the file: jq -c . in.json > out.jsonl"
    )


def _is_array(text: Text) -> bool:
    return text.pieces[0].lstrip().startswith("[")
