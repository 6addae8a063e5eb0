"""Cutting files whose records may have several lines: where one begins is found by reading them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ingest.core.errors import BadRowError, FatalError
from ingest.core.partition import WHOLE, Slice
from ingest.sources.files.identity import while_planning

Starts = Callable[[Slice, Sequence[int]], Iterator[int]]
"""Yields where the first record of a slice from each of these places on begins: see
`TextFiles.starts`."""
_ROOM = 32
"""Slices are smaller than the target by this part of it, to end with their last record below it."""
_PLACES = 64
"""At so many places is looked for a record near the middle of a slice."""


def cut_records(piece: Slice, target_bytes: int, starts: Starts) -> Iterator[Slice]:
    """Cut a file where records begin, into slices of about even size; each as soon as it is found.

    What cannot be cut is longer than the target: one record, or what follows a line that is too
    long. A file whose first record is not found is not cut: whoever reads it, knows why.

    Raises:
        ConfigError: the file cannot be read, or has changed.
    """
    count = -(-piece.size // (target_bytes - target_bytes // _ROOM))
    places = [piece.size * number // count for number in range(1, count)]
    start = 0
    try:
        for end in starts(piece, places):
            yield replace(piece, start=start, end=end, bytes=end - start)
            start = end
    except BadRowError:
        yield piece
        return
    except FatalError as error:
        raise while_planning(error) from None
    stop = piece.size if piece.end == WHOLE else piece.end
    yield replace(piece, start=start, end=stop, bytes=stop - start) if start else piece


def halve_records(piece: Slice, starts: Starts) -> Sequence[Slice]:
    """Cut a slice in two where a record begins, near its middle; none if one record is most of it.

    Raises:
        FatalError: the file has changed or vanished since the plan, or may not be read.
    """
    end = piece.size if piece.end == WHOLE else piece.end
    size = end - piece.start
    places = [piece.start + size * number // _PLACES for number in range(_PLACES)]
    try:
        found = list(starts(piece, places))
    except BadRowError:
        return ()
    if not found:
        return ()
    middle = min(found, key=lambda place: abs(2 * place - piece.start - end))
    return (
        replace(piece, end=middle, bytes=middle - piece.start),
        replace(piece, start=middle, end=end, bytes=end - middle),
    )
