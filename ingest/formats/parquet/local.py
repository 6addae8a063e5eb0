"""A local copy of what is needed of a file in a bucket, so that all files are read in one way."""

import contextlib
import itertools
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from ingest.formats.parquet.footer import MAGIC
from ingest.formats.parquet.metadata import Chunk

_GAP_BYTES = 1024 * 1024
"""Chunks no farther apart are fetched in one request: a request costs more than that."""
_PIECE_BYTES = 16 * 1024 * 1024
_SLACK_BYTES = 128
"""Old writers did not count a dictionary's header (PARQUET-816): PyArrow reads 100 bytes on."""


@contextlib.contextmanager
def local_copy(file: BinaryIO, size: int, tail: bytes, chunks: Iterable[Chunk]) -> Iterator[str]:
    """Yield the path of a file that has the same bytes in these chunks and in the footer.

    It lies in memory where the system can do that, takes what the chunks take, and is gone
    afterwards. What `file` raises passes.
    """
    with _sparse_file() as (handle, path):
        os.ftruncate(handle, size)
        os.pwrite(handle, MAGIC, 0)
        os.pwrite(handle, tail, size - len(tail))
        for start, end in _joined(chunks, size):
            _copy(file, handle, start, end)
        yield path


def _copy(file: BinaryIO, handle: int, start: int, end: int) -> None:
    file.seek(start)
    for at in range(start, end, _PIECE_BYTES):
        left = min(_PIECE_BYTES, end - at)
        while left and (piece := file.read(left)):  # none if it has shrunk: `file`'s opener sees it
            os.pwrite(handle, piece, min(at + _PIECE_BYTES, end) - left)
            left -= len(piece)


def _joined(chunks: Iterable[Chunk], size: int) -> Iterator[tuple[int, int]]:
    """Return the ranges of bytes to fetch, in order."""
    ranges = sorted(
        (chunk.start, min(size, chunk.start + chunk.size + _SLACK_BYTES)) for chunk in chunks
    )
    ends = list(itertools.accumulate((end for _, end in ranges), max))
    begin = 0
    for place, end in enumerate(ends, 1):
        if place == len(ends) or ranges[place][0] > end + _GAP_BYTES:
            yield ranges[begin][0], end
            begin = place


@contextlib.contextmanager
def _sparse_file() -> Iterator[tuple[int, str]]:
    if hasattr(os, "memfd_create"):
        handle = os.memfd_create("ingest")
        try:
            yield handle, f"/proc/self/fd/{handle}"
        finally:
            os.close(handle)
        return
    handle, path = tempfile.mkstemp(".parquet")
    try:
        yield handle, path
    finally:
        os.close(handle)
        Path(path).unlink()
