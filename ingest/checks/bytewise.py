"""Patterns that are compared byte by byte, without a regular expression.

Polars keeps a text in a view of 16 bytes: four of length, then the text itself if it has up to 12
bytes, and zeros; of a longer one the first four. So a pattern such as `T[0-9]{9}` is a range for
each of 16 bytes, and many views are compared at once: 2 ms for 500,000 texts, where the regular
expression takes 27.

What is found here is only which texts match for certain: of the others a regular expression tells.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import polars as pl

from ingest.compiled.library import is_there
from ingest.compiled.texts import Views, within
from ingest.core.dataclass import dataclass
from ingest.core.views import arrow_views, views_of

_Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]
_Octets = np.ndarray[tuple[int], np.dtype[np.uint8]]
Ranges = tuple[tuple[int, int], ...]
"""Which bytes may stand at a place: from, to, and both are allowed."""

_VIEW_BYTES: Final = 16
_LENGTH_BYTES: Final = 4
_INLINE_BYTES: Final = 12
_PREFIX_BYTES: Final = 4
_BLOCK_ROWS: Final = 8192
_ANY: Final = 255
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
        bounds, tables = self._bounds()
        compiled = is_there()
        for chunk in texts.get_chunks():
            array = arrow_views(chunk)
            _, buffer, *buffers = array.buffers()
            views = np.frombuffer(buffer, dtype=np.uint8)[array.offset * _VIEW_BYTES :]
            held = bounds.held(views_of(array)) if compiled else None
            if held is not None and not (tables or self.goes_on):
                parts.append(held)
                continue
            for start in range(0, len(chunk), _BLOCK_ROWS):
                rows = min(_BLOCK_ROWS, len(chunk) - start)
                block = views[start * _VIEW_BYTES : (start + rows) * _VIEW_BYTES]
                certain = bounds.holds(block) if held is None else held[start : start + rows]
                for place, table in tables.items():
                    certain &= table.take(block[_LENGTH_BYTES + place :: _VIEW_BYTES])
                parts.append(certain & ~_feeds(block) if self.goes_on else certain)
            fed = fed or (self.goes_on and _may_hold_feeds(buffers, len(chunk)))
        found: _Flags = np.concatenate(parts) if parts else np.empty(0, dtype=np.bool_)
        if texts.has_nulls():
            found &= texts.is_not_null().to_numpy()
        if fed:
            found &= ~texts.str.contains("\n", literal=True).fill_null(value=True).to_numpy()
        return found

    def _bounds(self) -> tuple["_Bounds", dict[int, _Flags]]:
        """Return which bytes of a view have one range; and of the others, which are allowed."""
        tables = {place: _table(each) for place, each in enumerate(self.places) if len(each) > 1}
        size = len(self.places).to_bytes(_LENGTH_BYTES, "little")
        rest = (0, _ANY if self.goes_on else 0)
        ranges = [rest if self.goes_on else (byte, byte) for byte in size]
        ranges += [
            (0, _ANY) if place in tables else each[0] for place, each in enumerate(self.places)
        ]
        ranges += [rest] * (_VIEW_BYTES - len(ranges))
        least, most = np.array(ranges, dtype=np.uint8).T
        return _Bounds(np.tile(least, _BLOCK_ROWS), np.tile(most - least, _BLOCK_ROWS)), tables


@dataclass(frozen=True, slots=True)
class _Bounds:
    """The least that each byte of a block of views may be, and by how much it may be more."""

    least: _Octets
    span: _Octets

    def held(self, texts: Views) -> _Flags:
        """Return what `holds` does, by compiled code, and that nulls are."""
        return within(texts, self.least[:_VIEW_BYTES], self.span[:_VIEW_BYTES])

    def holds(self, views: Any) -> _Flags:
        """Return in which views all bytes are in their range."""
        size = len(views)
        beyond = np.greater(views - self.least[:size], self.span[:size]).view(np.uint64)
        within: _Flags = (beyond[::2] | beyond[1::2]) == 0
        return within


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


def _table(ranges: Ranges) -> _Flags:
    """Return of each byte whether it lies in one of these."""
    allowed = np.zeros(256, dtype=np.bool_)
    for least, most in ranges:
        allowed[least : most + 1] = True
    return allowed


def _feeds(views: Any) -> _Flags:
    """Return which texts that lie in their views hold a line feed."""
    views = views.view("<u8").reshape(-1, 2)
    fed = np.zeros(len(views), dtype=np.bool_)
    short = np.flatnonzero((views[:, 0] & _SIZE) <= _INLINE_BYTES)
    texts = views[short]
    fed[short] = _any_feed(texts[:, 0] >> _HALF << _HALF) | _any_feed(texts[:, 1])
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
