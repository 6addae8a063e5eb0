"""Looking at Parquet files."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.core.counts import counted
from ingest.core.errors import BadRowError, ConfigError, FatalError
from ingest.core.partition import Slice
from ingest.core.types import Schema, type_name
from ingest.formats.parquet.by_arrow import decode_head, frame_of
from ingest.formats.parquet.writing import MAGIC
from ingest.sniffing.differing import compare, refuse_mixture
from ingest.sniffing.listing import Listing
from ingest.sniffing.offers import SCHEMA
from ingest.sniffing.synthetic import columns_without_private
from ingest.sniffing.table import Option, Rejects, Table, formats, key_columns, key_options
from ingest.sniffing.typed import describe_values, values_of
from ingest.sources.columns.options import fault_of_name, is_nameable
from ingest.sources.columns.types import choose_types
from ingest.sources.files.foreign import HEAD_BYTES, foreign, refusal
from ingest.sources.files.identity import while_planning
from ingest.sources.files.opening import open_input
from ingest.sources.row_groups.footers import Footer, open_span, read_footer

SAMPLE_FILES = 5
MOST_FOOTERS = 100
LOOK_ROWS = 2000


def look_at_parquet(listing: Listing) -> Table:
    """Find out what is in the columns of Parquet files, whose types they bring along.

    Raises:
        ConfigError: the files differ in their columns, or are damaged.
    """
    footers = {piece.uri: _footer(piece) for piece in listing.some(MOST_FOOTERS)}
    schemas = {uri: footer.schema for uri, footer in footers.items()}
    differences = compare(schemas)
    refuse_mixture(listing.path, differences)
    told = _told_types(schemas)
    types = _types(schemas, differences.names, told)
    faults = {name: _fault(name, dtype, footers) for name, dtype in types.items()}
    kept = {name: dtype for name, dtype in types.items() if not faults[name]}
    if not kept:
        raise ConfigError(
            f'"{listing.path}": none of its columns can be used. '
            + ". ".join(f'"{name}": {fault}' for name, fault in faults.items())
        )
    pieces = listing.some(SAMPLE_FILES)
    heads = [frame_of(read_head(piece, LOOK_ROWS, kept)) for piece in pieces]
    columns = [
        describe_values(name, dtype, values_of(name, dtype, heads), dates=False)
        for name, dtype in kept.items()
    ]
    keys = key_columns(listing, list(types))
    options = _options(faults, told) | key_options(listing, keys)
    if differences.partial:
        options["schema"] = Option(dict(SCHEMA), "the files differ in their columns")
    rows = sum(head.height for head in heads)
    summary = f"Parquet, {counted(len(types), 'column')}"
    doubts = (*differences.said, *(f"types: {line}" for line in _told_why(schemas, told)))
    return Table(
        listing,
        options,
        (*columns, *keys),
        rows,
        Rejects(),
        summary,
        _head,
        formats((*columns, *keys)),
        doubts=doubts,
        showing=frozenset(differences.showing),
    )


def read_head(piece: Slice, rows: int, columns: Mapping[str, Any]) -> pa.Table:
    """Return the first rows of a file, in Arrow's types, of those of these columns that it has.

    Raises:
        ConfigError: the file is damaged.
    """
    try:
        with open_span(replace(piece, end=1), "us", columns) as span:
            names = [name for name in columns if name in span.footer.forms]
            return decode_head(span, names, rows)
    except (BadRowError, FatalError) as error:
        raise while_planning(error) from None


def _head(table: Table, piece: Slice, rows: int, size: int) -> bytes:
    """Return fewer rows until the file is small enough; see `Head`."""
    names = {column.name: column.type for column in table.columns}
    head = columns_without_private(table, read_head(piece, rows, names))
    while True:
        file = io.BytesIO()
        pq.write_table(head, file, compression="zstd")
        if len(file.getvalue()) <= size or head.num_rows <= 1:
            return file.getvalue()
        head = head.slice(0, head.num_rows // 2)


def _footer(piece: Slice) -> Footer:
    try:
        with open_input(piece) as file:
            head = file.read(HEAD_BYTES)
            kind = None if head.startswith(MAGIC) else foreign(head, piece.uri)
            if kind is not None:
                raise ConfigError(refusal(piece.uri, kind))
            return read_footer(file, piece)
    except (BadRowError, FatalError) as error:
        raise while_planning(error) from None


def _told_types(schemas: Mapping[str, Schema]) -> dict[str, pl.DataType]:
    """Return the types to tell the source of columns that are numbers of unlike types in files.

    Raises:
        ConfigError: types differ that nothing is known to be right for, or it cannot be told.
    """
    told: dict[str, pl.DataType] = {}
    for name in dict.fromkeys(name for schema in schemas.values() for name in schema):
        try:
            _common(schemas, name)
        except ConfigError as error:
            types = {schema[name] for schema in schemas.values() if name in schema}
            if not all(dtype.is_numeric() for dtype in types):
                raise ConfigError(*error.lines, *_told_why(schemas, {name: pl.Float64()})) from None
            told[name] = pl.Float64()
    return told


def _told_why(schemas: Mapping[str, Schema], told: Mapping[str, pl.DataType]) -> list[str]:
    """Say in which files a column is of which type."""
    lines = []
    for name in told:
        files: dict[str, list[str]] = {}
        for uri, schema in schemas.items():
            if name in schema:
                files.setdefault(type_name(schema[name]), []).append(uri)
        parts = (f"{kind} in {uris[0]}" + _more(uris) for kind, uris in files.items())
        lines.append(f'column "{name}": {", ".join(parts)}')
    return lines


def _more(uris: Sequence[str]) -> str:
    return f" and {len(uris) - 1} more" if len(uris) > 1 else ""


def _types(
    schemas: Mapping[str, Schema], names: Sequence[str], told: Mapping[str, pl.DataType]
) -> Schema:
    return {name: told.get(name) or _common(schemas, name) for name in names}


def _common(schemas: Mapping[str, Schema], name: str) -> pl.DataType:
    """Return the type that a column has in all files together.

    Raises:
        ConfigError: there is none.
    """
    having = {uri: schema for uri, schema in schemas.items() if name in schema}
    return choose_types(having, [name], {}, {}, {}).columns[name]


def _fault(name: str, dtype: pl.DataType, footers: Mapping[str, Footer]) -> str:
    """Return why a column cannot be used; empty if it can."""
    if named := fault_of_name(name):
        return f"its name {named}"
    refused = (footer.refused[name] for footer in footers.values() if name in footer.refused)
    return next(refused, "" if is_nameable(dtype) else f"steps do not support {type_name(dtype)}")


def _options(faults: Mapping[str, str], told: Mapping[str, pl.DataType]) -> dict[str, Option]:
    left_out = [
        f"{json.dumps(name, ensure_ascii=False)}, because {fault}"
        for name, fault in faults.items()
        if fault
    ]
    if told and not left_out:
        types = {name: type_name(dtype) for name, dtype in told.items()}
        return {"columns": Option(types, "their types differ between the files")}
    if left_out:
        kept = [name for name, fault in faults.items() if not fault]
        return {"columns": Option(kept, f"without {', '.join(left_out)}")}
    return {}
