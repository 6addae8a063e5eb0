"""Where the last lines of a text begin, which are no records."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO

_STEP_BYTES = 64 * 1024
_ENDS = b"\r\n"


def footer_start(file: BinaryIO, size: int, first: int, lines: int) -> int:
    """Return at which byte a file's last `lines` lines begin; at least `first`."""
    reach = _STEP_BYTES
    while True:
        begin = max(first, size - reach)
        file.seek(begin)
        data = file.read(size - begin)
        cut = last_lines(data, lines)
        if cut > 0 or begin == first:
            return begin + cut
        reach *= 4


def without_footer(chunks: Iterable[bytes], lines: int) -> Iterator[tuple[bytes, bool]]:
    """Yield chunks of whole lines without the last `lines` of them, and these at the end, marked.

    At least one chunk that is not marked, even if it is empty.
    """
    held, some = b"", False
    for chunk in chunks:
        held += chunk
        cut = last_lines(held, lines)
        if cut > 0:
            yield held[:cut], False
            held, some = held[cut:], True
    if not some:
        yield b"", False
    if held:
        yield held, True


def last_lines(data: bytes, lines: int) -> int:
    """Return where the last `lines` lines begin; 0 if there are no more than that.

    Empty lines at the end are not counted, so that it does not matter how many there are.
    """
    place = len(data.rstrip(_ENDS))
    for _ in range(lines):
        place = data.rfind(b"\n", 0, place)
        if place < 0:
            return 0
    return place + 1
