"""Reading CSV lines all at once, by Polars' typed reader, where that is proven to be right.

Records: Polars gives short ones nulls, and reads quotes in odd places somehow. Lines that are no
records are left out before it reads, to be looked at one by one, and so are rows afterwards in
which a number may be read wrongly (`numbers`). If these are too many, all columns are read as
texts, which are then cast by the rules of `core.texts`.
"""

import operator
from collections.abc import Sequence
from dataclasses import field
from typing import NamedTuple

import numpy as np
import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.types import Schema
from ingest.sources.delimited.certain import CertainReader
from ingest.sources.delimited.header import may_repeat
from ingest.sources.delimited.numbers import Numbers
from ingest.sources.delimited.shape import Rest, Shape, shape_of
from ingest.sources.text.bits import NOTHING, Bits, Places, at, flagged, positions, where, without
from ingest.sources.text.decoding import whole_text
from ingest.sources.text.dialect import Dialect
from ingest.sources.text.encodings import UTF8, decode_line
from ingest.sources.text.line_rules import LineRules
from ingest.sources.text.lines import records_at, without_records
from ingest.sources.text.ranges import UTF8_MARK

MISTAKEN = (UTF8_MARK, b"\x1f\x8b", b"x\x01", b"x\x9c", b"x\xda", b"(\xb5/\xfd")
"""Beginnings that are no text to Polars: it takes the mark off, and unpacks what begins like gzip,
zlib or Zstandard."""
MOST_DOUBTS = 0.25
"""Up to which share of the lines are left out; with more, all are looked at one by one."""


class Table(NamedTuple):
    """Fields of records, the numbers of records that are not among them, and where they end.

    None stands for the line feeds.
    """

    fields: pl.DataFrame
    doubts: Places
    ends: Bits | None


@dataclass(frozen=True, slots=True)
class TableReader:
    """Reads texts whose records have these fields, in this order; numbers get their types.

    A record that repeats the `heading` is left out too, if there is one. With `multiline`, quoted
    fields may hold line feeds. `spoilt` is that of `Numbers`.
    """

    dialect: Dialect
    names: Sequence[str]
    schema: Schema
    null_values: Sequence[str]
    heading: Sequence[str | None] = ()
    multiline: bool = False
    spoilt: set[str] = field(default_factory=set)

    def read(self, data: bytes) -> Table | None:
        """Return the records of a text that are faultless, and the numbers of those that are not.

        `data` is of ended lines. None if most of it has to be looked at line by line, or if it
        cannot be told which lines belong together.
        """
        if (certain := self._certain(data)) is not None:
            return certain
        plain = self.dialect.plain_bytes(data)
        if not plain or self._goes_on(plain):
            return None
        shape = self._tidy(plain)
        if self.multiline and (
            shape.data is not data or len(shape.open_lines) or shape.wrong.any()
        ):
            return None
        doubts, read = NOTHING, self._fields(shape) if self._is_table(shape) else None
        for find in (self._faulty, _undecodable):
            if read is None:
                doubts = np.union1d(doubts, find(shape))
                read = self._rest(shape, doubts)
        if read is None:
            return None
        fields, unsure = read
        if len(unsure):
            fields = fields.filter(~flagged(unsure, fields.height))
            kept = np.delete(np.arange(shape.lines), doubts)
            doubts = np.union1d(doubts, kept[unsure])
        if len(doubts) > MOST_DOUBTS * shape.lines:
            return None
        table = Table(fields, doubts, shape.feeds if self.multiline else None)
        return self._without_repeats(table)

    def _certain(self, data: bytes) -> Table | None:
        """Return what compiled code reads, unless it leaves too much.

        Or unless lines belong together, where only with `multiline` they may.
        """
        reader = CertainReader(
            self.dialect, self.names, self.schema, self.null_values, self.spoilt, self.multiline
        )
        records = reader.read(data, MOST_DOUBTS)
        if records is None or (not self.multiline and self._opens(data, records.odd)):
            return None
        return self._without_repeats(Table(records.fields, records.doubts, records.ends))

    def _faulty(self, shape: Shape) -> Places:
        return shape.faulty(len(self.names), short=self._short)

    def _rest(self, shape: Shape, doubts: Places) -> tuple[pl.DataFrame, Places] | None:
        """Return what `_fields` does of the records that are not in doubt."""
        if not 0 < len(doubts) <= MOST_DOUBTS * shape.lines:
            return None
        if self._opens(shape.data, shape.open_lines):
            return None
        data = without_records(shape.data, doubts, shape.feeds)
        if not self._short:
            return self._fields(Rest(shape, doubts, data))
        rest = self._shape(data)
        return self._fields(rest) if self._is_table(rest) else None

    @property
    def _short(self) -> bool:
        """Whether short records may be read: Polars takes what is missing for an empty field."""
        return self.dialect.short and "" in self.null_values

    def _shape(self, data: bytes) -> Shape:
        sign = self.dialect.grammar.delimiter
        return shape_of(data, sign, self.dialect.quote, multiline=self.multiline)

    def _tidy(self, data: bytes) -> Shape:
        """Return the shape of a text without what is no part of fields; see `Grammar.tidy`."""
        shape = self._shape(data)
        if self.dialect.skip_space and (spaces := shape.spaces()).any():
            shape = self._shape(without(shape.data, spaces))
        if self.dialect.trailing and len(ends := shape.trailing(len(self.names))):
            shape = self._shape(without(shape.data, at(ends, len(shape.data))))
        return shape

    def _goes_on(self, data: bytes) -> bool:
        """Say whether a line ends in an escape sign."""
        escape = (self.dialect.escape or "").encode()
        return bool(escape) and (escape + b"\n" in data or escape + b"\r" in data)

    def _opens(self, data: bytes, odd: Places) -> bool:
        """Say whether a quote stays open at the end of a line, for the next ones to be in it.

        It can only in lines with an odd number of quotes.
        """
        if not len(odd):
            return False
        lines = records_at(data, odd, LineRules())
        texts = pl.select(lines["text"].fill_null(lines["original"])).to_series()
        return bool(texts.str.contains(self.dialect.grammar.patterns.opens).any())

    def _is_table(self, shape: Shape) -> bool:
        width = len(self.names)
        if shape.is_table(width):
            return True
        return self._short and not len(shape.faulty(width, short=True))

    def _fields(self, shape: Shape | Rest) -> tuple[pl.DataFrame, Places] | None:
        """Return the fields of a table, as values or texts, and the rows with an unsure value.

        None if it is none, or not UTF-8.
        """
        if shape.data.startswith(MISTAKEN):
            return None
        read = self._typed(shape)
        if read is None or len(read[1]) > MOST_DOUBTS * shape.lines:
            try:
                table = self.dialect.grammar.read_table(
                    shape.data, self.names, quotes=shape.has_quotes
                )
            except pl.exceptions.PolarsError:
                return None
            read = table, NOTHING
        table, unsure = read
        return (self.dialect.written(table), unsure) if table.height == shape.lines else None

    def _typed(self, shape: Shape | Rest) -> tuple[pl.DataFrame, Places] | None:
        """Return the fields with numbers as such, and the unsure rows; None if it cannot be."""
        if not shape.is_table(len(self.names)):
            return None
        numbers = Numbers(self.dialect, self.names, self.schema, self.null_values, self.spoilt)
        return numbers.read(shape)

    def _without_repeats(self, table: Table) -> Table | None:
        """Leave out the records that may repeat the header."""
        fields, doubts, ends = table
        repeats = may_repeat(fields, self.heading) if self.heading else None
        if repeats is None:
            return table
        total = fields.height + len(doubts)
        numbers = np.delete(np.arange(total), doubts)
        doubts = np.union1d(doubts, numbers[repeats.to_numpy()])
        if len(doubts) > MOST_DOUBTS * total:
            return None
        return Table(fields.filter(~repeats), doubts, ends)


def _undecodable(shape: Shape) -> Places:
    """Return the numbers of the lines that are not UTF-8."""
    if whole_text(shape.data) is not None:
        return NOTHING
    ends = positions(shape.feeds)
    high = positions(where(shape.data, 0x7F, operator.gt))
    lines = np.unique(np.searchsorted(ends, high))
    starts = np.concatenate([[0], ends[:-1] + 1])
    spans = zip(lines.tolist(), starts[lines].tolist(), ends[lines].tolist(), strict=True)
    bad = [line for line, start, end in spans if decode_line(shape.data[start:end], UTF8) is None]
    return np.array(bad, dtype=np.int64)
