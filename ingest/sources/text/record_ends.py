"""Where records end whose quoted fields may hold line feeds: told by their quotes alone.

A quote is open at the end of a line, or it is not; and what a line says about that depends on
nothing before it but that. So all records of a file are found in one pass from its start, and from
any record on by one from there: what is said in `compiled/records.c` is what `open_quotes` says.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import BinaryIO, Final

import numpy as np

from ingest.compiled import records
from ingest.compiled.library import is_there
from ingest.core.dataclass import dataclass
from ingest.sources.text.bits import Bits, LastBits
from ingest.sources.text.dialect import Dialect
from ingest.sources.text.encodings import UTF8, decode_line
from ingest.sources.text.line_rules import LineRules

_STEP_BYTES: Final = 4 * 1024**2
"""How much of a file is looked at once: what a processor's cache holds."""
_WRITES: Final = frozenset("\\x0123456789abcdef")
"""What bytes that cannot be decoded are written with; see `readable`."""


@dataclass(frozen=True, slots=True)
class RecordEnds:
    """Tells where records end, by the bytes of their `delimiter` and `quote`."""

    delimiter: int
    quote: int

    def bits(self, data: bytes) -> Bits:
        """Return the line feeds that end records in a text of ended lines.

        It begins with a record. If a quote is open at its end, its last line feed ends none.
        """
        ends = np.zeros(-(-len(data) // 64), np.uint64)
        records.find(data, len(data), (self.delimiter, self.quote), ends=ends)
        return ends

    def last(self, data: bytes) -> int:
        """Return where the last record begins in a text that begins with one.

        Its size if nothing is left of a record at its end; 0 if no record ends.
        """
        lines = data.rfind(b"\n") + 1
        return records.find(data, lines, (self.delimiter, self.quote)).record

    def starts(
        self, file: BinaryIO, begin: int, end: int, targets: Sequence[int], most_bytes: int
    ) -> Iterator[int]:
        """Yield where the first record from each target on begins; each once, in order.

        A record begins at `begin`; the targets ascend, and they and what is found lie between it
        and `end`. It gives up at a line that is longer than `most_bytes`, unless one step reads it.
        """
        place, passed, inside, last, step = begin, 0, False, begin, _STEP_BYTES
        while place < end and passed < len(targets):
            file.seek(place)
            data = file.read(min(step, end - place))
            lines = data.rfind(b"\n") + 1
            if not lines and (step >= most_bytes or place + len(data) >= end):
                return
            step = _STEP_BYTES if lines else 2 * step
            reached = bisect_right(targets, place + lines)
            here = [target - place for target in targets[passed:reached]]
            signs = (self.delimiter, self.quote)
            found = records.find(data, lines, signs, here, inside=inside)
            for start in found.starts:
                if last < place + start < end:
                    last = place + start
                    yield last
            place, passed, inside = place + lines, passed + len(found.starts), found.inside


class LastEnds(LastBits):
    """Where records end in a text."""

    def of(self, data: bytes, ends: RecordEnds) -> Bits:
        """Return what `RecordEnds.bits` does; they may not be written to."""
        return self.known(data, ends, ends.bits)


ENDS = LastEnds()
"""Those of the block that this process is reading."""


def ends_in(dialect: Dialect | None) -> RecordEnds | None:
    """Return how the ends of records are told by their quotes; None if they are written otherwise.

    That is for text in UTF-8 in which each line is a record or a part of one. None, too, where the
    code that does it was not built.
    """
    if dialect is None or dialect.quote is None or not dialect.is_plain or dialect.skip_space:
        return None
    return RecordEnds(ord(dialect.delimiter), ord(dialect.quote)) if is_there() else None


def record_ends(rules: LineRules) -> RecordEnds | None:
    """Return how the ends of a file's records are told; None if not all lines are of records.

    None, too, if lines are records, or the encoding uses the bytes of a sign for something else.
    """
    if not (rules.multiline and rules.returns) or rules.comment or rules.ignore:
        return None
    ends = ends_in(rules.dialect)
    if ends is None or not _keeps(rules.encoding, bytes([ends.delimiter, ends.quote])):
        return None
    return ends


def in_records(
    chunks: Iterable[bytes], wanted_bytes: int, ends: RecordEnds | None
) -> Iterator[bytes]:
    """Put chunks together, in pieces of about that size that end with a record.

    They begin with one. It is one piece if it is not known how to tell.
    """
    parts: list[bytes] = []
    size, wanted = 0, wanted_bytes
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if ends is None or size < wanted:
            continue
        data = b"".join(parts)
        if cut := ends.last(data):
            yield data[:cut]
        parts = [data[cut:]]
        size = len(parts[0])
        wanted = max(wanted_bytes, 2 * size)
    yield b"".join(parts)


@cache
def _keeps(encoding: str, signs: bytes) -> bool:
    """Say whether these bytes, and those that end lines, are these ASCII signs and nothing else is.

    Also where a text of this encoding cannot be decoded, and is written as `readable` does.
    """
    if _WRITES.intersection(signs.decode("ascii")):
        return False
    if encoding == UTF8:
        return True
    for sign in (signs + b"\r\n").decode("ascii"):
        for byte in range(256):
            alone = decode_line(bytes([byte]), encoding)
            if (alone == sign) != (byte == ord(sign)):
                return False
            both = decode_line(bytes([byte, ord(sign)]), encoding)
            if both is not None and (alone is None or both != alone + sign):
                return False
    return True
