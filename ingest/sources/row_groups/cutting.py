"""Where slices of Parquet files are cut: between their row groups."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ingest.core.partition import WHOLE, Slice


def cut_groups(piece: Slice, sizes: Sequence[int], target_bytes: int) -> Iterator[Slice]:
    """Cut a slice between row groups; a row group larger than the target stands alone.

    `sizes` are those of all row groups of the file, in bytes.
    """
    start, size = piece.start, 0
    end = _end(piece, sizes)
    for index in range(start, end):
        if size and size + sizes[index] > target_bytes:
            yield replace(piece, start=start, end=index, bytes=size)
            start, size = index, 0
        size += sizes[index]
    yield replace(piece, start=start, end=end, bytes=size)


def halve_groups(piece: Slice, sizes: Sequence[int]) -> Sequence[Slice]:
    """Cut a slice in two, so that the bytes are even; a single row group cannot be cut.

    `sizes` are as those of `cut_groups`.
    """
    end = _end(piece, sizes)
    whole = sum(sizes[piece.start : end])
    places = range(piece.start + 1, end)
    if not places:
        return ()
    place = min(places, key=lambda place: abs(2 * sum(sizes[piece.start : place]) - whole))
    first = sum(sizes[piece.start : place])
    return (
        replace(piece, end=place, bytes=first),
        replace(piece, start=place, end=end, bytes=whole - first),
    )


def _end(piece: Slice, sizes: Sequence[int]) -> int:
    return len(sizes) if piece.end == WHOLE else piece.end
