"""Decoding by PyArrow, which is strict: it checks levels and checksums, and never aborts."""

import contextlib
import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.core.arrow import series, to_arrow
from ingest.core.errors import BadRowError
from ingest.core.values.casting import not_a
from ingest.formats.parquet.arrays import fitted
from ingest.formats.parquet.footer import first_line
from ingest.formats.parquet.raw import raw_values
from ingest.formats.parquet.span import Span, ValueFault, damaged_pages


def decode_strictly(span: Span, names: Sequence[str]) -> tuple[pl.DataFrame, list[ValueFault]]:
    """Return the rows as `decode` does, all of it decoded by PyArrow."""
    if not names:
        return pl.DataFrame(height=span.rows), []
    forms = span.footer.forms
    nanos = any(forms[name].int96 for name in names)
    with _opened(span, "ms" if nanos else "us") as file, _opened(span, "ns") as other:
        columns, faults = [], []
        for name in names:
            column, fault = _column(span, name, file, other if forms[name].int96 else None)
            columns.append(column)
            faults += [fault] if fault else []
    return pl.DataFrame(columns), faults


def decode_head(span: Span, names: Sequence[str], most: int) -> pa.Table:
    """Return the first rows of some columns in Arrow's own types, not decoding more than that.

    INT96 are in microseconds.

    Raises:
        BadRowError: as `read_span`.
    """
    with _opened(span, "us") as file, _decoder_errors(span.uri):
        batches = file.iter_batches(
            batch_size=most, row_groups=span.groups, columns=list(names), use_threads=False
        )
        fields = [file.schema_arrow.field(name) for name in names]
        head = list(itertools.islice(batches, 1))
        table = pa.Table.from_batches(head, pa.schema(fields) if not head else None)
        columns = [_as_text(table[name], span.footer.forms[name].dtype) for name in names]
        return pa.table(columns, names=list(names))


def frame_of(table: pa.Table) -> pl.DataFrame:
    """Return rows in the types that they are read as, without those that are at fault."""
    parts = {
        name: fitted(table[name].combine_chunks()) for name in table.column_names
    }  # one chunk: it is a head
    unfit = [part.unfit for part in parts.values() if part.unfit is not None]
    frame = pl.DataFrame({name: pl.from_arrow(part.array) for name, part in parts.items()})
    return frame.filter(~np.logical_or.reduce(unfit)) if unfit else frame


def _reason(dtype: pl.DataType) -> str:
    return "not utf-8" if isinstance(dtype, pl.String) else not_a(dtype)


@contextlib.contextmanager
def _opened(span: Span, int96: str) -> Iterator[pq.ParquetFile]:
    with (
        _decoder_errors(span.uri),
        pq.ParquetFile(
            span.path,
            coerce_int96_timestamp_unit=int96,
            page_checksum_verification=True,
            arrow_extensions_enabled=False,
            pre_buffer=False,
        ) as file,
    ):
        yield file


def _column(
    span: Span, name: str, file: pq.ParquetFile, other: pq.ParquetFile | None
) -> tuple[pl.Series, ValueFault | None]:
    """Return a column, and which of its rows are at fault, if any."""
    with _decoder_errors(f'{span.uri}: column "{name}"'):
        values = _read(span, name, file)
        nanos = _read(span, name, other) if other else None
        beside = nanos.chunks if nanos is not None else [None] * values.num_chunks
        parts = [
            fitted(chunk, counts, span.footer.int96)
            for chunk, counts in zip(values.chunks, beside, strict=True)
        ]
    if len(values) != span.rows:
        raise damaged_pages(
            f'{span.uri}: column "{name}"', f"{len(values)} rows, but the footer says {span.rows}"
        )
    dtype = span.footer.forms[name].dtype
    if not parts:
        return pl.Series(name, dtype=dtype), None
    arrays = pa.chunked_array([part.array for part in parts])
    column = series(name, arrays)
    if all(part.unfit is None for part in parts):
        return column, None
    rows = np.concatenate(
        [np.zeros(len(part.array), bool) if part.unfit is None else part.unfit for part in parts]
    )
    mask = to_arrow(rows)
    raw = raw_values(values.filter(mask), None if nanos is None else nanos.filter(mask))
    return column, ValueFault(name, _reason(dtype), rows, raw)


def _read(span: Span, name: str, file: pq.ParquetFile) -> pa.ChunkedArray:
    values = file.read_row_groups(span.groups, columns=[name], use_threads=False)[name]
    return _as_text(values, span.footer.forms[name].dtype)


def _as_text(values: pa.ChunkedArray, dtype: pl.DataType) -> pa.ChunkedArray:
    """Return bytes that are meant as text as that, whether or not they are UTF-8."""
    if not isinstance(dtype, pl.String) or values.type != pa.binary():
        return values
    return pa.chunked_array([chunk.view(pa.string()) for chunk in values.chunks], pa.string())


@contextlib.contextmanager
def _decoder_errors(where: str) -> Iterator[None]:
    """Say of what PyArrow's decoder raises what it is: no error of the storage, whatever it says.

    Raises:
        BadRowError: the file is damaged, or holds what is not read.
    """
    try:
        yield
    except pa.ArrowMemoryError:
        raise
    except pa.ArrowNotImplementedError as error:
        raise BadRowError(
            f"{where}: this encoding is not supported: {first_line(str(error))}. Leave the "
            "column out by naming the others (columns: [name, …]), or have the file rewritten"
        ) from None
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise damaged_pages(where, str(error)) from None
