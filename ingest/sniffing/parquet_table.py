"""Looking at Parquet files."""

import itertools
from collections.abc import Mapping

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.core.errors import BadRowError, ConfigError, FatalError
from ingest.core.partition import Slice
from ingest.core.types import Schema
from ingest.sniffing.columns import describe_values
from ingest.sniffing.listing import Listing
from ingest.sniffing.mixture import refuse_mixture
from ingest.sniffing.table import Option, Table, key_columns, key_options
from ingest.sources.column_types import choose_types
from ingest.sources.columns import is_nameable
from ingest.sources.identity import while_planning
from ingest.sources.opening import open_input
from ingest.sources.parquet_footer import damaged, read_footer

SAMPLE_FILES = 5
LOOK_ROWS = 2000


def look_at_parquet(listing: Listing) -> Table:
    """Find out what is in the columns of Parquet files, whose types they bring along.

    Raises:
        ConfigError: the files differ in their columns, or are damaged.
    """
    pieces = listing.some(SAMPLE_FILES)
    schemas = {piece.uri: _schema(piece) for piece in pieces}
    refuse_mixture(listing.path, schemas)
    schema = choose_types(schemas, next(iter(schemas.values())), {}, {}, {}).columns
    kept = {name: dtype for name, dtype in schema.items() if is_nameable(dtype)}
    heads = [pl.DataFrame(pl.from_arrow(read_head(piece, LOOK_ROWS))) for piece in pieces]
    columns = [
        describe_values(name, dtype, [value for head in heads for value in head[name]], dates=False)
        for name, dtype in kept.items()
    ]
    keys = key_columns(listing, list(schema))
    options = _options(schema, kept) | key_options(listing, keys)
    rows = sum(head.height for head in heads)
    return Table(listing, options, (*columns, *keys), rows, 0.0, f"Parquet, {len(schema)} columns")


def read_head(piece: Slice, rows: int) -> pa.Table:
    """Return the first rows of a file, in Arrow's types.

    Raises:
        ConfigError: the file is damaged.
    """
    try:
        with open_input(piece) as stream, pq.ParquetFile(stream) as file:
            batches = list(itertools.islice(file.iter_batches(batch_size=rows), 1))
            return pa.Table.from_batches(batches, schema=file.schema_arrow)
    except FatalError as error:
        raise while_planning(error) from None
    except (pa.ArrowException, OSError) as error:
        raise ConfigError(str(damaged(piece.uri, str(error)))) from None


def _schema(piece: Slice) -> Schema:
    try:
        with open_input(piece) as file:
            return read_footer(file, piece).schema
    except (BadRowError, FatalError) as error:
        raise while_planning(error) from None


def _options(schema: Schema, kept: Mapping[str, pl.DataType]) -> dict[str, Option]:
    left_out = [name for name in schema if name not in kept]
    if not left_out:
        return {}
    return {"columns": Option(list(kept), f"without {', '.join(left_out)}: no step can work on it")}
