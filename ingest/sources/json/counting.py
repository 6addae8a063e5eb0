r"""JSON Lines read all at once, where counts prove that nothing was left out, doubled or made up.

Polars' reader refuses what is not JSON, and numbers of the wrong kind; but it drops unknown fields,
takes the first of two equal keys, skips empty lines, and writes whatever it finds into string
columns. So colons and strings are counted in each line, by bits and without parsing: if a record
has as many keys as the schema, and no value of the schema is missing in it, it has no other key and
none twice; if it has as many strings as keys and string columns together, and no list, each string
column has one. Records of which this cannot be said are left out, to be looked at one by one. Where
no value is missing at all, it is enough that the sums of a whole text are right.
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cached_property

import numpy as np
import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.types import instance
from ingest.core.values.texts import WHOLE_LIMITS
from ingest.sources.json.shape import fields_of
from ingest.sources.text.bits import (
    FEEDS,
    NOTHING,
    Bits,
    Places,
    Ranks,
    after,
    before,
    count,
    escaped,
    flagged,
    is_set,
    pairs,
    positions,
    where,
    within,
    zeros,
)
from ingest.sources.text.lines import without_records

MOST_DOUBTS = 0.25
"""Up to which share of the records are left out; with more, others read the text."""
REFUSED = "a value of the wrong kind"
"""What is remembered when Polars refuses to read a text."""
_RANGES: dict[pl.DataType, tuple[int, int]] = {
    pl.Int8(): (-(2**7), 2**7),
    pl.Int16(): (-(2**15), 2**15),
    pl.Int32(): (-(2**31), 2**31),
    pl.UInt8(): (0, 2**8),
    pl.UInt16(): (0, 2**16),
    pl.UInt32(): (0, 2**32),
}
"""Whole numbers that are read as int64: from the first, and below the second."""
_LEAVES = {*_RANGES, pl.Int64(), pl.UInt64(), pl.Float64(), pl.Boolean(), pl.String()}

Fields = Mapping[str, pl.DataType]


@dataclass(frozen=True, slots=True)
class Counting:
    """Reads records of a schema in which nothing is a list; `carriers` are the types to read in.

    If Polars refuses a value, `spoilt` says so, and the next text is read with nulls for such.
    """

    schema: Fields
    carriers: Fields
    spoilt: set[str] = field(default_factory=set)

    @property
    def is_possible(self) -> bool:
        """Whether counts prove anything of such records."""
        return all(kind in _LEAVES for kind in _leaves(self.schema))

    def read(self, data: bytes) -> tuple[pl.DataFrame, Places] | None:
        """Return the values of records, and the numbers of those that are not among them.

        `data` is of ended lines. None if these are too many.

        Raises:
            PolarsError: one of the others is no JSON.
        """
        lines, doubts, expected = _Lines(data), NOTHING, _expected(self.schema)
        values = self._added_up(data) if lines.add_up(*expected) else None
        if values is None or self._has_nulls(values):  # no sum tells which line has a key too many
            doubts = lines.unlike(*expected)
            if len(doubts) > MOST_DOUBTS * lines.count:
                return None
            if values is None or len(doubts):
                text = without_records(data, doubts, lines.feeds)
                values = self._values(text) if text else pl.DataFrame(schema=self.carriers)
        if values.height != lines.count - len(doubts):
            return None
        kept = np.delete(np.arange(lines.count), doubts)
        unsure = np.unique(np.concatenate(list(self._unsure(values, lines, kept))))
        if len(unsure):
            values = values.filter(~flagged(unsure, values.height))
            doubts = np.union1d(doubts, kept[unsure])
        return (values, doubts) if len(doubts) <= MOST_DOUBTS * lines.count else None

    def _added_up(self, data: bytes) -> pl.DataFrame | None:
        """Return what Polars reads of a text that may be faultless; None if it is no JSON."""
        try:
            return self._values(data)
        except pl.exceptions.PolarsError:
            return None

    def _values(self, data: bytes) -> pl.DataFrame:
        """Return what Polars reads; values of the wrong kind are null if there are any."""
        if REFUSED not in self.spoilt:
            try:
                return pl.read_ndjson(io.BytesIO(data), schema=self.carriers)
            except pl.exceptions.PolarsError:
                self.spoilt.add(REFUSED)
        return pl.read_ndjson(io.BytesIO(data), schema=self.carriers, ignore_errors=True)

    def _has_nulls(self, values: pl.DataFrame) -> bool:
        return any(column.has_nulls() for column, _ in _columns(values, self.schema))

    def _unsure(self, values: pl.DataFrame, lines: "_Lines", kept: Places) -> Iterator[Places]:
        """Yield the rows with a value that is missing, or may not be what its text says.

        `kept` are the numbers of their lines.
        """
        yield NOTHING
        has_zeros = False
        for column, kind in _columns(values, self.schema):
            if column.has_nulls():
                yield column.is_null().arg_true().to_numpy().astype(np.int64)
            if kind in _RANGES and column.dtype != kind:
                least, limit = _RANGES[kind]
                yield _rows((column < least) | (column >= limit))
            elif kind == pl.Float64():
                yield _rows(~(column.abs() < WHOLE_LIMITS["Float64"]))  # also what is no number
                has_zeros = has_zeros or bool((column == 0).any())
        if has_zeros:
            yield np.flatnonzero(np.isin(kept, lines.small_numbers()))


class _Lines:
    """Where the lines of a text end, and what stands in each outside of strings."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.feeds = FEEDS.of(data)
        self._quotes = where(data, ord('"'))
        self._escaped = None
        if b"\\" in data:
            self._escaped = escaped(where(data, ord("\\")))
            self._quotes &= ~self._escaped
        self._inside, self._open = within(self._quotes, self.feeds, len(data))
        self._colons = where(data, ord(":")) & ~self._inside
        self.count = count(self.feeds)

    def add_up(self, keys: int, strings: int) -> bool:
        """Say whether all lines together have so many keys and strings for each, and no list.

        If each line has all keys, as is known when no value of it is null, none has more than that;
        and then none has a string where none belongs, for Polars would have refused it.
        """
        if len(self._open) or self.count == 0:
            return False
        begins = where(self._data, ord("{")) & after(self.feeds)
        ends = where(self._data, ord("}")) & before(self.feeds)
        return (
            self._data.startswith(b"{")
            and count(begins) == self.count - 1
            and count(ends) == self.count
            and count(self._colons) == keys * self.count
            and count(self._quotes) == 2 * (keys + strings) * self.count
            and not (b"[" in self._data and (where(self._data, ord("[")) & ~self._inside).any())
            and not len(self._halves())
        )

    def unlike(self, keys: int, strings: int) -> Places:
        """Return the numbers of the lines that have not so many keys and strings, or a list."""
        text, data = np.frombuffer(self._data, dtype=np.uint8), self._data
        starts = np.concatenate([[0], self._ends[:-1] + 1])
        last = text[self._ends - 1]
        last = np.where(last == ord("\r"), text[np.maximum(self._ends - 2, 0)], last)
        wrong = (text[starts] != ord("{")) | (last != ord("}"))
        wrong |= self._each(self._colons) != keys
        wrong |= self._each(self._quotes) != 2 * (keys + strings)
        if b"[" in data and (lists := where(data, ord("[")) & ~self._inside).any():
            wrong |= self._each(lists) > 0
        wrong[self._open] = True
        wrong[np.searchsorted(self._ends, self._halves())] = True
        return np.flatnonzero(wrong)

    def small_numbers(self) -> Places:
        """Return the lines that may hold a number too small for a float."""
        places = pairs(self._data, ord("e"), ord("-"))
        places = places[~is_set(self._inside, places)]
        places = np.concatenate([places, zeros(self._data)])
        return np.unique(np.searchsorted(self._ends, places))

    @cached_property
    def _ends(self) -> Places:
        return positions(self.feeds)

    def _halves(self) -> Places:
        r"""Return where halves of surrogate pairs are escaped: of one alone, Polars makes a NUL."""
        if self._escaped is None:
            return NOTHING
        codes = positions(where(self._data, ord("u")) & self._escaped)
        text = np.frombuffer(self._data, dtype=np.uint8)
        codes = codes[codes + 2 < len(text)]
        is_half = ((text[codes + 1] | 0x20) == ord("d")) & (text[codes + 2] > ord("7"))
        halves: Places = codes[is_half]
        return halves

    def _each(self, bits: Bits) -> Places:
        return np.diff(Ranks(bits).before(self._ends), prepend=0)


def _expected(fields: Fields) -> tuple[int, int]:
    """Return how many keys and how many values that are strings a record has."""
    keys, strings = len(fields), 0
    for kind in fields.values():
        if isinstance(kind, pl.Struct):
            more, inner = _expected(fields_of(kind))
            keys, strings = keys + more, strings + inner
        strings += kind == pl.String()
    return keys, strings


def _leaves(fields: Fields) -> Iterator[pl.DataType]:
    for kind in fields.values():
        if isinstance(kind, pl.Struct) and kind.fields:
            yield from _leaves(fields_of(kind))
        else:
            yield kind


def _columns(values: pl.DataFrame, fields: Fields) -> Iterator[tuple[pl.Series, pl.DataType]]:
    """Yield the columns of values, nested ones too, each with the type it is held to."""
    for name, kind in fields.items():
        yield from _within(values[name], kind)


def _within(column: pl.Series, kind: pl.DataType) -> Iterator[tuple[pl.Series, pl.DataType]]:
    yield column, kind
    if isinstance(kind, pl.Struct):
        for field in kind.fields:
            yield from _within(column.struct.field(field.name), instance(field.dtype))


def _rows(flags: pl.Series) -> Places:
    return flags.fill_null(value=False).arg_true().to_numpy().astype(np.int64)
