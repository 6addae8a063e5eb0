"""Which lines of a CSV text are faultless records, told from where its quotes and delimiters stand.

What is a record is said in `csv_grammar`; here the same is found without looking at any record: a
quote opens or closes, an opening one begins a field or is the second of a pair, and so on.
"""

import operator
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from ingest.core.dataclass import dataclass
from ingest.sources.text.bits import (
    FEEDS,
    NOTHING,
    Bits,
    Flags,
    Places,
    Ranks,
    after,
    before,
    between,
    count,
    is_set,
    pairs,
    positions,
    where,
    within,
    zeros,
)

_FIRST = np.uint64(1)
_SPACE = ord(" ")


@dataclass(frozen=True)
class Shape:
    """Where lines end, where fields end (lines too), and where quotes open and close.

    `wrong` are quotes where none may be, and bytes that no record may hold: NULs, and carriage
    returns that do not end a line. If `open_lines`, some of the lines end within quotes; the next
    line begins outside of them all the same.
    """

    data: bytes
    feeds: Bits
    fields: Bits
    opening: Bits
    returns: Bits
    wrong: Bits
    open_lines: Places

    @cached_property
    def lines(self) -> int:
        """How many lines there are."""
        return count(self.feeds)

    def is_table(self, width: int) -> bool:
        """Say whether all lines are records of so many fields, unless some have too many.

        If none has more fields than `width`, none has fewer: the sum is right.
        """
        fine = not len(self.open_lines) and not self.wrong.any()
        return fine and count(self.fields) == width * self.lines

    def faulty(self, width: int, *, short: bool = False) -> Places:
        """Return the numbers of the lines that are no records of so many fields.

        If they may be `short`, only empty lines have too few.
        """
        ends = self._ends
        fields = self.counts()
        faulty = (fields > width) | self._empty() if short else fields != width
        if self.wrong.any():
            faulty |= np.diff(Ranks(self.wrong).before(ends), prepend=0) > 0
        faulty[self.open_lines] = True
        return np.flatnonzero(faulty)

    def counts(self) -> Places:
        """Return how many fields each line has."""
        return np.diff(self._last_fields, prepend=-1)

    def spaces(self) -> Bits:
        """Return the spaces before fields."""
        spaces = where(self.data, _SPACE)
        begins = after(self.fields)
        begins[:1] |= _FIRST
        found = spaces & begins
        while (more := spaces & after(found) & ~found).any():
            found |= more
        return found

    def trailing(self, width: int) -> Places:
        """Return the delimiters that end the lines with one empty field more than `width`."""
        ends = self._text_ends()[self.counts() == width + 1]
        ends = ends[ends >= 0]
        text = np.frombuffer(self.data, dtype=np.uint8)
        trailing: Places = ends[is_set(self.fields, ends) & (text[ends] != ord("\n"))]
        return trailing

    def _empty(self) -> Flags:
        """Say which lines hold nothing."""
        ends = self._ends
        starts = np.concatenate([[0], ends[:-1] + 1])
        return self._text_ends() < starts

    def _text_ends(self) -> Places:
        """Return where the last byte of each line stands that does not end it."""
        text = np.frombuffer(self.data, dtype=np.uint8)
        ends = self._ends - 1
        while (returns := (ends >= 0) & (text[ends] == ord("\r"))).any():
            ends[returns] -= 1
        return ends

    @property
    def has_quotes(self) -> bool:
        """Whether there are quotes, or may be."""
        return bool(self.opening.any() or self.wrong.any() or len(self.open_lines))

    def rows(self, places: Places, columns: Sequence[int], width: int) -> Places:
        """Return the rows of a table that have any of these bytes in one of these columns."""
        if not len(places):
            return NOTHING
        wanted = np.zeros(width, dtype=np.bool_)
        wanted[list(columns)] = True
        ranks = self._ranks.before(places)
        rows: Places = ranks[wanted[ranks % width]] // width
        return rows

    def rows_without(
        self, lines: Places, places: Places, columns: Sequence[int], width: int
    ) -> Places:
        """Return what `rows` does of the table that is left without these lines.

        They are in order, and all others are records of `width` fields.
        """
        if not len(places):
            return NOTHING
        numbers = np.searchsorted(self._ends, places)
        left_out = np.searchsorted(lines, numbers)
        kept = lines[np.minimum(left_out, len(lines) - 1)] != numbers
        numbers, left_out, ranks = numbers[kept], left_out[kept], self._ranks.before(places[kept])
        first = np.concatenate([[0], self._last_fields[:-1] + 1])
        wanted = np.zeros(width, dtype=np.bool_)
        wanted[list(columns)] = True
        rows: Places = (numbers - left_out)[wanted[ranks - first[numbers]]]
        return rows

    @cached_property
    def _ends(self) -> Places:
        return positions(self.feeds)

    @cached_property
    def _ranks(self) -> Ranks:
        return Ranks(self.fields)

    @cached_property
    def _last_fields(self) -> Places:
        """How many fields end before the last one of each line does."""
        return self._ranks.before(self._ends)

    def leading_blanks(self) -> Places:
        """Return the spaces and control characters that begin fields or stand after a quote.

        Tabs that end an empty field are none.
        """
        blanks = where(self.data, _SPACE, operator.le) & ~(self.fields | self.returns)
        begins = after(self.fields | self.opening)
        begins[:1] |= _FIRST
        return positions(blanks & begins)

    def small_numbers(self) -> Places:
        """Return bytes of texts that may be numbers too small for a float.

        They are the letters of negative exponents, such as that of 1e-9, and long rows of zeros.
        """
        small = pairs(self.data, ord("e"), ord("-"))
        return np.concatenate([small, zeros(self.data)])


@dataclass(frozen=True, slots=True)
class Rest:
    """A text without some of its lines, where all others are records of the same number of fields.

    `data` is what is left. Where something stands is told from what is known of the whole text.
    """

    whole: Shape
    without: Places
    data: bytes

    @property
    def lines(self) -> int:
        """How many lines are left."""
        return self.whole.lines - len(self.without)

    @property
    def has_quotes(self) -> bool:
        """Whether there may be quotes."""
        return self.whole.has_quotes

    def is_table(self, width: int) -> bool:  # noqa: ARG002 - as `Shape`
        """Say that all lines are records of so many fields."""
        return True

    def rows(self, places: Places, columns: Sequence[int], width: int) -> Places:
        """Return the rows that have any of these bytes of the whole in one of these columns."""
        return self.whole.rows_without(self.without, places, columns, width)

    def leading_blanks(self) -> Places:
        """Return what `Shape.leading_blanks` does of the whole."""
        return self.whole.leading_blanks()

    def small_numbers(self) -> Places:
        """Return what `Shape.small_numbers` does of the whole."""
        return self.whole.small_numbers()


def shape_of(data: bytes, delimiter: str, quote: str | None, *, multiline: bool = False) -> Shape:
    """Find the lines and fields of a text in which every line is ended.

    With `multiline`, line feeds within quotes do not end lines; if the quotes are still open behind
    the last one, that line is open.
    """
    feeds, fields = FEEDS.of(data), where(data, ord(delimiter))
    returns = nothing = np.zeros_like(feeds)
    wrong = where(data, 0) if b"\0" in data else np.zeros_like(feeds)
    if b"\r" in data:
        returns = where(data, ord("\r"))
        wrong |= returns & ~before(feeds)
    if quote is None or quote.encode() not in data:
        return Shape(data, feeds, fields | feeds, nothing, returns, wrong, NOTHING)
    quotes = where(data, ord(quote))
    if multiline:
        inside, open_lines = between(quotes), np.zeros(count(quotes) % 2, np.int64)
        feeds = feeds & ~inside
    else:
        inside, open_lines = within(quotes, feeds, len(data))
    opening = quotes & inside
    closing = quotes ^ opening
    fields &= ~inside
    fields |= feeds
    begins = after(fields | closing)
    begins[:1] |= _FIRST
    wrong |= opening & ~begins
    wrong |= closing & ~before(fields | returns | opening)
    if multiline:  # Polars would take carriage returns off the end of a quoted field
        wrong &= ~(returns & inside & ~before(closing))
    return Shape(data, feeds, fields, opening, returns, wrong, open_lines)
