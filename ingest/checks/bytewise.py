"""Patterns that are compared byte by byte, without a regular expression.

Polars keeps a text in a view of 16 bytes: four of length, then the text itself if it has up to 12
bytes, and zeros; of a longer one the first four. So a pattern such as `T[0-9]{9}` is a range for
each byte of two numbers: 2 ms for 500,000 texts, where the regular expression takes 27.

What is found here is only which texts match for certain: of the others a regular expression tells.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

_Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]
_Words = np.ndarray[tuple[int], np.dtype[np.uint64]]
Ranges = tuple[tuple[int, int], ...]
"""Which bytes may stand at a place: from, to, and both are allowed."""

_LENGTH_BYTES: Final = 4
_INLINE_BYTES: Final = 12
_PREFIX_BYTES: Final = 4
_BLOCK_ROWS: Final = 16_384
_HIGH: Final = np.uint64(0x8080808080808080)
_ONES: Final = np.uint64(0x0101010101010101)
_FEEDS: Final = np.uint64(0x0A0A0A0A0A0A0A0A)
_SIZE: Final = np.uint64(0xFFFFFFFF)
_HALF: Final = np.uint64(32)
_MOST_BYTES: Final = 1024
"""Up to so many bytes for each row, buffers are searched instead of texts."""
_SEARCHED_BYTES: Final = 256 * 1024
"""So much of a buffer is searched at a time, while it is in the processor's cache."""

_PLAIN = r"[0-9A-Za-z _,:;/@#%=!\"'<>]"
_ITEM: Final = re.compile(
    rf"(?:\[(?P<set>(?:[0-9]-[0-9]|[a-z]-[a-z]|[A-Z]-[A-Z]|[.]|{_PLAIN})+)\]"
    rf"|\\(?P<class>[dw])|\\(?P<escaped>[.\-/+*?()|$^\[\]{{}}])|(?P<sign>-|{_PLAIN}))"
    r"(?:\{(?P<times>[0-9]{1,2})\})?(?![*+?{])"
)
"""One of a few characters, so many times. Nothing that a syntax might read in another way."""
_MEMBER: Final = re.compile(r"(.)-(.)|(.)", re.DOTALL)
_CLASSES: Final[dict[str, Ranges]] = {
    "d": ((0x30, 0x39),),
    "w": ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)),
}
"""The ASCII of a class: other digits and letters are left to the regular expression."""


@dataclass(frozen=True, slots=True)
class BytePattern:
    """Which bytes a text may have at each place, and whether any characters but line feeds follow.

    Made by `byte_pattern`.
    """

    places: tuple[Ranges, ...]
    goes_on: bool

    def certain(self, texts: pl.Series) -> _Flags:
        """Return which texts match; of the others it is not known. Nulls are among the others."""
        parts, fed = [], False
        layers, mask = list(self._layers()), self._mask()
        for chunk in texts.get_chunks():
            array: Any = chunk.to_arrow(compat_level=pl.CompatLevel.newest())
            _, views, *buffers = array.buffers()
            pairs = np.frombuffer(views, dtype="<u8").reshape(-1, 2)
            pairs = pairs[array.offset : array.offset + len(chunk)]
            for start in range(0, len(chunk), _BLOCK_ROWS):
                block = pairs[start : start + _BLOCK_ROWS]
                certain = _within(block, mask, layers)
                parts.append(certain & ~_feeds(block) if self.goes_on else certain)
            fed = fed or (self.goes_on and _may_hold_feeds(buffers, len(chunk)))
        found: _Flags = np.concatenate(parts) if parts else np.empty(0, dtype=np.bool_)
        if texts.has_nulls():
            found &= texts.is_not_null().to_numpy()
        if fed:
            found &= ~texts.str.contains("\n", literal=True).fill_null(value=True).to_numpy()
        return found

    def _mask(self) -> list[np.uint64]:
        """Return the bytes of a view that are looked at."""
        seen = len(self.places)
        head = 0 if self.goes_on else 0xFF
        octets = bytes([head] * _LENGTH_BYTES + [0xFF] * seen)
        return _words(octets.ljust(16, b"\0" if self.goes_on else b"\xff"))

    def _layers(self) -> Iterator[tuple[list[np.uint64], list[np.uint64]]]:
        """Yield the least and greatest bytes of a view by the first ranges, then by the next."""
        size = b"\0" * _LENGTH_BYTES
        if not self.goes_on:
            size = len(self.places).to_bytes(_LENGTH_BYTES, "little")
        for number in range(max(map(len, self.places))):
            ranges = [place[min(number, len(place) - 1)] for place in self.places]
            least, most = (bytes(side) for side in zip(*ranges, strict=True))
            yield _words((size + least).ljust(16, b"\0")), _words((size + most).ljust(16, b"\0"))


def byte_pattern(pattern: str) -> BytePattern | None:
    """Return what a pattern asks for byte by byte; None if it does more, or takes too many."""
    rest = pattern.removeprefix("^")
    goes_on = rest.endswith(".*") and not rest.endswith("\\.*")
    rest = rest[:-2] if goes_on else rest
    if not goes_on and rest.endswith("$") and not rest.endswith("\\$"):
        rest = rest[:-1]
    places: list[Ranges] = []
    while rest:
        item = _ITEM.match(rest)
        if item is None:
            return None
        places += [_ranges(item)] * int(item["times"] or 1)
        rest = rest[item.end() :]
    if not 0 < len(places) <= (_PREFIX_BYTES if goes_on else _INLINE_BYTES):
        return None
    return BytePattern(tuple(places), goes_on)


def _ranges(item: re.Match[str]) -> Ranges:
    if item["class"]:
        return _CLASSES[item["class"]]
    if item["set"] is None:
        sign = ord(item["escaped"] or item["sign"])
        return ((sign, sign),)
    members = _MEMBER.findall(item["set"])
    return tuple((ord(least or one), ord(most or one)) for least, most, one in members)


def _within(views: Any, mask: list[np.uint64], layers: Any) -> _Flags:
    """Return in which views each byte lies in its range of some layer; bytes from 128 on do not."""
    wrong: _Words | None = None
    for half in range(2):
        if not mask[half]:
            continue
        words = views[:, half] & mask[half]
        fits = np.zeros(len(words), dtype=np.uint64)
        for least, most in layers:
            fits |= ((words | _HIGH) - least[half]) & ((most[half] | _HIGH) - words)
        missing = (~fits | words) & _HIGH
        wrong = missing if wrong is None else wrong | missing
    return wrong == 0  # type: ignore[return-value]  # a pattern has at least one place


def _feeds(views: Any) -> _Flags:
    """Return in which views a line feed is seen; of long texts only the beginning is."""
    head, rest = views[:, 0], views[:, 1]
    fed: _Flags = _any_feed(head >> _HALF << _HALF)
    fed |= _any_feed(rest) & ((head & _SIZE) <= _INLINE_BYTES)
    return fed


def _any_feed(words: Any) -> _Flags:
    zeros = words ^ _FEEDS
    flags: _Flags = ((zeros - _ONES) & ~zeros & _HIGH) != 0
    return flags


def _may_hold_feeds(buffers: Sequence[Any], rows: int) -> bool:
    """Say whether a line feed may stand in long texts, of which buffers may hold many more."""
    if sum(buffer.size for buffer in buffers) > _MOST_BYTES * rows:
        return True
    return any(
        b"\n" in memoryview(buffer)[start : start + _SEARCHED_BYTES].tobytes()
        for buffer in buffers
        for start in range(0, buffer.size, _SEARCHED_BYTES)
    )


def _words(octets: bytes) -> list[np.uint64]:
    return list(np.frombuffer(octets, dtype="<u8"))
