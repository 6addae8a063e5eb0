"""Which of many files are looked into when a plan is made."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ingest.core.partition import Slice

SAMPLE_FILES = 10
"""Of how many files the first records are looked at."""
COMPARED_FILES = 2_000
"""How many files are asked for their columns: all, if there are no more."""
_AT_ONCE = 16

T = TypeVar("T")


def spread(slices: Sequence[Slice], number: int) -> Sequence[Slice]:
    """Return a few slices from all over the list, the first among them: a sample across files."""
    if len(slices) <= number:
        return slices
    return [slices[place * (len(slices) - 1) // (number - 1)] for place in range(number)]


def files_of(slices: Sequence[Slice]) -> list[Slice]:
    """Return the first slice of each file; those of one file stand together."""
    files: list[Slice] = []
    for piece in slices:
        if not files or files[-1].uri != piece.uri:
            files.append(piece)
    return files


def asked(pieces: Sequence[Slice], ask: Callable[[Slice], T]) -> Iterator[T]:
    """Return what `ask` says of each piece, in order; several are asked at once.

    Raises:
        Exception: whatever the first to fail raises; what has not begun then is left out.
    """
    pool = ThreadPoolExecutor(min(_AT_ONCE, max(1, len(pieces))), "asking-inputs")
    try:
        yield from pool.map(ask, pieces)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
