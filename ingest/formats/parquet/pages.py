"""Walking the pages of a column, to know before decoding them that they are what they should be.

Polars' decoder does not check checksums, takes impossible levels for possible ones, and ends the
process where a header asks for more memory than there is. So it only gets what has been walked: a
page costs 4 to 6 microseconds (those of 90 MB in 1,940 pages 10 ms, where decoding takes 120), and
its checksum, if it has one, 0.25 ms a MB. The decoder of PyArrow checks all that itself and takes
three times as long.
"""

import os
from collections.abc import Sequence

from isal import isal_zlib

from ingest.formats.parquet.metadata import Chunk
from ingest.formats.parquet.thrift import INTEGER, Fields, MalformedError, read_struct

_WANTED = {
    **dict.fromkeys((1, 2, 3, 4), INTEGER),
    5: dict.fromkeys((1, 2, 3, 4), INTEGER),
    7: dict.fromkeys((1, 2), INTEGER),
    8: dict.fromkeys((1, 2, 3, 4, 5, 6), INTEGER),
}
_HEADER_BYTES = (256, 64 * 1024, 16 * 1024 * 1024)
"""How much is read to find a header in: nearly all are short, one with statistics may be long."""
_DATA, _INDEX, _DICTIONARY, _DATA_2 = range(4)
_LEVELS = frozenset({3, 4})
_RLE, _MOST_ENCODINGS = 3, 10


def are_sound(path: str, chunks: Sequence[Chunk]) -> bool:
    """Say whether the pages of flat columns are whole, of the number of values they should have.

    Where this says no, nothing is known to be wrong: the stricter decoder has to say what it is.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        return all(_is_sound(handle, chunk) for chunk in chunks)
    except MalformedError:
        return False
    finally:
        os.close(handle)


def _is_sound(handle: int, chunk: Chunk) -> bool:
    at, end, values = chunk.start, chunk.start + chunk.size, 0
    while at < end:
        page, begin = _header(handle, at, end)
        size = page.get(3, -1)
        if size < 0 or begin + size > end or not _fits(page, chunk.plain_size):
            return False
        if 4 in page and isal_zlib.crc32(os.pread(handle, size, begin)) != page[4] & 0xFFFFFFFF:
            return False
        head = _head(page, size)
        if head is None:
            return False
        values += head
        at = begin + size
    return at == end and values == chunk.values


def _header(handle: int, at: int, end: int) -> tuple[Fields, int]:
    """Return the header of the page at an offset, and where its data begin."""
    for length in _HEADER_BYTES:
        data = os.pread(handle, min(length, end - at), at)
        try:
            page, used = read_struct(data, 0, _WANTED)
        except MalformedError:
            if len(data) < length:
                raise
            continue
        return page, at + used
    raise MalformedError("a page header without an end")


def _fits(page: Fields, plain_size: int) -> bool:
    """Say whether a page says that it unpacks to what the whole column may take."""
    return bool(0 <= page.get(2, -1) <= plain_size)


def _head(page: Fields, size: int) -> int | None:
    """Return how many values a page says to hold, 0 for a dictionary; None if it cannot be."""
    kind = page.get(1)
    if kind == _DICTIONARY and 7 in page:
        return 0 if page[7].get(1, -1) >= 0 else None
    if kind == _DATA and 5 in page:
        head = page[5]
        levels = {head.get(3), head.get(4)} <= _LEVELS
        sound = levels and 0 <= head.get(2, -1) < _MOST_ENCODINGS
        return head.get(1) if sound and head.get(1, -1) >= 0 else None
    if kind == _DATA_2 and 8 in page:
        return _second(page[8], size)
    return 0 if kind == _INDEX else None


def _second(head: Fields, size: int) -> int | None:
    """Return the values of a data page of version 2, whose levels lie before what is packed."""
    values, nulls, rows = (head.get(number, -1) for number in (1, 2, 3))
    definition, repetition = head.get(5, -1), head.get(6, -1)
    whole = min(definition, repetition) >= 0 and definition + repetition <= size
    counts = 0 <= nulls <= values and rows == values  # of a flat column each value is a row
    return values if whole and counts and 0 <= head.get(4, -1) < _MOST_ENCODINGS else None
