"""Decoding row groups: by Polars what is plain and sound, by PyArrow all that is not.

The rule is the same for every file, wherever it lies, and what Polars cannot read, or panics on,
is asked of PyArrow, which is the stricter: so a file has one result, or one error.
"""

import contextlib
from collections.abc import Callable, Sequence
from decimal import Decimal

import polars as pl

from ingest.formats.parquet.by_arrow import decode_strictly
from ingest.formats.parquet.pages import are_sound
from ingest.formats.parquet.span import Span, ValueFault

NOT_DECODED = (pl.exceptions.PolarsError, pl.exceptions.PanicException)

Collect = Callable[[pl.LazyFrame], pl.DataFrame]


def read_span(
    span: Span, names: Sequence[str], collect: Collect, *, whole: bool
) -> tuple[pl.DataFrame, list[ValueFault]]:
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


def decode(span: Span, names: Sequence[str]) -> tuple[pl.DataFrame, list[ValueFault]]:
    """Return the rows, and which of them are at fault; see `read_span`."""
    plain = _trusted(span, names)
    quick = _by_polars(span, plain) if plain else None
    if quick is None:
        return decode_strictly(span, names)
    others = [name for name in names if name not in plain]
    slow, faults = decode_strictly(span, others)
    return quick.hstack(slow).select(names) if others else quick, faults


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
        column, dtype = frame[name], span.footer.forms[name].dtype
        if span.nulls(name) not in {None, column.null_count()}:
            return False
        if isinstance(dtype, pl.Decimal) and not _within(column, dtype):
            return False
    return True


def _within(column: pl.Series, dtype: pl.Decimal) -> bool:
    least, most = column.min(), column.max()
    bound = Decimal(10) ** (dtype.precision - dtype.scale)
    return all(abs(value) < bound for value in (least, most) if isinstance(value, Decimal))
