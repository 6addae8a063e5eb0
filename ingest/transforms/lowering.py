"""Lower case for texts of Latin-1, byte by byte; for all others as Polars does it.

Polars takes 6 ns for each character once a text has one that is not ASCII: of 28 MB of documents
that was a fifth of all that was done with them. Of the characters up to U+00FF, those that have a
lower case are A to Z and, but for ×, À to Þ; it is 32 further in both, and the last byte of UTF-8.
"""

from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa

_BLOCK_BYTES: Final = 64 * 1024
_BEYOND: Final = 0xC4
"""Bytes from here on begin characters beyond U+00FF."""
_LEAD: Final = 0xC3
_TIMES: Final = 0x97
_HIGH: Final = 0x80
_CAPITALS: Final = 0x1F
"""So many bytes from 0x80 on are À to Þ, × among them."""
_FURTHER: Final = r"[^\x00-\x{ff}]"
_MOSTLY: Final = 0.5
"""With more texts of other characters, Polars has to look at all."""


def lowered(texts: pl.Series) -> pl.Series:
    """Return texts in lower case."""
    if not texts.len():
        return texts
    array: Any = texts.to_arrow()
    valid, offsets, values = array.buffers()
    octets = np.frombuffer(values or b"", dtype=np.uint8)
    if octets.max(initial=0) < _HIGH:  # Polars is as fast
        return texts.str.to_lowercase()
    lower, further = np.empty_like(octets), False
    for start in range(0, len(octets), _BLOCK_BYTES):
        end = min(start + _BLOCK_BYTES, len(octets))
        further |= _lower(octets, start, end, lower)
    made = pa.LargeStringArray.from_buffers(
        len(array), offsets, pa.py_buffer(lower), valid, array.null_count, array.offset
    )
    found = pl.Series(texts.name, made, dtype=pl.String)
    if further:
        others = texts.str.contains(_FURTHER).arg_true()
        if len(others) > _MOSTLY * len(texts):
            return texts.str.to_lowercase()
        found = found.scatter(others, texts.gather(others).str.to_lowercase())
    return found


def _lower(octets: Any, start: int, end: int, to: Any) -> bool:
    """Write a part of the bytes in lower case; say whether there are characters beyond U+00FF."""
    part = octets[start:end]
    capital = part - np.uint8(ord("A")) < 26
    if part.max() < _HIGH:
        np.add(part, capital.view(np.uint8) << 5, out=to[start:end])
        return False
    after_lead = np.empty(len(part), dtype=np.bool_)
    np.equal(octets[start : end - 1], _LEAD, out=after_lead[1:])
    after_lead[0] = start > 0 and octets[start - 1] == _LEAD
    after_lead &= part - np.uint8(_HIGH) < _CAPITALS
    after_lead &= part != _TIMES
    capital |= after_lead
    np.add(part, capital.view(np.uint8) << 5, out=to[start:end])
    return bool((part >= _BEYOND).any())
