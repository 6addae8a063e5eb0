"""Where the lines of slices stand in their files, as reading them has seen: an eighth of the bytes.

So the lines of rejected rows are read one by one, and not their slices again: of 4,300 rows of 67
MB that took 80 ms of 1,100.
"""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import field

import numpy as np
import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.partition import Slice
from ingest.core.rows import position
from ingest.sources.files.opening import open_input
from ingest.sources.text.bits import FEEDS, Bits, Places, Ranks, count
from ingest.sources.text.bodies import Body, join_bodies
from ingest.sources.text.line_rules import LineRules
from ingest.sources.text.lines import bounds, records_in
from ingest.sources.text.record_ends import ENDS, RecordEnds

_LEAST_BYTES = 256 * 1024
"""To read a smaller body again takes less than to remember its lines."""
_GAP_BYTES = 4 * 1024
"""What lies between two lines is read with them if it is no longer than this."""


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of a body: the number of the first one in its slice, and where each ends.

    Records end there too, or only at those line feeds that are `ends`.
    """

    start: int
    first: int
    feeds: Bits
    ends: Bits | None = None

    @property
    def behind(self) -> int:
        """The number of the line behind the last one."""
        return self.first + count(self.feeds)

    def bounds(self, numbers: Places) -> tuple[Places, Places]:
        """Return where the records begin and end that begin in these lines of the body."""
        begins, ends = bounds(Ranks(self.feeds), numbers)
        if self.ends is not None:
            ranks = Ranks(self.ends)
            ends = ranks.place(ranks.before(begins))
        return begins, ends


@dataclass(slots=True)
class LineIndex:
    """The lines of those slices of a partition that are `plain`: on this machine, not packed.

    `ends` tells where records end, if not every line is one.
    """

    plain: Collection[int]
    ends: RecordEnds | None = None
    _known: dict[int, list[_Lines]] = field(default_factory=dict)
    _unknown: set[int] = field(default_factory=set)

    def note(self, block: Sequence[Body], lines: Mapping[int, int]) -> None:
        """Remember the lines of bodies; of their slices, so many `lines` came before the block."""
        for body in block:
            place = body.slice_index
            if place not in self.plain or place in self._unknown:
                continue
            if place not in self._known and len(body.data) < _LEAST_BYTES:
                self._unknown.add(place)
                continue
            known = self._known.setdefault(place, [])
            first = known[-1].behind if known else lines[place]
            data = join_bodies([body])
            ends = None if self.ends is None else ENDS.of(data, self.ends)
            known.append(_Lines(body.start, first, FEEDS.of(data), ends))

    def knows(self, place: int) -> bool:
        """Say whether all lines of a slice are known."""
        return place in self._known and place not in self._unknown

    def records(
        self, piece: Slice, place: int, positions: pl.Series, rules: LineRules
    ) -> pl.DataFrame:
        """Return the records at these positions of a slice, which are sorted; see `split_records`.

        Raises:
            FatalError: the file has changed or vanished since the plan, or may not be read.
            RetryableError: the storage did not answer.
        """
        numbers = (positions - position(place)).cast(pl.Int64).to_numpy()
        lines: list[bytes] = []
        with open_input(piece) as file:
            for known in self._known[place]:
                here = numbers[(numbers >= known.first) & (numbers < known.behind)] - known.first
                if len(here):
                    lines += _lines(file.fileno(), known.start, *known.bounds(here))
        return records_in(lines, numbers, rules).with_columns(positions.alias("position"))


def _lines(handle: int, start: int, begins: Places, ends: Places) -> Iterator[bytes]:
    """Read lines, each with a line feed, by their places behind `start`; close ones together."""
    far = np.flatnonzero(begins[1:] - ends[:-1] > _GAP_BYTES) + 1
    begin, end, first = begins.tolist(), ends.tolist(), 0
    for last in (*far.tolist(), len(begin)):
        at = begin[first]
        data = _read(handle, end[last - 1] - at, start + at)
        for number in range(first, last):
            yield data[begin[number] - at : end[number] - at] + b"\n"
        first = last


def _read(handle: int, size: int, offset: int) -> bytes:
    """Read so many bytes; fewer if the file ends before, which whoever opened it will notice."""
    data = os.pread(handle, size, offset)
    while len(data) < size and (more := os.pread(handle, size - len(data), offset + len(data))):
        data += more
    return data
