"""Which lines of a CSV text lie within a quoted field that began on a line before.

A quote that stands open at a line's end is followed until it closes. Where a line comes that cannot
be inside a quoted field (because behind the quote that would close it stands neither a delimiter
nor the line's end), none was open; and none is followed farther than `REACH`.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
import polars as pl

from ingest.core.dataclass import dataclass
from ingest.sources.text.bits import Flags, Places
from ingest.sources.text.dialect import Dialect

REACH = 1024**2
"""How far an open quote is followed, in bytes from the beginning of its line."""


class Region(NamedTuple):
    """Lines from the one whose quote stays open on, up to before `stop`.

    `first` is -1 if that line comes before those that were looked at.
    """

    first: int
    stop: int


@dataclass(frozen=True)
class Quotes:
    """What the quotes of some lines of a file do.

    `texts` are the lines in plain form (see `csv_dialect`), `starts` the byte at which each begins.
    `skipped` are lines that are no records where no quote is open, such as comments. With `joins`,
    what is open is one record, however long, and a line that cannot be inside of it ends it, bad as
    it then is.
    """

    dialect: Dialect
    texts: pl.Series
    starts: Places
    skipped: Flags
    joins: bool = False

    def regions(self, since: int | None) -> tuple[list[Region], int | None]:
        """Return where quotes are open, and since which byte one is behind the last line.

        `since` is the byte at which the line begins whose quote is open before the first line.
        """
        regions = []
        for first, stop, begin in self._follow(since):
            regions.append(Region(first, stop))
            since = begin
        return regions, since

    @property
    def open_somewhere(self) -> bool:
        """Whether any line, begun outside of quotes, ends within."""
        return bool(self._opens.any())

    def certain(self) -> int | None:
        """Return the last line that begins outside of quotes whatever is open before the lines."""
        outside = self._marked[~(self._closes | self._stays)]
        return int(outside[-1]) if len(outside) else None

    def _follow(self, since: int | None) -> Iterator[tuple[int, int, int | None]]:
        """Yield regions, and since which byte the quote is still open at the end of each."""
        openers = np.flatnonzero(self._opens)
        first, place = -1, 0
        while True:
            if since is None:
                later = int(np.searchsorted(openers, place))
                if later == len(openers):
                    return
                first = int(self._marked[openers[later]])
                since, place = int(self.starts[first]), int(openers[later]) + 1
            place, stop, is_open = self._close(place, since)
            yield first, stop, since if is_open else None
            if is_open:
                return
            since = None

    def _close(self, place: int, since: int) -> tuple[int, int, bool]:
        """Follow an open quote from a marked line on.

        Returns the next marked line to look at, the first line that is outside of the quotes, and
        whether there is none, so that they are still open.
        """
        last = len(self.texts)
        if not self.joins:
            last = int(np.searchsorted(self.starts, since + REACH, side="right"))
        for number in range(place, len(self._marked)):
            line = int(self._marked[number])
            if line >= last:
                return number, last, False
            if self._closes[number]:
                return number + 1, line + 1, False
            if self._stays[number]:
                continue
            if not self.joins:
                return number, line, False
            if not self._opens[number]:
                return number + 1, line + 1, False
        return len(self._marked), last, last == len(self.texts)

    @cached_property
    def _marked(self) -> Places:
        """The numbers of the lines that hold quotes."""
        quote = self.dialect.quote
        if quote is None:
            return np.empty(0, dtype=np.int64)
        places = self.texts.str.contains(quote, literal=True).fill_null(value=False).arg_true()
        return places.cast(pl.Int64).to_numpy()

    @cached_property
    def _opens(self) -> Flags:
        return self._match(self.dialect.grammar.patterns.opens) & ~self.skipped[self._marked]

    @cached_property
    def _closes(self) -> Flags:
        return self._match(self.dialect.grammar.patterns.closes)

    @cached_property
    def _stays(self) -> Flags:
        return self._match(self.dialect.grammar.patterns.stays)

    def _match(self, pattern: str) -> Flags:
        """Say which of the marked lines have a pattern."""
        if not len(self._marked):
            return np.zeros(0, dtype=np.bool_)
        flags: Flags = self.texts.gather(self._marked).str.contains(pattern).to_numpy()
        return flags
