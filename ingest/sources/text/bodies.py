"""The bytes of a slice's records, and putting them together in blocks."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ingest.core.dataclass import dataclass
from ingest.sources.text.bits import FEEDS, count, positions, where

_SMALL_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Body:
    """Records of one slice, as bytes: from the first byte of the first to the end of the last.

    A large slice has several bodies, one after the other. `header` are the column names in this
    file's own order, `start` is the byte of the file (unpacked) at which the body begins. The lines
    of a `footer` are no records.
    """

    slice_index: int
    data: bytes
    header: tuple[str, ...] = ()
    start: int = 0
    footer: bool = False


def join_bodies(bodies: Sequence[Body]) -> bytes:
    """Return the bodies as one text in which each line is ended."""
    return b"".join(ended(body.data) for body in bodies)


def ended(data: bytes) -> bytes:
    """Return text whose last line is ended."""
    return data if not data or data.endswith(b"\n") else data + b"\n"


def line_counts(bodies: Sequence[Body]) -> list[int]:
    """Return how many lines each body has."""
    return [_feeds(body.data) + (ended(body.data) is not body.data) for body in bodies]


def longest_line(data: bytes) -> int:
    """Return the length of the longest line, in bytes with its end."""
    ends = positions(FEEDS.of(data))
    return int(np.diff(ends, prepend=-1).max()) if len(ends) else 0


def in_blocks(bodies: Iterable[Body], block_bytes: int) -> Iterable[list[Body]]:
    """Put bodies of the same kind together, up to about `block_bytes`."""
    block: list[Body] = []
    size = 0
    for body in bodies:
        if block and (size + len(body.data) > block_bytes or _kind(body) != _kind(block[0])):
            yield block
            block, size = [], 0
        block.append(body)
        size += len(body.data)
    if block:
        yield block


def in_lines(chunks: Iterable[bytes], wanted_bytes: int, most_bytes: int) -> Iterator[bytes]:
    """Put chunks together, in pieces of about that size that end with a line.

    Of a line that is longer than `most_bytes` only somewhat more than that is kept.
    """
    parts: list[bytes] = []
    size = line = 0
    for chunk in chunks:
        kept = chunk if line <= most_bytes else chunk[_line_end(chunk) :]
        last = kept.rfind(b"\n") + 1
        line = len(kept) - last if last else line + len(kept)
        cut = last if size + len(kept) >= wanted_bytes else 0
        if cut:
            yield b"".join([*parts, kept[:cut]])
            parts, size = [], 0
        parts.append(kept[cut:])
        size += len(kept) - cut
    yield b"".join(parts)


def _kind(body: Body) -> tuple[tuple[str, ...], bool]:
    return body.header, body.footer


def _line_end(chunk: bytes) -> int:
    place = chunk.find(b"\n")
    return place if place >= 0 else len(chunk)


def _feeds(data: bytes) -> int:
    """Count line feeds: by bits, which is faster for large data, and slower for small."""
    return data.count(b"\n") if len(data) < _SMALL_BYTES else count(where(data, ord("\n")))
