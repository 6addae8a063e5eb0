"""Writing Parquet files, and counting their rows again."""

import base64
from collections.abc import Iterable, Iterator
from typing import BinaryIO, ClassVar, Literal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from ingest.core.errors import BadRowError
from ingest.core.model import Model
from ingest.formats.base import Decoded, Output, WritableFormat
from ingest.formats.parquet.encodings import Encodings, encodings
from ingest.formats.parquet.tables import narrow, table_of

MAGIC = b"PAR1"
"""What each file begins with."""
_PAGE_ROWS = 1_000_000  # a page is full at 1 MiB: PyArrow's 20,000 rows make many small ones
_TEXT_BYTES = 1 << 31
_LARGE_BYTES = 16 * 1024 * 1024
_BATCH_ROWS = 8192  # 1,024 at a time cost 4 % more
_JOINED_BYTES = 32 * 1024 * 1024
_READ_ROWS = 8_192


class ParquetFiles(Model):
    """How Parquet files are written, whatever lists them: a directory, the log of a table.

    They are compressed with zstd. A column is dictionary-encoded if at most half of the values in a
    sample of 4,096 rows are distinct. Other integers and timestamps are stored as differences
    (DELTA_BINARY_PACKED).
    """

    compression_level: int = Field(default=1, ge=1, le=22)
    """The zstd compression level. 3 makes files 3 to 4 % smaller for 8 to 10 % more time; higher
    levels are rarely worth it."""
    row_group_rows: int = Field(default=500_000, ge=1)
    """The most rows per row group; most groups have at least half as many. Small groups make files
    larger and slower to read."""
    integer_encoding: Literal["delta", "plain"] = "delta"
    """The encoding of integers and timestamps with few repeated values. The default stores
    differences (DELTA_BINARY_PACKED), which takes half the time and a fifth less space. Use `plain`
    for readers that do not support it (Spark before 3.3)."""

    @property
    def chunk_rows(self) -> int:
        """At most how many rows are encoded at a time: a row group."""
        return self.row_group_rows

    def encoder(self, file: Output, rows: pl.DataFrame) -> "ParquetEncoder":
        """Begin a file."""
        return self._begun(file, rows, narrow(rows.clear().to_arrow().schema))

    def join(self, files: Iterable[pa.NativeFile], into: Output) -> None:
        """Write the rows of several files in fewer row groups, in the types that they have there.

        Their values go from PyArrow to PyArrow. In memory is what becomes one row group: as many
        rows as others have, or fewer where that would be more than 32 MiB.
        """
        encoder: ParquetEncoder | None = None
        for group in _groups(_tables(files), self.row_group_rows):
            if encoder is None:
                encoder = self._begun(into, pl.DataFrame(group), group.schema, joined=True)
            encoder.write_table(group)
            del group  # what was written is not held while the next is read
        assert encoder, "there is at least one file"
        encoder.close()

    def _begun(
        self, file: Output, rows: pl.DataFrame, schema: pa.Schema, *, joined: bool = False
    ) -> "ParquetEncoder":
        chosen = encodings(rows, schema, delta=self.integer_encoding == "delta")
        taken = schema if joined else table_of(rows.clear(), chosen.numbered).schema
        return ParquetEncoder(file, schema, taken, chosen, self.compression_level)

    def count_rows(self, file: pa.NativeFile) -> int:
        """Decode the file, so that damage is found, and count its rows."""
        # Files are counted side by side: threads within a small one only get in each other's way.
        threads = file.size() > _LARGE_BYTES
        with pq.ParquetFile(file) as parquet:
            return sum(batch.num_rows for batch in parquet.iter_batches(use_threads=threads))


class ParquetFormat(ParquetFiles, WritableFormat):
    """Parquet files; those of other writers are read by the source `parquet`."""

    label: ClassVar[str] = "Parquet"
    endings: ClassVar[tuple[str, ...]] = (".parquet", ".pq", ".parq")
    packable: ClassVar[bool] = False
    joins: ClassVar[bool] = True

    type: Literal["parquet"]

    @classmethod
    def recognizes(cls, head: bytes) -> bool:
        """Say whether a file begins as all of this format do."""
        return head.startswith(MAGIC)

    def decode(self, file: BinaryIO) -> Decoded:
        """Read a file that was written so."""
        try:
            return Decoded(pl.read_parquet(file.read(), hive_partitioning=False))
        except pl.exceptions.PolarsError as error:
            raise BadRowError(f"not Parquet as it is written here: {error}") from error


class ParquetEncoder:
    """Writes each chunk of rows as one row group.

    `schema` is what readers are told of the types, `taken` those in which tables come.
    """

    def __init__(
        self, file: Output, schema: pa.Schema, taken: pa.Schema, chosen: Encodings, level: int
    ) -> None:
        self._numbered = chosen.numbered
        self._writer = pq.ParquetWriter(
            pa.PythonFile(file, mode="w"),
            taken,
            compression="zstd",
            compression_level=level,
            use_dictionary=list(chosen.dictionaries),
            column_encoding=dict.fromkeys(chosen.differences, "DELTA_BINARY_PACKED"),
            write_statistics=True,
            max_rows_per_page=_PAGE_ROWS,
            write_batch_size=_BATCH_ROWS,
            store_schema=False,
        )
        # what PyArrow would store of `schema`: readers need not know views
        stored = base64.b64encode(schema.serialize().to_pybytes())
        self._writer.add_key_value_metadata({"ARROW:schema": stored})

    def write(self, rows: pl.DataFrame) -> None:
        """Add a row group; or several, where a column has more text than PyArrow takes at once."""
        if rows.is_empty():  # the footer has the columns
            return
        if rows.estimated_size() > _TEXT_BYTES and rows.height > 1:
            half = rows.height // 2
            self.write(rows.head(half))
            self.write(rows.slice(half))
            return
        self.write_table(table_of(rows, self._numbered))

    def write_table(self, table: pa.Table) -> None:
        """Add a row group of the file's schema."""
        self._writer.write_table(table, row_group_size=table.num_rows)

    def close(self) -> None:
        """Write the footer."""
        self._writer.close()


def _tables(files: Iterable[pa.NativeFile]) -> Iterator[pa.Table]:
    for file in files:
        with pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(_READ_ROWS, use_threads=False):
                yield pa.Table.from_batches([batch], parquet.schema_arrow)


def _groups(tables: Iterable[pa.Table], most_rows: int) -> Iterator[pa.Table]:
    """Put tables together into row groups."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        while (rows := sum(each.num_rows for each in waiting)) >= most_rows:
            whole = pa.concat_tables(waiting)
            yield whole.slice(0, most_rows)
            waiting = [whole.slice(most_rows)] if rows > most_rows else []
        if sum(each.nbytes for each in waiting) >= _JOINED_BYTES:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)
