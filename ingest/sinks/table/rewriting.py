"""Writing a file of a table again, without some of its rows."""

import itertools
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from ingest.sinks.directory.hive import folder
from ingest.sinks.directory.write_back import WriteBack
from ingest.sinks.table.keys import Piece
from ingest.sinks.table.matching import Rows
from ingest.sinks.table.place import TablePlace
from ingest.sinks.table.plan import TablePlan
from ingest.sinks.table.staging import Writer, written_files

_BATCH_ROWS = 65_536


def rewritten(
    sink: Writer, kinds: Mapping[str, Any], piece: Piece, drop: Rows, run_id: str
) -> Iterator[Mapping[str, Any]]:
    """Write the other rows of a file into the run's folder; yield lines of a plan for what stands.

    No file if no row is left. Memory is bounded by what is encoded at a time, not by the file.
    """
    stem = f"merge-{secrets.token_hex(8)}"
    names = (f"{stem}-{number}.parquet" for number in itertools.count())
    where = f"{run_id}/{folder(piece.values)}".rstrip("/")
    left = _left(sink.place, kinds, piece, drop)
    with WriteBack() as write_back:
        staged = [*written_files(sink, left, where, names, piece.values, write_back=write_back)]
        sink.place.settle((each.keep["path"] for each in staged), write_back)
    yield from (TablePlan.add(each) for each in staged)


def _left(
    place: TablePlace, kinds: Mapping[str, Any], piece: Piece, drop: Rows
) -> Iterator[pl.DataFrame]:
    """Yield the rows that stay, in order, in the types of the table."""
    with (
        place.opened(piece.path) as file,
        pq.ParquetFile(file, pre_buffer=True, coerce_int96_timestamp_unit="us") as parquet,
    ):
        start = 0
        for batch in parquet.iter_batches(_BATCH_ROWS):
            stays = np.ones(batch.num_rows, dtype=np.bool_)
            first, last = np.searchsorted(drop, (start, start + batch.num_rows))
            stays[drop[first:last] - start] = False
            start += batch.num_rows
            rows = pl.DataFrame(batch).filter(pl.Series(stays))
            if rows.height:
                yield rows.cast({name: kinds[name] for name in rows.columns})
