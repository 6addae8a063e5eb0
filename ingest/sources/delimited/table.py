"""Reading CSV lines all at once, by Polars' typed reader, where that is proven to be right.

What Polars does in silence is looked for before or after, as a whole. Numbers: spaces and tabs
before them are skipped, 1e400 is infinity, 1e-400 is 0, and 9007199254740993 the float next to it.
Records: short ones get nulls, and quotes in odd places are read somehow. Where there is any doubt
about numbers, all columns are read as texts, which are then cast by the rules of `core.texts`;
lines that are no records are left out, to be looked at one by one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from ingest.core.types import Schema
from ingest.core.values.texts import WHOLE_LIMITS
from ingest.sources.delimited.header import may_repeat
from ingest.sources.delimited.shape import Shape, shape_of
from ingest.sources.text.bits import Bits, Places, at, positions, where, without
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
_ZEROS = b"0" * 40
"""A number without an exponent has at least so many zeros if it is too small for a float."""


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
    fields may hold line feeds.
    """

    dialect: Dialect
    names: Sequence[str]
    schema: Schema
    null_values: Sequence[str]
    heading: Sequence[str | None] = ()
    multiline: bool = False

    def read(self, data: bytes) -> Table | None:
        """Return the records of a text that are faultless, and the numbers of those that are not.

        `data` is of ended lines. None if most of it has to be looked at line by line, or if it
        cannot be told which lines belong together.
        """
        plain = self.dialect.plain_bytes(data)
        if not plain or self._goes_on(plain):
            return None
        shape = self._tidy(plain)
        if self.multiline and (
            shape.data is not data or len(shape.open_lines) or shape.wrong.any()
        ):
            return None
        fields = self._fields(shape) if self._is_table(shape) else None
        doubts = np.empty(0, np.int64)
        if fields is None:
            width = len(self.names)
            doubts = np.union1d(shape.faulty(width, short=self._short), _undecodable(shape))
            if not 0 < len(doubts) <= MOST_DOUBTS * shape.lines or self._opens(shape):
                return None
            rest = self._shape(without_records(shape.data, doubts, shape.feeds))
            fields = self._fields(rest) if self._is_table(rest) else None
        if fields is None:
            return None
        table = Table(fields, doubts, shape.feeds if self.multiline else None)
        return self._without_repeats(table)

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

    def _opens(self, shape: Shape) -> bool:
        """Say whether a quote stays open at the end of a line, for the next ones to be in it."""
        if not len(shape.open_lines):
            return False
        lines = records_at(shape.data, shape.open_lines, LineRules())
        texts = pl.select(lines["text"].fill_null(lines["original"])).to_series()
        return bool(texts.str.contains(self.dialect.grammar.patterns.opens).any())

    def _is_table(self, shape: Shape) -> bool:
        width = len(self.names)
        if shape.is_table(width):
            return True
        return self._short and not len(shape.faulty(width, short=True))

    def _fields(self, shape: Shape) -> pl.DataFrame | None:
        """Return the fields of a table, as values or texts; None if it is none, or not UTF-8."""
        if shape.data.startswith(MISTAKEN):
            return None
        table = self._typed(shape) if shape.is_table(len(self.names)) else None
        if table is None:
            try:
                table = self.dialect.grammar.read_table(shape.data, self.names)
            except pl.exceptions.PolarsError:
                return None
        return self.dialect.written(table) if table.height == shape.lines else None

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

    def _typed(self, shape: Shape) -> pl.DataFrame | None:
        """Return the fields with the numbers as such; None if one of them may be read wrongly."""
        kinds = {name: self.schema[name] for name in self.names if is_number(self.schema[name])}
        tokens = [token for token in self.null_values if token]
        if not kinds or not self._knows(tokens):
            return None
        if shape.touches(shape.leading_blanks(), self._places(kinds), len(self.names)):
            return None
        try:
            table = self.dialect.grammar.read_table(shape.data, self.names, kinds, tokens)
        except pl.exceptions.PolarsError:
            return None
        return table if self._is_exact(table, kinds, shape) else None

    def _knows(self, tokens: Sequence[str]) -> bool:
        """Say whether Polars takes the same texts for null as the source does."""
        dialect = self.dialect
        signs = {*dialect.delimiter, dialect.quote, dialect.escape, "\x1f", "\r", "\n"}
        plain = not any(sign in token for token in tokens for sign in signs if sign)
        return plain and ("" in self.null_values or not tokens)

    def _is_exact(self, table: pl.DataFrame, kinds: Schema, shape: Shape) -> bool:
        """Say whether all numbers are what their texts say."""
        if "" not in self.null_values and any(table[name].has_nulls() for name in kinds):
            return False
        floats = [name for name, kind in kinds.items() if kind.is_float()]
        if not floats:
            return True
        large = (pl.col(name).abs() >= WHOLE_LIMITS[str(kinds[name])] for name in floats)
        zero = (pl.col(name) == 0 for name in floats)
        found = table.select(
            pl.any_horizontal(*(some.any() for some in large)).alias("large"),
            pl.concat_list(*(some.any() for some in zero)).alias("zero"),
        )
        zeros = [name for name, some in zip(floats, found["zero"][0], strict=True) if some]
        if found["large"][0] or not zeros:
            return not found["large"][0]
        small = shape.touches(shape.small_powers(), self._places(zeros), len(self.names))
        return not small and _ZEROS not in shape.data

    def _places(self, columns: Iterable[str]) -> list[int]:
        return [self.names.index(name) for name in columns]


def is_number(dtype: pl.DataType) -> bool:
    """Say whether Polars' CSV reader makes numbers of this type as `core.texts` does, or fails."""
    return dtype.is_float() or dtype.is_integer()


def _undecodable(shape: Shape) -> Places:
    """Return the numbers of the lines that are not UTF-8."""
    if whole_text(shape.data) is not None:
        return np.empty(0, np.int64)
    ends = positions(shape.feeds)
    high = positions(where(shape.data, 0x7F, np.greater))
    lines = np.unique(np.searchsorted(ends, high))
    starts = np.concatenate([[0], ends[:-1] + 1])
    spans = zip(lines.tolist(), starts[lines].tolist(), ends[lines].tolist(), strict=True)
    bad = [line for line, start, end in spans if decode_line(shape.data[start:end], UTF8) is None]
    return np.array(bad, dtype=np.int64)
