"""Looking at Parquet files."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.core.errors import BadRowError, ConfigError, FatalError
from ingest.core.partition import Slice
from ingest.core.types import Schema, type_name
from ingest.sniffing.differing import compare, refuse_mixture
from ingest.sniffing.listing import Listing
from ingest.sniffing.names import is_usable, listed
from ingest.sniffing.offers import schema_options, types_of_parquet
from ingest.sniffing.table import Option, Table, key_columns, key_options
from ingest.sniffing.typed import describe_values
from ingest.sources.columns import is_nameable
from ingest.sources.foreign import HEAD_BYTES, foreign, refusal
from ingest.sources.opening import open_input
from ingest.sources.parquet import Parquet
from ingest.sources.parquet_footer import damaged, read_footer

SAMPLE_FILES = 5
MOST_FOOTERS = 100
LOOK_ROWS = 2000
_MAGIC = b"PAR1"


def look_at_parquet(listing: Listing) -> Table:
    """Find out what is in the columns of Parquet files, whose types they bring along.

    Raises:
        ConfigError: the files differ in their columns, or are damaged.
    """
    footers = listing.some(MOST_FOOTERS)
    schemas = {piece.uri: _schema(piece) for piece in footers}
    differences = compare(schemas)
    refuse_mixture(listing.path, differences)
    types, told = _types(footers, schemas, differences.names)
    kept = {name: dtype for name, dtype in types.items() if is_nameable(dtype) and is_usable(name)}
    if not kept:
        names = listed(f"{name} ({type_name(dtype)})" for name, dtype in types.items())
        raise ConfigError(
            f'"{listing.path}": no step can work on any of its columns: {names}. Write them in '
            "other types first: durations as int64, float16 as float32, arrays as lists"
        )
    pieces = listing.some(SAMPLE_FILES)
    heads = [pl.DataFrame(pl.from_arrow(read_head(piece, LOOK_ROWS))) for piece in pieces]
    columns = [
        describe_values(name, dtype, _values(name, dtype, heads), dates=False)
        for name, dtype in kept.items()
    ]
    keys = key_columns(listing, list(types))
    options = _options(types, kept, told) | key_options(listing, keys)
    if differences.partial:
        options["schema"] = Option(schema_options(), "the files differ in their columns")
    rows = sum(head.height for head in heads)
    summary = f"Parquet, {len(types)} columns"
    doubts = (*differences.said, *(f"types: {line}" for line in _told_why(schemas, told)))
    return Table(
        listing,
        options,
        (*columns, *keys),
        rows,
        0.0,
        summary,
        doubts=doubts,
        showing=frozenset(differences.showing),
    )


def read_head(piece: Slice, rows: int) -> pa.Table:
    """Return the first rows of a file, in Arrow's types.

    Raises:
        ConfigError: the file is damaged.
    """
    with open_input(piece) as stream:
        try:  # in here: what a decoder cannot read is no failure of the storage
            with pq.ParquetFile(stream) as file:
                batches = list(itertools.islice(file.iter_batches(batch_size=rows), 1))
                return pa.Table.from_batches(batches, schema=file.schema_arrow)
        except (pa.ArrowException, OSError) as error:
            raise ConfigError(str(damaged(piece.uri, str(error)))) from None


def _schema(piece: Slice) -> Schema:
    try:
        with open_input(piece) as file:
            head = file.read(HEAD_BYTES)
            kind = None if head.startswith(_MAGIC) else foreign(head, piece.uri)
            if kind is not None:
                raise ConfigError(refusal(piece.uri, kind))
            return read_footer(file, piece).schema
    except (BadRowError, FatalError) as error:
        raise ConfigError(str(error)) from None


def _types(
    pieces: Sequence[Slice], schemas: Mapping[str, Schema], names: Sequence[str]
) -> tuple[Schema, dict[str, pl.DataType]]:
    """Return the types of columns, and those that the source has to be told.

    Raises:
        ConfigError: files have a column in types of which nobody knows which is right.
    """
    types: Schema = {}
    told: dict[str, pl.DataType] = {}
    for name in names:
        having = [piece for piece in pieces if name in schemas[piece.uri]]
        kinds = {schemas[piece.uri][name] for piece in having}
        if len(kinds) == 1:
            types[name] = kinds.pop()
            continue
        source = Parquet(type="parquet", path=having[0].uri, columns=(name,), hive_partitions=False)
        try:
            types[name] = source.layout(having, {}).columns[name]
        except ConfigError as error:
            if not types_of_parquet() or not all(kind.is_numeric() for kind in kinds):
                raise ConfigError(*error.lines, *_told_why(schemas, [name])) from None
            types[name] = told[name] = pl.Float64()
    return types, told


def _told_why(schemas: Mapping[str, Schema], names: Iterable[str]) -> list[str]:
    """Say in which files a column is of which type."""
    lines = []
    for name in names:
        files: dict[str, list[str]] = {}
        for uri, schema in schemas.items():
            if name in schema:
                files.setdefault(type_name(schema[name]), []).append(uri)
        parts = (f"{kind} in {uris[0]}" + _more(uris) for kind, uris in files.items())
        lines.append(f'column "{name}": {", ".join(parts)}')
    return lines


def _more(uris: Sequence[str]) -> str:
    return f" and {len(uris) - 1} more" if len(uris) > 1 else ""


def _values(name: str, dtype: pl.DataType, heads: Sequence[pl.DataFrame]) -> list[Any]:
    """Return the sampled values of a column; null where Python has no such date."""
    values: list[Any] = []
    for head in heads:
        if name not in head.columns:
            values += [None] * head.height
        elif isinstance(dtype, pl.Date | pl.Datetime):
            column = head[name].cast(dtype)
            known = column.dt.year().is_between(1, 9999).fill_null(value=False)
            values += column.set(~known, None).to_list()
        else:
            values += head[name].to_list()
    return values


def _options(
    types: Schema, kept: Mapping[str, pl.DataType], told: Mapping[str, pl.DataType]
) -> dict[str, Option]:
    left_out = [name for name in types if name not in kept]
    if told and not left_out:
        types_of = {name: type_name(dtype) for name, dtype in told.items()}
        return {"columns": Option(types_of, "the files have them in unlike types")}
    if left_out:
        return {"columns": Option(list(kept), f"without {listed(left_out)}: no step can use them")}
    return {}
