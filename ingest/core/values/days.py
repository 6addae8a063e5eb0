"""Texts to dates, in ISO 8601: YYYY-MM-DD, from year 0001 to 9999; digit by digit, all at once.

Polars keeps a text of up to 12 bytes in a view of 16: four of length, then the text, then zeros. So
the ten bytes of a date are three numbers, and a few sums tell whether they are digits and hyphens,
and which day they name: 8 ms for 750,000 texts, where Polars takes 12, besides the 14 of a regular
expression that keeps out what it reads laxly (` 024-1- 1`, year 0).
"""

from functools import cache
from typing import Any, Final

import numpy as np
import polars as pl

_Table = np.ndarray[tuple[int, int], np.dtype[np.uint32]]
_Words = np.ndarray[tuple[int], np.dtype[np.uint32]]

_BLOCK_ROWS: Final = 16_384


def parse_days(texts: pl.Series) -> pl.Series:
    """Return the dates that texts say; null where a text is null or says none."""
    if texts.is_empty():
        return texts.cast(pl.Date)
    texts = texts.rechunk()
    array: Any = texts.to_arrow(compat_level=pl.CompatLevel.newest())
    views = np.frombuffer(array.buffers()[1], dtype="<u4").reshape(-1, 4)[array.offset :]
    days = np.empty(len(texts), dtype=np.int32)
    good = np.empty(len(texts), dtype=np.bool_)
    for start in range(0, len(texts), _BLOCK_ROWS):
        block = slice(start, min(start + _BLOCK_ROWS, len(texts)))
        days[block], good[block] = _days(views[block])
    dates = pl.Series(texts.name, days).cast(pl.Date)
    if texts.has_nulls():
        good &= texts.is_not_null().to_numpy()
    return dates if good.all() else dates.set(pl.Series(~good), None)


def _days(views: _Table) -> tuple[Any, Any]:
    """Return the days since 1970 that views say, and whether they say any."""
    length, year, month, day = (views[:, place].copy() for place in range(4))
    year ^= _word(b"0000")
    month ^= _word(b"-00-")
    day ^= _word(b"00\0\0")
    wrong = _undigits(year) | _undigits(month) | _undigits(day)
    wrong |= (month & 0xFF0000FF) | (day & 0xFFFF0000) | (length ^ 10)
    pairs = 10 * year + (year >> 8)
    number = 100 * (pairs & 0xFF) + (pairs >> 16 & 0xFF)
    of_year = 10 * (month >> 8 & 0xF) + (month >> 16 & 0xF)
    of_month = 10 * (day & 0xF) + (day >> 8 & 0xF)
    found = _months().take((12 * number + of_year - 1).astype(np.int64), mode="clip")
    good = (wrong == 0) & (number > 0) & (of_year - 1 < 12) & (of_month - 1 < (found & 0xFF))
    return (found >> 8) + of_month - 1, good


@cache
def _months() -> Any:
    """Return of each month, in one number, the days from 1970 to its first, and how many it has."""
    months = np.arange("0000-01", "10000-02", dtype="datetime64[M]")
    first = months.astype("datetime64[D]").astype(np.int64)
    return first[:-1] << 8 | np.diff(first)


def _word(text: bytes) -> np.uint32:
    return np.uint32(int.from_bytes(text, "little"))


def _undigits(word: _Words) -> _Words:
    """Return the highest bit of each byte that is above 9."""
    return (word | (word + np.uint32(0x76767676))) & np.uint32(0x80808080)
