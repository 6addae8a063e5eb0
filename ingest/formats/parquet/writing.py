"""Writing Parquet files, and counting their rows again."""

import base64
from collections.abc import Container, Iterable, Iterator
from typing import BinaryIO, ClassVar, Literal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from ingest.core.errors import BadRowError
from ingest.core.model import Model
from ingest.formats.base import Decoded, Output, WritableFormat

# PyArrow writes, because it can be told how each column is to be encoded: 491,000 taxi rows of 12
# columns took 93 ms and 8.7 MB with dictionaries everywhere but in ids and timestamps, 83 ms and
# 8.2 MB with differences for those that are integers, 76 ms and 8.1 MB with the settings below.
# Polars' own writer, which cannot be told, took 111 ms and 10.2 MB.
MAGIC = b"PAR1"
"""What each file begins with."""
_SAMPLE_ROWS = 4096
_DISTINCT_SHARE = 0.5
_DELTA_BITS = 48
_PAGE_ROWS = 1_000_000  # a page is full at 1 MiB: PyArrow's 20,000 rows make many small ones
_TEXT_BYTES = 1 << 31
_LARGE_BYTES = 16 * 1024 * 1024
_BATCH_ROWS = 8192  # 1,024 at a time cost 4 % more
_JOINED_BYTES = 32 * 1024 * 1024
_READ_ROWS = 8_192
_TEXTS = (pl.String, pl.Binary)
_VIEWS = pl.CompatLevel.newest()


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
        return self._begun(file, rows, narrow(rows.clear().to_arrow().schema), viewed(rows.clear()))

    def join(self, files: Iterable[pa.NativeFile], into: Output) -> None:
        """Write the rows of several files in fewer row groups, in the types that they have there.

        Their values go from PyArrow to PyArrow. In memory is what becomes one row group: as many
        rows as others have, or fewer where that would be more than 32 MiB.
        """
        encoder: ParquetEncoder | None = None
        for group in _groups(_tables(files), self.row_group_rows):
            if encoder is None:
                encoder = self._begun(into, pl.DataFrame(group), group.schema)
            encoder.write_table(group)
            del group  # what was written is not held while the next is read
        assert encoder, "there is at least one file"
        encoder.close()

    def _begun(
        self, file: Output, rows: pl.DataFrame, schema: pa.Schema, views: pa.Table | None = None
    ) -> "ParquetEncoder":
        delta = self.integer_encoding == "delta"
        taken = schema if views is None else views.schema
        return ParquetEncoder(file, rows, schema, taken, self.compression_level, delta=delta)

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
        self,
        file: Output,
        rows: pl.DataFrame,
        schema: pa.Schema,
        taken: pa.Schema,
        level: int,
        *,
        delta: bool,
    ) -> None:
        flat = [name for name, kind in rows.schema.items() if not kind.is_nested()]
        # by their numbers: a slice with a step takes twice as long
        step = max(1, rows.height // _SAMPLE_ROWS)
        places = pl.int_range(0, rows.height, step, dtype=pl.UInt32, eager=True)
        sample = rows.select(flat)
        if flat:  # without columns there are no rows
            sample = sample[places.head(_SAMPLE_ROWS)]
        dictionaries = list(repeating(sample, schema))
        differences = sequences(sample, set(dictionaries)) if delta else ()
        self._writer = pq.ParquetWriter(
            pa.PythonFile(file, mode="w"),
            taken,
            compression="zstd",
            compression_level=level,
            use_dictionary=dictionaries,
            column_encoding=dict.fromkeys(differences, "DELTA_BINARY_PACKED"),
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
        self.write_table(viewed(rows))

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


def viewed(rows: pl.DataFrame) -> pa.Table:
    """Return rows whose texts are views, as in Polars: to make others of them took a tenth.

    Not those within lists and structs, of which PyArrow cannot write slices.
    """
    texts = [name for name, kind in rows.schema.items() if isinstance(kind, _TEXTS)]
    others = rows.drop(texts).to_arrow()
    if (wanted := narrow(others.schema)) != others.schema:
        others = others.cast(wanted)
    columns = {
        **dict(zip(others.column_names, others.columns, strict=True)),
        **dict(zip(texts, rows.select(texts).to_arrow(compat_level=_VIEWS).columns, strict=True)),
    }
    return pa.table({name: columns[name] for name in rows.columns})


def narrow(schema: pa.Schema) -> pa.Schema:
    """Return the schema with texts whose offsets have 32 bits, which every reader knows."""
    narrower = {pa.large_string(): pa.string(), pa.large_binary(): pa.binary()}
    return pa.schema(field.with_type(narrower.get(field.type, field.type)) for field in schema)


def repeating(sample: pl.DataFrame, schema: pa.Schema) -> Iterator[str]:
    """Return the columns that are worth a dictionary, nested ones by the paths of their leaves.

    Nested columns always are tried: PyArrow gives a dictionary up once it outgrows a page.
    """
    plain = set(sample.columns)
    for field in schema:
        if field.name not in plain:
            yield from _leaves(field.name, field.type)
        elif sample[field.name].n_unique() <= max(1, sample.height * _DISTINCT_SHARE):
            yield field.name


def sequences(sample: pl.DataFrame, leave_out: Container[str]) -> Iterator[str]:
    """Return the columns whose differences are small numbers: counters, times, not hashes.

    Of 64 random bits the differences take twice the work of the values, and more space.
    """
    for name, kind in sample.schema.items():
        if name in leave_out or not (kind.is_integer() or isinstance(kind, pl.Datetime)):
            continue
        values = sample[name].to_physical()
        least, most = values.min(), values.max()
        if isinstance(least, int) and isinstance(most, int) and most - least < 1 << _DELTA_BITS:
            yield name


def _leaves(path: str, kind: pa.DataType) -> Iterator[str]:
    if pa.types.is_struct(kind):
        for field in kind:
            yield from _leaves(f"{path}.{field.name}", field.type)
    elif (
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    ):
        yield from _leaves(f"{path}.list.element", kind.value_type)
    else:
        yield path
