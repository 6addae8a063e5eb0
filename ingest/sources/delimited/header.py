"""The header of CSV files: its names at plan time, and its check in every file."""

import re
from collections import Counter
from collections.abc import Sequence

import polars as pl

from ingest.core.errors import BadRowError, ConfigError
from ingest.core.values.texts import parse_texts
from ingest.sources.columns.options import refuse_names
from ingest.sources.delimited.strangers import refusal, shares
from ingest.sources.files.schema import Expected, quoted
from ingest.sources.text.dialect import Dialect

REPEATED = "repeated header"
_OWN_NAMES = "header: [name, …] with skip_rows: 1"


def column_names(fields: Sequence[str]) -> list[str]:
    """Return the column names of a header; a column without a name is called for its place."""
    return [name or f"column_{place}" for place, name in enumerate(fields, 1)]


def refuse_header(names: Sequence[str], uri: str) -> None:
    """Refuse names that cannot be columns.

    Raises:
        ConfigError: a name stands twice, or no step could use it.
    """
    if twice := duplicates(names):
        raise ConfigError(
            f"header: {uri}: {quoted(twice)} occurs more than once in the header. Give each "
            f"column its own name: {_OWN_NAMES}"
        )
    refuse_names(f"header: {uri}", names, f"Give the column another name: {_OWN_NAMES}")


def check_header(
    uri: str, found: Sequence[str], planned: Expected, delimiter: str
) -> tuple[str, ...]:
    """Return a file's own column order.

    Raises:
        BadRowError: its names are not those of the plan, or one stands twice.
    """
    if set(found) == set(planned.names) and len(found) == len(planned.names):
        return tuple(found)
    if not shares(found, planned.names):
        raise BadRowError("; ".join(refusal({uri: found}, planned.example, delimiter)))
    if twice := duplicates(found):
        raise BadRowError(
            f"{uri}: header: {quoted(twice)} occurs more than once. Give each column its own name"
        )
    planned.check(uri, found)
    return tuple(found)


def refuse_delimiter(uri: str, said: str | None, delimiter: str) -> None:
    """Refuse a first line such as `sep=;` that says something else than the source's `delimiter`.

    Raises:
        BadRowError: it does.
    """
    if said is not None and said != delimiter:
        raise BadRowError(
            f"{uri}: first line: sep={said} says that fields are separated by {_sign(said)}, "
            f"but source.delimiter is {_sign(delimiter)}. Write delimiter: {_sign(said)}. If "
            "the line is wrong, skip it: skip_rows: 1"
        )


def repeats(texts: pl.Series, heading: Sequence[str], dialect: Dialect) -> pl.Series:
    """Say which records are the header again, whose names are `heading`."""
    simple = re.match("[0-9A-Za-z_ ]*", heading[0])
    begins = re.escape(simple[0]) if simple and heading[0] != "column_1" else ""
    quote = f"{re.escape(dialect.quote)}?" if dialect.quote is not None else ""
    again = texts.str.contains(rf"\A *{quote}{begins}").fill_null(value=False)
    places = again.arg_true()
    certain = [_is_heading(dialect.split_one(text), heading) for text in texts.gather(places)]
    return again.scatter(places, certain) if certain else again


def may_repeat(table: pl.DataFrame, heading: Sequence[str | None]) -> pl.Series | None:
    """Say which rows of fields, texts or numbers, may be the header again; None if none is.

    `heading` are the names of its columns in the header, null where it has none.
    """
    again = None
    for place, (column, name) in enumerate(zip(table, heading, strict=True), 1):
        text = pl.Series([name], dtype=pl.String)
        value = text if column.dtype == pl.String else parse_texts(text, column.dtype)
        if name is not None and value.has_nulls() and name != f"column_{place}":
            return None  # a name that is no value of its column
        same = (column == value).fill_null(value=False)
        if name in {None, f"column_{place}"}:
            same |= column.is_null()
        again = same if again is None else again & same
        if not again.any():
            return None
    return again


def duplicates(names: Sequence[str]) -> list[str]:
    """Return the names that stand more than once."""
    return [name for name, count in Counter(names).items() if count > 1]


def _is_heading(fields: list[str] | str, heading: Sequence[str]) -> bool:
    return not isinstance(fields, str) and column_names(fields) == list(heading)


def _sign(text: str) -> str:
    return '"' + text.replace("\t", "\\t") + '"'
