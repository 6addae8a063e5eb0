"""Decoding row groups: by Polars what is plain and sound, by PyArrow all that is not.

The rule is the same for every file, wherever it lies, and what Polars cannot read, or panics on,
is asked of PyArrow, which is the stricter: so a file has one result, or one error.
"""

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.core.casting import not_a
from ingest.core.errors import BadRowError
from ingest.formats.parquet.arrays import Mask, fitted
from ingest.formats.parquet.footer import Footer, first_line
from ingest.formats.parquet.pages import are_sound
from ingest.formats.parquet.raw import raw_values

NOT_DECODED = (pl.exceptions.PolarsError, pl.exceptions.PanicException)

Collect = Callable[[pl.LazyFrame], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Span:
    """Row groups of one file, which can be read at a local path."""

    uri: str
    path: str
    footer: Footer
    start: int
    end: int

    @property
    def first(self) -> int:
        """How many rows of the file come before."""
        return sum(self.footer.rows[: self.start])

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return sum(self.footer.rows[self.start : self.end])

    @property
    def whole(self) -> bool:
        """Whether these are all row groups of the file."""
        return self.start == 0 and self.end == len(self.footer.groups)

    def nulls(self, name: str) -> int | None:
        """Return how many nulls a flat column has, if the file says so."""
        counts = [chunk.nulls for chunk in self.footer.chunks(name, self.start, self.end)]
        return None if None in counts else sum(count or 0 for count in counts)


class Fault(NamedTuple):
    """Rows that hold a value which their column's type has no room for, and why.

    `raw` is what stands there, as JSON, for each of these rows.
    """

    column: str
    reason: str
    rows: Mask
    raw: list[str]


def read_span(
    span: Span, names: Sequence[str], collect: Collect, *, whole: bool
) -> tuple[pl.DataFrame, list[Fault]]:
    """Return what `collect` makes of the rows, and those of them that are at fault.

    `collect` gets the columns of these names in the types of the footer, and with `whole` gives all
    of them back; else its filters may keep row groups from being read. Values of rows at fault are
    null where they do not fit.

    Raises:
        BadRowError: the file is damaged, or holds what is not read.
    """
    if names and _trusted(span, names) == list(names):
        with contextlib.suppress(*NOT_DECODED):
            if (scan := _scan(span, names)) is not None:
                frame = collect(scan)
                if not whole or _plausible(span, frame, names):
                    return frame, []
        frame, faults = decode_strictly(span, names)
    else:
        frame, faults = decode(span, names)
    return collect(frame.lazy()), faults


def decode(span: Span, names: Sequence[str]) -> tuple[pl.DataFrame, list[Fault]]:
    """Return the rows, and which of them are at fault; see `read_span`."""
    plain = _trusted(span, names)
    quick = _by_polars(span, plain) if plain else None
    if quick is None:
        return decode_strictly(span, names)
    others = [name for name in names if name not in plain]
    slow, faults = decode_strictly(span, others)
    return quick.hstack(slow).select(names) if others else quick, faults


def decode_strictly(span: Span, names: Sequence[str]) -> tuple[pl.DataFrame, list[Fault]]:
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
    groups = list(range(span.start, span.end))
    with _opened(span, "us") as file, _decoder_errors(span.uri):
        batches = file.iter_batches(
            batch_size=most, row_groups=groups, columns=list(names), use_threads=False
        )
        fields = [file.schema_arrow.field(name) for name in names]
        head = list(itertools.islice(batches, 1))
        return pa.Table.from_batches(head, pa.schema(fields) if not head else None).select(names)


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


def _trusted(span: Span, names: Sequence[str]) -> list[str]:
    """Return the columns that Polars may decode."""
    if not span.footer.opens:
        return []
    plain = [name for name in names if span.footer.forms[name].plain]
    chunks = {name: span.footer.chunks(name, span.start, span.end) for name in plain}
    return [name for name in plain if are_sound(span.path, chunks[name])]


def _scan(span: Span, names: Sequence[str]) -> pl.LazyFrame | None:
    """Return the rows as Polars reads them; None if it takes a column for another type."""
    scan = pl.scan_parquet(span.path, glob=False, hive_partitioning=False)
    schema = scan.collect_schema()
    columns = []
    for name in names:
        found, dtype = schema[name], span.footer.forms[name].dtype
        if found == dtype:
            columns.append(pl.col(name))
        elif isinstance(dtype, pl.String) and isinstance(
            found, pl.Categorical | pl.Enum | pl.Binary
        ):
            columns.append(pl.col(name).cast(dtype))
        else:
            return None
    return (scan if span.whole else scan.slice(span.first, span.rows)).select(columns)


def _by_polars(span: Span, names: Sequence[str]) -> pl.DataFrame | None:
    with contextlib.suppress(*NOT_DECODED):
        scan = _scan(span, names)
        frame = None if scan is None else scan.collect()
        if frame is not None and _plausible(span, frame, names):
            return frame
    return None


def _plausible(span: Span, frame: pl.DataFrame, names: Sequence[str]) -> bool:
    """Say whether rows, nulls and decimals are those that the file says it holds."""
    if frame.height != span.rows:
        return False
    for name in names:
        column = frame[name]
        if span.nulls(name) not in {None, column.null_count()}:
            return False
        if isinstance(column.dtype, pl.Decimal) and not _within(column, column.dtype):
            return False
    return True


def _within(column: pl.Series, dtype: pl.Decimal) -> bool:
    least, most = column.min(), column.max()
    bound = Decimal(10) ** (dtype.precision - dtype.scale)
    return all(abs(value) < bound for value in (least, most) if isinstance(value, Decimal))


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
) -> tuple[pl.Series, Fault | None]:
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
        raise _damaged(
            f'{span.uri}: column "{name}"', f"{len(values)} rows where the footer says {span.rows}"
        )
    dtype = span.footer.forms[name].dtype
    if not parts:
        return pl.Series(name, dtype=dtype), None
    arrays = pa.chunked_array([part.array for part in parts])
    column = pl.Series(name, pl.from_arrow(arrays, rechunk=False))
    if all(part.unfit is None for part in parts):
        return column, None
    rows = np.concatenate(
        [np.zeros(len(part.array), bool) if part.unfit is None else part.unfit for part in parts]
    )
    mask = pa.array(rows)
    raw = raw_values(values.filter(mask), None if nanos is None else nanos.filter(mask))
    return column, Fault(name, _reason(dtype), rows, raw)


def _read(span: Span, name: str, file: pq.ParquetFile) -> pa.ChunkedArray:
    groups = list(range(span.start, span.end))
    return file.read_row_groups(groups, columns=[name], use_threads=False)[name]


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
            f"{where}: written in a way that is not read: {first_line(str(error))}. "
            "Leave it out by naming the others (columns: [name, …]), or have it written anew"
        ) from None
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise _damaged(where, str(error)) from None


def _damaged(where: str, what: str) -> BadRowError:
    return BadRowError(
        f"{where}: damaged Parquet: {first_line(what)}. Fetch the file again, or have it written "
        "anew"
    )
