"""Looking at Parquet files."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl
import pyarrow as pa

from ingest.core.errors import BadRowError, ConfigError, FatalError
from ingest.core.iso import clipped
from ingest.core.partition import Slice
from ingest.core.types import type_name
from ingest.formats.parquet.by_arrow import decode_head, frame_of
from ingest.sniffing.columns import describe_values
from ingest.sniffing.listing import Listing
from ingest.sniffing.mixture import refuse_mixture
from ingest.sniffing.table import Option, Table, key_columns, key_options
from ingest.sources.columns import fault_of_name, is_nameable
from ingest.sources.opening import open_input
from ingest.sources.parquet_footer import Footer, open_span, read_footer
from ingest.sources.widening import widest

SAMPLE_FILES = 5
LOOK_ROWS = 2000


def look_at_parquet(listing: Listing) -> Table:
    """Find out what is in the columns of Parquet files, whose types they bring along.

    Raises:
        ConfigError: the files differ in their columns, or are damaged.
    """
    pieces = listing.some(SAMPLE_FILES)
    footers = {piece.uri: _footer(piece) for piece in pieces}
    schemas = {uri: footer.schema for uri, footer in footers.items()}
    refuse_mixture(listing.path, schemas)
    schema = widest(schemas, None)
    faults = {name: _fault(name, dtype, footers) for name, dtype in schema.items()}
    kept = {name: dtype for name, dtype in schema.items() if not faults[name]}
    if not kept:
        raise ConfigError(
            f'"{listing.path}": none of its columns can be used. '
            + ". ".join(f'"{name}": {fault}' for name, fault in faults.items())
        )
    heads = [frame_of(read_head(piece, LOOK_ROWS, kept)) for piece in pieces]
    columns = [
        describe_values(
            name, dtype, [value for head in heads for value in _values(head[name])], dates=False
        )
        for name, dtype in kept.items()
    ]
    keys = key_columns(listing, list(schema))
    options = _options(faults) | key_options(listing, keys)
    rows = sum(head.height for head in heads)
    return Table(listing, options, (*columns, *keys), rows, 0.0, f"Parquet, {len(schema)} columns")


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
        raise ConfigError(str(error)) from None


def _values(column: pl.Series) -> list[Any]:
    """Return values that a description is made of: of nested ones only whether they are there."""
    if column.dtype.is_nested() or isinstance(column.dtype, pl.Duration | pl.Binary):
        return [True if there else None for there in column.is_not_null()]
    return clipped(column).to_list()


def _footer(piece: Slice) -> Footer:
    try:
        with open_input(piece) as file:
            return read_footer(file, piece)
    except (BadRowError, FatalError) as error:
        raise ConfigError(str(error)) from None


def _fault(name: str, dtype: pl.DataType, footers: Mapping[str, Footer]) -> str:
    """Return why a column cannot be used; empty if it can."""
    refused = (footer.refused[name] for footer in footers.values() if name in footer.refused)
    if named := fault_of_name(name):
        return f"its name {named}"
    return next(refused, "" if is_nameable(dtype) else f"no step can work on {type_name(dtype)}")


def _options(faults: Mapping[str, str]) -> dict[str, Option]:
    left_out = [
        f"{json.dumps(name, ensure_ascii=False)}, because {fault}"
        for name, fault in faults.items()
        if fault
    ]
    if not left_out:
        return {}
    kept = [name for name, fault in faults.items() if not fault]
    return {"columns": Option(kept, f"without {', '.join(left_out)}")}
