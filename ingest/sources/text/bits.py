"""Where bytes stand in a text: one bit for each byte, so that 64 of them are judged at once.

As simdjson does it: Polars compares 8 MB with one byte in 0.25 ms, and its answers are bits already
(numpy, which makes a byte of each, takes three times as long and has to pack them). What follows
works on an eighth of the text. Bit n % 64 of word n // 64 stands for byte n; the bits behind the
last byte are 0.
"""

import operator
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

Bits = np.ndarray[tuple[int], np.dtype[np.uint64]]
Places = np.ndarray[tuple[int], np.dtype[np.int64]]
Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]
_Compare = Callable[[pl.Series, int], pl.Series]

_SPARSE = 6
"""Up to how many bits a word has on average, they are taken one after the other."""
_WORDS = 16 * 1024
"""How many words are worked at a time, where many steps follow each other."""
_KEPT = np.empty(32 * 1024**2 - 64 * 1024, dtype=np.uint8)
"""Taken and given back untouched, it tells glibc to keep up to 64 MiB of freed memory from now on:
else each block takes memory again, which costs a fifth more than all that is done with it."""
del _KEPT

NOTHING: Places = np.empty(0, dtype=np.int64)

_ONE = np.uint64(1)
_LAST = np.uint64(63)
ZEROS = 40
"""A number without an exponent has at least so many zeros if it is too small for a float."""
_ZERO_ROWS = re.compile(b"0" * ZEROS)
_EIGHT_ZEROS = np.frombuffer(b"0" * 8, dtype=np.uint64)[0]
_CASE = 0x20
"""The bit that tells lower case from upper case in a letter."""
_STEPS = tuple(np.uint64(2**power) for power in range(6))


def where(data: bytes, byte: int, compare: _Compare = operator.eq) -> Bits:
    """Return which bytes are equal to one, or compare with it in another way."""
    packed = np.empty(8 * (-(-len(data) // 64)), dtype=np.uint8)
    packed[-8:] = 0
    if data:
        flags: Any = compare(pl.Series(np.frombuffer(data, dtype=np.uint8)), byte).to_arrow()
        octets = np.frombuffer(flags.buffers()[1], np.uint8, -(-len(data) // 8))
        packed[: len(octets)] = octets
        packed[len(octets) - 1] &= 0xFF >> -len(data) % 8
    return packed.view(np.uint64)


class LastBits:
    """What was found in a text: in the last one asked about, that is known."""

    def __init__(self) -> None:
        self._last: tuple[bytes, object, Bits] | None = None

    def known(self, data: bytes, what: object, find: Callable[[bytes], Bits]) -> Bits:
        """Return `what` is found in a text; that may not be written to."""
        last = self._last
        if last is None or last[0] is not data or last[1] != what:
            last = self._last = data, what, find(data)
            last[2].flags.writeable = False
        return last[2]

    def forget(self) -> None:
        """Let go of the last text."""
        self._last = None


class LastFeeds(LastBits):
    """Where the line feeds of a text stand.

    Several ask of each block: how its records end, where they stand in the file, what is left out.
    """

    def of(self, data: bytes) -> Bits:
        """Return the line feeds of a text; they may not be written to."""
        return self.known(data, None, _feeds)


def _feeds(data: bytes) -> Bits:
    return where(data, ord("\n"))


FEEDS = LastFeeds()
"""Those of the block that this process is reading."""


def pairs(data: bytes, first: int, second: int) -> Places:
    """Return where two bytes stand side by side; `first` is a letter, without regard to case."""
    letters = where(data, first) | where(data, first ^ _CASE)
    return positions(letters & before(where(data, second)))


def zeros(data: bytes) -> Places:
    """Return where rows of `ZEROS` zeros begin: a row of 80 begins twice.

    In each, one of every fourth eight bytes is of zeros only: to look at these takes a third of the
    time of a search.
    """
    if len(data) < ZEROS:
        return NOTHING
    eights = np.frombuffer(data, dtype=np.uint64, count=len(data) // 8)[::4]
    if not (eights == _EIGHT_ZEROS).any():
        return NOTHING
    return np.array([match.start() for match in _ZERO_ROWS.finditer(data)], dtype=np.int64)


def at(places: Places, size: int) -> Bits:
    """Return bits that are set at these places of a text of `size` bytes."""
    marked = np.zeros(64 * (-(-size // 64)), dtype=np.bool_)
    marked[places] = True
    return np.packbits(marked, bitorder="little").view(np.uint64)


def flagged(places: Places, size: int) -> pl.Series:
    """Return which of `size` rows are among these."""
    flags = np.zeros(size, dtype=np.bool_)
    flags[places] = True
    return pl.Series(flags)


def is_set(bits: Bits, places: Places) -> Flags:
    """Return whether each of these bits is set."""
    flags: Flags = (bits[places >> 6] >> (places & 63).astype(np.uint64) & _ONE) == _ONE
    return flags


def without(data: bytes, bits: Bits) -> bytes:
    """Return a text without the bytes that are set."""
    text = np.frombuffer(data, dtype=np.uint8)
    drop = np.unpackbits(bits.view(np.uint8), count=len(text), bitorder="little")
    kept: bytes = text[drop == 0].tobytes()
    return kept


def after(bits: Bits) -> Bits:
    """Return the bytes right after those that are set."""
    moved = bits << _ONE
    moved[1:] |= bits[:-1] >> _LAST
    return moved


def before(bits: Bits) -> Bits:
    """Return the bytes right before those that are set."""
    moved = bits >> _ONE
    moved[:-1] |= bits[1:] << _LAST
    return moved


def between(bits: Bits) -> Bits:
    """Return the bytes from each first set one on, up to before each second one."""
    inside, moved = bits.copy(), np.empty(_WORDS, dtype=np.uint64)
    for start in range(0, len(bits), _WORDS):
        block = inside[start : start + _WORDS]
        for step in _STEPS:
            np.left_shift(block, step, out=moved[: len(block)])
            block ^= moved[: len(block)]
    odd = (inside >> _LAST).astype(np.bool_)
    carried = np.logical_xor.accumulate(odd)
    inside[1:][carried[:-1]] ^= ~np.uint64(0)
    return inside


def within(quotes: Bits, feeds: Bits, size: int) -> tuple[Bits, Places]:
    """Return the bytes within quotes, and the lines that end there.

    Each line begins outside of them.
    """
    inside = between(quotes)
    if not (inside & feeds).any():
        return inside, NOTHING
    ends = positions(feeds)
    found = np.diff(Ranks(quotes).before(ends), prepend=0)
    open_lines = np.flatnonzero(found & 1)
    return between(quotes ^ at(ends[open_lines], size)), open_lines


def escaped(signs: Bits) -> Bits:
    """Return the bytes that stand behind an escape sign which is not escaped itself."""
    behind = after(signs)
    found = new = signs & ~behind
    while (new := after(after(new)) & signs & behind).any():
        found |= new
    return after(found)


def count(bits: Bits) -> int:
    """Return how many bits are set."""
    return int(np.bitwise_count(bits).sum(dtype=np.int64))


def positions(bits: Bits) -> Places:
    """Return the places of the bits that are set, in order."""
    words = np.flatnonzero(bits)
    rest = bits[words]
    counts = np.bitwise_count(rest)
    total = int(counts.sum(dtype=np.int64))
    if total > _SPARSE * len(words):
        octets = rest.view(np.uint8).reshape(len(words), 8)
        found = np.flatnonzero(np.unpackbits(octets, bitorder="little"))
        dense: Places = 64 * words[found >> 6] + (found & 63)
        return dense
    places = np.empty(total, dtype=np.int64)
    slots = np.cumsum(counts, dtype=np.int64) - counts
    while len(words):  # the lowest bit of each word, then the next
        lower = rest - _ONE
        places[slots] = 64 * words + np.bitwise_count(lower & ~rest)
        rest &= lower
        more = np.flatnonzero(rest)
        words, rest, slots = words[more], rest[more], slots[more] + 1
    return places


class Ranks:
    """How many bits are set up to any place, and where the n-th of them stands."""

    def __init__(self, bits: Bits) -> None:
        self._bits = bits
        self._sums = np.concatenate([[0], np.cumsum(np.bitwise_count(bits), dtype=np.int64)])

    def before(self, places: Places) -> Places:
        """Return how many bits are set before each place."""
        words = places >> 6
        masks = (_ONE << (places & 63).astype(np.uint64)) - _ONE
        inside = np.bitwise_count(self._bits[words] & masks)
        ranks: Places = self._sums[words] + inside
        return ranks

    def place(self, numbers: Places) -> Places:
        """Return where the bits of these numbers stand, from 0."""
        words = np.searchsorted(self._sums, numbers, side="right") - 1
        octets = self._bits[words].view(np.uint8).reshape(len(words), 8)
        set_so_far = np.cumsum(np.unpackbits(octets, axis=1, bitorder="little"), axis=1)
        wanted = (numbers - self._sums[words] + 1)[:, None]
        places: Places = 64 * words + (set_so_far < wanted).sum(axis=1)
        return places
