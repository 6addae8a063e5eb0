"""Where the records of a byte range begin and end.

A record belongs to the slice in which its first byte lies. So the records of bytes [start, end)
begin after the first line feed at or after `start - 1`, and go on to the first line feed at or
after `end - 1`: wherever a file is cut, each record is in exactly one slice.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO

from ingest.core.dataclass import dataclass
from ingest.core.partition import WHOLE, Slice
from ingest.sources.text.bits import count, where

UTF8_MARK = b"\xef\xbb\xbf"
_STEP_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Preamble:
    """What stands before the first record: `offset` bytes, `lines` lines, maybe a `header`.

    `delimiter` is what a first line like `sep=;` says it is.
    """

    offset: int
    lines: int = 0
    header: bytes | None = None
    delimiter: str | None = None


@dataclass(frozen=True, slots=True)
class Begin:
    """Where a slice's records begin: at which byte, and after how many lines if that is known."""

    offset: int
    lines: int | None


PreambleFinder = Callable[[bytes, bool], Preamble | None]
"""Finds the preamble in a file's first bytes (and whether these are all); None asks for more."""


def cut_ranges(piece: Slice, target_bytes: int) -> Iterator[Slice]:
    """Cut a file into ranges of even size, none above the target."""
    count = -(-piece.size // target_bytes)
    edges = [piece.size * number // count for number in range(count + 1)]
    for start, end in itertools.pairwise(edges):
        yield replace(piece, start=start, end=end, bytes=end - start)


def halve_range(piece: Slice) -> tuple[Slice, ...]:
    """Cut a range of bytes in the middle; none if it is a single byte."""
    end = piece.size if piece.end == WHOLE else piece.end
    middle = (piece.start + end) // 2
    if middle == piece.start:
        return ()
    return (
        replace(piece, end=middle, bytes=middle - piece.start),
        replace(piece, start=middle, end=end, bytes=end - middle),
    )


def find_preamble(file: BinaryIO, size: int, find: PreambleFinder) -> Preamble:
    """Return what stands before a plain file's first record, reading no more than needed."""
    data = b""
    while True:
        chunk = file.read(max(_STEP_BYTES, len(data)))
        data += chunk
        found = find(data, not chunk or len(data) >= size)
        if found is not None:
            return found


def read_range(
    file: BinaryIO, piece: Slice, preamble: Preamble, max_record_bytes: int, step_bytes: int
) -> Iterator[tuple[int, bytes]]:
    """Yield the bytes of a slice's records in steps of about that size, and where each begins.

    `piece` is closed: its end is a byte.

    At least once, even if there are none. Of a step's last record that is longer than
    `max_record_bytes`, only somewhat more than that is kept, so that memory is bounded whatever the
    file holds.
    """
    start = _seam(file, max(piece.start, preamble.offset), preamble.offset, piece.end)
    if start >= piece.end:
        yield start, b""
    while start < piece.end:
        stop = min(start + step_bytes, piece.end)
        end = _seam(file, stop, preamble.offset, piece.size)
        file.seek(start)
        yield start, file.read(min(end, stop + max_record_bytes + 1) - start)
        start = end


def _seam(file: BinaryIO, at: int, first: int, stop: int) -> int:
    """Return where the first record from `at` on begins; `stop` if none begins before it."""
    if at <= first:
        return first
    place = at - 1
    file.seek(place)
    while place < stop and (chunk := file.read(_STEP_BYTES)):
        found = chunk.find(b"\n")
        if found >= 0:
            return place + found + 1
        place += len(chunk)
    return stop


def count_lines(file: BinaryIO, end: int) -> int:
    """Count the line feeds in a file's first `end` bytes."""
    lines = 0
    while end > 0 and (chunk := file.read(min(end, 16 * _STEP_BYTES))):
        lines += count(where(chunk, ord("\n")))
        end -= len(chunk)
    return lines
