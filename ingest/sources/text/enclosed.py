"""Lines of CSV files that are no records of their own: within quotes, or behind an escaped end."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np
import polars as pl

from ingest.core.dataclass import dataclass
from ingest.sources.text.bits import Flags, positions, where
from ingest.sources.text.bodies import Body
from ingest.sources.text.decoding import texts_of
from ingest.sources.text.line_rules import LineRules, LineTally, without_ends
from ingest.sources.text.open_quotes import REACH, Quotes

MOST_BACK = 64 * REACH
"""How far before a slice is looked for a line that tells whether a quote is open. If none does,
none is taken to be open."""


_NONE = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of bodies that are joined in `data`: so many of each body in `counts`.

    `lines` are their texts without the line ends, `skipped` those that are no records where no
    quote is open.
    """

    bodies: Sequence[Body]
    counts: Sequence[int]
    data: bytes
    lines: pl.Series
    skipped: Flags


def enclosed(block: Block, rules: LineRules, tally: LineTally) -> Flags:
    """Return which lines belong to a record that was begun on a line before.

    `tally` knows what is open before them, and is told what is open behind.
    """
    inside = np.zeros(len(block.lines), dtype=np.bool_)
    dialect = rules.dialect
    if dialect is None or not len(inside):
        return inside
    lines = dialect.plain(block.lines)
    starts = np.zeros(len(inside), dtype=np.int64)
    whole = Quotes(dialect, lines, starts, block.skipped, rules.multiline)
    if whole.open_somewhere or any(body.slice_index in tally.since for body in block.bodies):
        starts[1:] = positions(where(block.data, ord("\n")))[:-1] + 1
        for body, part in _parts(block):
            from_start = starts[part] - starts[part][:1] + body.start
            skipped = block.skipped[part]
            quotes = Quotes(dialect, lines[part], from_start, skipped, rules.multiline)
            _follow(quotes, inside[part], body.slice_index, tally)
    if dialect.escape is not None:
        ends = dialect.ends_escaped(lines).to_numpy() & ~(block.skipped & ~inside)
        for body, part in _parts(block):
            _go_on(ends[part], inside[part], body.slice_index, tally)
    return inside


def look_back(file: BinaryIO, body: Body, first: int, rules: LineRules, tally: LineTally) -> None:
    """Tell `tally` what is open where a slice's first body begins, by reading what is before.

    The file's records begin at the byte `first`. Where they may have several lines, a slice begins
    with one, and nothing is open.
    """
    dialect = rules.dialect
    if dialect is None or rules.multiline or body.start <= first:
        return
    begin, reach = body.start, REACH // 16
    while begin > first and reach <= MOST_BACK:
        begin = max(first, body.start - reach)
        window = _window(file, begin, body, first, rules)
        quotes = Quotes(dialect, dialect.plain(window.lines), _NONE, window.skipped)
        certain = quotes.certain()
        if begin == first or (reach >= REACH and not quotes.open_somewhere):
            certain = certain or 0
        if certain is not None:
            enclosed(_from(window, certain), rules, tally)
            return
        reach *= 4


def _follow(quotes: Quotes, inside: Flags, place: int, tally: LineTally) -> None:
    """Mark the lines of a slice within quotes, and note what is open behind them."""
    regions, since = quotes.regions(tally.since.pop(place, None))
    for first, stop in regions:
        inside[first + 1 : stop] = True
    if since is not None:
        tally.since[place] = since


def _go_on(ends: Flags, inside: Flags, place: int, tally: LineTally) -> None:
    """Mark the lines of a slice that follow one with an escaped end."""
    if not len(ends):
        return
    inside[1:] |= ends[:-1]
    inside[0] |= place in tally.goes_on
    tally.goes_on.discard(place)
    if ends[-1]:
        tally.goes_on.add(place)


def _parts(block: Block) -> Iterator[tuple[Body, slice]]:
    end = 0
    for body, count in zip(block.bodies, block.counts, strict=True):
        if count:
            yield body, slice(end, end + count)
        end += count


def _window(file: BinaryIO, begin: int, body: Body, first: int, rules: LineRules) -> Block:
    """Return the whole lines from a byte on, up to where a body begins."""
    file.seek(begin - (begin > first))
    data = file.read(body.start - file.tell())
    if begin > first:  # with the byte before, a line that begins right here is whole
        cut = data.find(b"\n") + 1 or len(data)
        begin, data = begin - 1 + cut, data[cut:]
    texts, originals = texts_of(data, rules.encoding)
    lines = without_ends(pl.select(pl.coalesce(texts, originals)).to_series(), rules)
    before = Body(body.slice_index, data, start=begin)
    return Block([before], [len(lines)], data, lines, rules.aside(lines)[0])


def _from(window: Block, line: int) -> Block:
    """Return the lines of a window from one on."""
    if line == 0:
        return window
    (body,) = window.bodies
    cut = int(positions(where(window.data, ord("\n")))[line - 1]) + 1
    rest = Body(body.slice_index, window.data[cut:], start=body.start + cut)
    lines = window.lines[line:]
    return Block([rest], [len(lines)], rest.data, lines, window.skipped[line:])
