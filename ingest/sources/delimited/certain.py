"""Reading those CSV records at once of which it is certain what they say, by compiled code."""

from collections.abc import Sequence
from dataclasses import field
from typing import Final, NamedTuple

import polars as pl
import pyarrow as pa

from ingest.compiled import csv
from ingest.core.arrow import series
from ingest.core.dataclass import dataclass
from ingest.core.types import Schema
from ingest.sources.text.bits import FEEDS, Places, count
from ingest.sources.text.decoding import whole_text
from ingest.sources.text.dialect import Dialect

_MOST_BYTES: Final = 2**31
"""Where texts stand is told by numbers of 31 bits."""
_MOSTLY: Final = 0.05
"""Where too many lines are in doubt, columns for whose sake so many are, are read as texts."""
_TEXT: Final = (csv.Kind(csv.TEXT, 16), pa.string_view())
_MOMENTS: Final = (csv.DATE, csv.TIMESTAMP)
_WIDTHS: Final = (1, 2, 4, 8)
_KINDS: Final[dict[pl.DataType, tuple[csv.Kind, "pa.DataType"]]] = {
    pl.Float32(): (csv.Kind(csv.FLOAT, 4), pa.float32()),
    pl.Float64(): (csv.Kind(csv.FLOAT, 8), pa.float64()),
    pl.Date(): (csv.Kind(csv.DATE, 4), pa.date32()),
    pl.Datetime("ms"): (csv.Kind(csv.TIMESTAMP, 8, decimals=3), pa.timestamp("ms")),
    pl.Datetime("us"): (csv.Kind(csv.TIMESTAMP, 8, decimals=6), pa.timestamp("us")),
    **{
        dtype: (csv.Kind(csv.INTEGER, width, -(256**width // 2), 256**width // 2 - 1), arrow)
        for width, dtype, arrow in zip(
            _WIDTHS,
            (pl.Int8(), pl.Int16(), pl.Int32(), pl.Int64()),
            (pa.int8(), pa.int16(), pa.int32(), pa.int64()),
            strict=True,
        )
    },
    **{
        dtype: (csv.Kind(csv.INTEGER, width, 0, min(256**width, 2**63) - 1), arrow)
        for width, dtype, arrow in zip(
            _WIDTHS,
            (pl.UInt8(), pl.UInt16(), pl.UInt32(), pl.UInt64()),
            (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
            strict=True,
        )
    },
}
"""What columns of these types are read as, and what Arrow calls them; all others are texts."""


class Certain(NamedTuple):
    """Fields of records, and the numbers of the lines that are not among them.

    Of these, `odd` have an odd number of quotes.
    """

    fields: pl.DataFrame
    doubts: Places
    odd: Places


@dataclass(frozen=True, slots=True)
class CertainReader:
    """Reads texts whose lines are records with these fields, in this order, of these types.

    Columns of types that it does not know, and `spoilt` ones, are texts; of these, only a bare
    empty field is null. A column of moments that refuses too many records becomes a spoilt one.
    """

    dialect: Dialect
    names: Sequence[str]
    schema: Schema
    null_values: Sequence[str]
    spoilt: set[str] = field(default_factory=set)

    def read(self, data: bytes, most_doubts: float) -> Certain | None:
        """Return what is certain of a text in which every line is ended.

        None if more than the share `most_doubts` of its lines is not, if records are not written
        plainly, or the text is not UTF-8 or holds NULs; and where the reader was not built.
        """
        if not (csv.is_there() and self._is_plain(data)):
            return None
        lines = count(FEEDS.of(data))
        most = int(most_doubts * lines)
        read = self._read(data, lines, most)
        if read.rows < 0 and (refusing := self._refusing(read, _MOSTLY * lines)):
            self.spoilt.update(refusing)
            read = self._read(data, lines, most)
        return None if read.rows < 0 else Certain(self._frame(read), read.doubts, read.odd)

    def _refusing(self, read: csv.Records, most: float) -> set[str]:
        """Return the columns of moments for whose sake more lines are in doubt.

        Of numbers, Polars' reader knows what is in doubt here: it reads the text faster then.
        """
        refused = zip(self.names, self._kinds(), read.refused, strict=True)
        return {
            name for name, (kind, _), lines in refused if kind.kind in _MOMENTS and lines > most
        }

    def _is_plain(self, data: bytes) -> bool:
        dialect = self.dialect
        if not dialect.is_plain or dialect.skip_space or dialect.trailing:
            return False
        if len(data) >= _MOST_BYTES or b"\0" in data:
            return False
        return data.isascii() or whole_text(data) is not None

    def _read(self, data: bytes, lines: int, most: int) -> csv.Records:
        quote = self.dialect.quote
        signs = csv.Signs(
            ord(self.dialect.delimiter),
            -1 if quote is None else ord(quote),
            "" in self.null_values,
            [token.encode() for token in self.null_values if token],
        )
        return csv.read(data, lines, signs, [kind for kind, _ in self._kinds()], most)

    def _kinds(self) -> list[tuple[csv.Kind, "pa.DataType"]]:
        return [
            _TEXT if name in self.spoilt else _KINDS.get(self.schema[name], _TEXT)
            for name in self.names
        ]

    def _frame(self, read: csv.Records) -> pl.DataFrame:
        heap = pa.py_buffer(read.heap)
        columns = []
        for name, (kind, arrow), column in zip(
            self.names, self._kinds(), read.columns, strict=True
        ):
            valid = pa.py_buffer(column.valid) if column.nulls else None
            buffers = [valid, pa.py_buffer(column.values)]
            if kind.kind == csv.TEXT:
                buffers.append(heap)
            array = pa.Array.from_buffers(arrow, read.rows, buffers, column.nulls)
            columns.append(series(name, array))
        return pl.DataFrame(columns)
