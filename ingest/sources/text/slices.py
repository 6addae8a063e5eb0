"""The text of a partition's slices, and how many lines of their files come before it."""

from collections.abc import Iterable, Iterator
from dataclasses import field

from ingest.core.dataclass import dataclass
from ingest.core.partition import Partition
from ingest.sources.base import Layout
from ingest.sources.text.bodies import Body
from ingest.sources.text.enclosed import look_back
from ingest.sources.text.kind import TextKind
from ingest.sources.text.line_rules import LineTally
from ingest.sources.text.ranges import Begin


@dataclass(frozen=True, slots=True)
class SliceTexts:
    """Reads the slices of a partition, and remembers where their records begin."""

    kind: TextKind
    partition: Partition
    layout: Layout
    _begins: dict[int, Begin] = field(default_factory=dict)

    def bodies(self, places: Iterable[int], tally: LineTally | None = None) -> Iterator[Body]:
        """Read slices one after the other; `tally` is told what is open before them."""
        files, rules = self.kind.text_files(), self.kind.rules(self.layout)
        for place in places:
            piece = self.partition.slices[place]
            with files.open(piece) as (file, preamble, texts):
                header = self.kind.file_header(piece.uri, preamble, self.layout)
                for start, data, footer in texts:
                    known = preamble.lines if start == preamble.offset else None
                    body = Body(place, data, header, start, footer)
                    if place not in self._begins and tally is not None:
                        look_back(file, body, preamble.offset, rules, tally)
                    self._begins.setdefault(place, Begin(start, known))
                    yield body

    def lines_before(self, places: Iterable[int]) -> dict[int, int]:
        """Return how many lines of its file come before each slice, which has been read.

        They are counted where that is not known yet.
        """
        files, counted = self.kind.text_files(), {}
        for place in places:
            offset, lines = self._begins[place].offset, self._begins[place].lines
            if lines is None:
                lines = files.lines_before(self.partition.slices[place], offset)
            counted[place] = lines
        return counted
