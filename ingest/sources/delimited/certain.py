"""Reading those CSV records at once of which it is certain what they say, by compiled code."""

from collections.abc import Sequence
from dataclasses import field
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from ingest.compiled import csv
from ingest.compiled.library import is_there
from ingest.core.arrow import series
from ingest.core.dataclass import dataclass
from ingest.core.types import Schema
from ingest.sources.text.bits import FEEDS, Bits, Places, count, is_set
from ingest.sources.text.decoding import whole_text
from ingest.sources.text.dialect import Dialect
from ingest.sources.text.record_ends import ENDS, ends_in

_MOST_BYTES: Final = 2**31
"""Where texts stand is told by numbers of 31 bits."""
_MOSTLY: Final = 0.05
"""Where too many lines are in doubt, columns for whose sake so many are, are read as texts."""
_TEXT: Final = csv.Kind(csv.TEXT, 16)
_SIMPLE: Final[dict[pl.DataType, csv.Kind]] = {
    pl.Float32(): csv.Kind(csv.FLOAT, 4),
    pl.Float64(): csv.Kind(csv.FLOAT, 8),
    pl.Boolean(): csv.Kind(csv.BOOLEAN, 0),
    pl.Date(): csv.Kind(csv.DATE, 4),
}
_WIDTHS: Final[dict[pl.DataType, int]] = {
    pl.Int8(): 1, pl.Int16(): 2, pl.Int32(): 4, pl.Int64(): 8,
    pl.UInt8(): 1, pl.UInt16(): 2, pl.UInt32(): 4, pl.UInt64(): 8,
}  # fmt: skip
_MOST_DIGITS: Final = 18
"""So many of a decimal fit into 64 bits."""
_DECIMALS: Final = {"ms": 3, "us": 6}
"""How many decimals seconds have in a unit."""


class Certain(NamedTuple):
    """Fields of records, and the numbers of the records that are not among them.

    Of these, `odd` have an odd number of quotes, if they are lines. `ends` are where records of
    several lines end; None if each is a line.
    """

    fields: pl.DataFrame
    doubts: Places
    odd: Places
    ends: Bits | None = None


@dataclass(frozen=True, slots=True)
class CertainReader:
    """Reads texts whose records have these fields, in this order, of these types.

    They are lines, unless `multiline` says that quoted fields may hold line feeds.

    Columns of types that it does not know, and `spoilt` ones, are texts; of these, only a bare
    empty field is null. A column that is no number and refuses too many records becomes a spoilt
    one.
    """

    dialect: Dialect
    names: Sequence[str]
    schema: Schema
    null_values: Sequence[str]
    spoilt: set[str] = field(default_factory=set)
    multiline: bool = False

    def read(self, data: bytes, most_doubts: float) -> Certain | None:
        """Return what is certain of a text in which every line is ended.

        None if more than the share `most_doubts` of its records is not, if they are not written
        plainly, or the text is not UTF-8, holds NULs or ends within quotes; and where the reader
        was not built.
        """
        if not (is_there() and self._is_plain(data)):
            return None
        total, ends = count(FEEDS.of(data)), self._ends(data)
        if ends is not None:
            if not is_set(ends, np.array([len(data) - 1]))[0]:
                return None
            lines, total = total, count(ends)
            ends = None if total == lines else ends
        most, kinds = int(most_doubts * total), self._kinds()
        read = self._read(data, total, kinds, most, ends)
        if read.rows < 0 and (refusing := self._refusing(read, kinds, _MOSTLY * total)):
            self.spoilt.update(refusing)
            kinds = self._kinds()
            read = self._read(data, total, kinds, most, ends)
        if read.rows < 0:
            return None
        return Certain(self._frame(read, kinds), read.doubts, read.odd, ends)

    def _ends(self, data: bytes) -> Bits | None:
        """Return where records end that may have several lines."""
        ends = ends_in(self.dialect) if self.multiline else None
        return None if ends is None else ENDS.of(data, ends)

    def _refusing(self, read: csv.Records, kinds: Sequence[csv.Kind], most: float) -> set[str]:
        """Return the columns for whose sake more lines are in doubt, and that may be texts instead.

        Not those of numbers: what is in doubt here, Polars' reader knows, faster than as texts.
        """
        refused = zip(self.names, kinds, read.refused, strict=True)
        numbers = {csv.TEXT, csv.INTEGER, csv.FLOAT}
        return {name for name, kind, lines in refused if lines > most and kind.kind not in numbers}

    def _is_plain(self, data: bytes) -> bool:
        dialect = self.dialect
        if not dialect.is_plain or dialect.skip_space or dialect.trailing:
            return False
        if not data.endswith(b"\n") or len(data) >= _MOST_BYTES or b"\0" in data:
            return False
        return data.isascii() or whole_text(data) is not None

    def _read(
        self,
        data: bytes,
        total: int,
        kinds: Sequence[csv.Kind],
        most: int,
        ends: Bits | None,
    ) -> csv.Records:
        quote = self.dialect.quote
        signs = csv.Signs(
            ord(self.dialect.delimiter),
            -1 if quote is None else ord(quote),
            "" in self.null_values,
            [token.encode() for token in self.null_values if token],
        )
        return csv.read(data, total, signs, kinds, most, ends=ends)

    def _kinds(self) -> list[csv.Kind]:
        return [
            _TEXT if name in self.spoilt else _kind(self.schema[name]) or _TEXT
            for name in self.names
        ]

    def _frame(self, read: csv.Records, kinds: Sequence[csv.Kind]) -> pl.DataFrame:
        heap, columns = pa.py_buffer(read.heap), []
        for name, kind, column in zip(self.names, kinds, read.columns, strict=True):
            valid = pa.py_buffer(column.valid) if column.nulls else None
            buffers = [valid, pa.py_buffer(column.values)]
            if kind is _TEXT:
                arrow, buffers = pa.string_view(), [*buffers, heap]
            else:
                arrow = _arrow(self.schema[name])
            array = pa.Array.from_buffers(arrow, read.rows, buffers, column.nulls)
            columns.append(series(name, array))
        return pl.DataFrame(columns)


@cache
def _kind(dtype: pl.DataType) -> csv.Kind | None:
    """Return what columns of a type are read as; None if as texts."""
    if (width := _WIDTHS.get(dtype)) is not None:
        if dtype.is_signed_integer():
            return csv.Kind(csv.INTEGER, width, -(256**width // 2), 256**width // 2 - 1)
        return csv.Kind(csv.INTEGER, width, 0, min(256**width, 2**63) - 1)
    if isinstance(dtype, pl.Decimal):
        most = 10 ** min(dtype.precision, _MOST_DIGITS) - 1
        return csv.Kind(csv.DECIMAL, 16, most=most, decimals=dtype.scale)
    if isinstance(dtype, pl.Datetime) and dtype.time_unit in _DECIMALS:
        kind = csv.TIMESTAMP if dtype.time_zone is None else csv.ZONED
        return csv.Kind(kind, 8, decimals=_DECIMALS[dtype.time_unit])
    return _SIMPLE.get(dtype)


@cache
def _arrow(dtype: pl.DataType) -> "pa.DataType":
    """Return what Arrow calls a type."""
    return pl.Series(dtype=dtype).to_arrow().type
