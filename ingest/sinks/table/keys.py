"""The keys of rows in files, read in slices: of a run with many rows, not all keys at a time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import polars as pl
import pyarrow.parquet as pq

from ingest.core.dataclass import dataclass
from ingest.sinks.table.place import TablePlace

SLICE_ROWS = 4_000_000
"""How many keys of a run are held at a time: about 0.4 GB of integers with what a join needs."""
BATCH_ROWS = 500_000
ROW = "__row"
"""The column that counts the rows of a file."""
_SOME = 3


@dataclass(frozen=True, slots=True)
class Piece:
    """A file of a table; `values` are those of the partition columns, as the log has them."""

    path: str
    values: Mapping[str, str | None]


class Keyed(Protocol):
    """What is asked of a sink to read keys."""

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The columns that tell rows apart."""
        ...

    @property
    def place(self) -> TablePlace:
        """Where the files are."""
        ...


@dataclass(frozen=True, slots=True)
class Keys:
    """How keys are read. Values of partition columns are texts, as in the log."""

    place: TablePlace
    columns: tuple[str, ...]
    kinds: Mapping[str, Any]

    @classmethod
    def of(cls, sink: Keyed, kinds: Mapping[str, Any]) -> "Keys":
        """Return how the keys of a sink's rows are read."""
        return cls(sink.place, sink.primary_key, kinds)

    def batches(self, piece: Piece) -> Iterator[pl.DataFrame]:
        """Yield the keys of a file, with the numbers of their rows.

        None of a file that lacks a column of them, which was added to the table later.
        """
        inside = [name for name in self.columns if name not in piece.values]
        with (
            self.place.opened(piece.path) as file,
            pq.ParquetFile(file, pre_buffer=True, coerce_int96_timestamp_unit="us") as parquet,
        ):
            if not set(inside) <= set(parquet.schema_arrow.names):
                return
            start = 0
            for batch in parquet.iter_batches(BATCH_ROWS, columns=inside or None):
                rows = pl.int_range(start, start + batch.num_rows, eager=True).alias(ROW)
                start += batch.num_rows
                told = (
                    pl.lit(piece.values[name], dtype=pl.String).alias(name)
                    for name in self.columns
                    if name in piece.values
                )
                read = pl.DataFrame(batch).select(inside).cast({n: self.kinds[n] for n in inside})
                yield pl.DataFrame([rows]).hstack(read.get_columns()).with_columns(told)

    def slice(self, frame: pl.DataFrame, number: int, slices: int) -> pl.DataFrame:
        """Return the rows whose keys belong to a slice: equal keys always are in the same."""
        if slices == 1:
            return frame
        return frame.filter(pl.struct(self.columns).hash() % slices == number)

    def held(self, pieces: Sequence[Piece], number: int, slices: int) -> pl.DataFrame:
        """Return the keys of a slice of all files."""
        frames = [
            self.slice(batch, number, slices).select(self.columns)
            for piece in pieces
            for batch in self.batches(piece)
        ]
        return pl.concat(frames) if frames else pl.DataFrame()

    def repeats(self, pieces: Sequence[Piece], rows: int) -> tuple[int, list[str]]:
        """Return how many keys several rows have, and some of them as texts."""
        slices, count, some = slices_of(rows), 0, list[str]()
        for number in range(slices):
            held = self.held(pieces, number, slices)
            if held.height and held.height > held.n_unique():
                repeated = held.filter(held.is_duplicated()).unique().sort(self.columns)
                count += repeated.height
                some += [_text(key) for key in repeated.head(_SOME).rows()]
        return count, some[:_SOME]


def slices_of(rows: int) -> int:
    """Return in how many slices so many keys are read."""
    return max(1, -(-rows // SLICE_ROWS))


def _text(key: tuple[Any, ...]) -> str:
    texts = [f'"{value}"' if isinstance(value, str) else str(value) for value in key]
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"
