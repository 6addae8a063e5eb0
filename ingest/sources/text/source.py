"""What CSV and JSON Lines share: reading slices of text files as numbered records."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import polars as pl

from ingest.core.errors import BadRowError, FatalError
from ingest.core.partition import Partition, Slice
from ingest.sources.base import Layout, Read
from ingest.sources.files.identity import while_planning
from ingest.sources.files.opening import codec
from ingest.sources.text.kind import TextKind
from ingest.sources.text.locating import locate
from ingest.sources.text.ranges import Preamble, cut_ranges, halve_range
from ingest.sources.text.reading import Reading
from ingest.sources.text.record_ranges import cut_records, halve_records
from ingest.sources.text.slices import SliceTexts
from ingest.storage.uris import is_remote


class TextSource(TextKind):
    """A source of text files: cuts them into slices, and reads these."""

    def cut(self, piece: Slice, target_bytes: int) -> Iterable[Slice]:
        """Cut a file into byte ranges of even size, unless it is compressed.

        Between records of several lines, which is a pass over the file: not over a remote one.
        """
        if codec(piece.uri) or piece.size <= target_bytes:
            return [piece]
        if self.splits():
            return cut_ranges(piece, target_bytes)
        if self.record_ends() is None or is_remote(piece.uri):
            return [piece]
        return cut_records(piece, target_bytes, self.text_files().starts)

    def halve(self, piece: Slice) -> Sequence[Slice]:
        """Cut a range of bytes in the middle, unless the file cannot be cut."""
        if codec(piece.uri):
            return ()
        if self.splits():
            return halve_range(piece)
        if self.record_ends() is None or is_remote(piece.uri):
            return ()
        return halve_records(piece, self.text_files().starts)

    def read(self, partition: Partition, layout: Layout) -> Read:
        """Read a partition; see `Source.read`."""
        return Reading(SliceTexts(self, partition, layout)).read()

    def locate(self, partition: Partition, layout: Layout, positions: pl.Series) -> pl.DataFrame:
        """Say in which lines rows stand, by reading their slices again."""
        return locate(SliceTexts(self, partition, layout), positions)

    def reader(self, piece: Slice, layout: Layout) -> dict[str, Any]:
        """Return the options by which a record is read; see `Source.reader`."""
        kept = self.model_dump(mode="json", exclude_defaults=True, exclude=set(self.about_files))
        return {"type": self.type, **kept, **self.known(piece, layout)}

    def samples(self, sample: Sequence[Slice]) -> Iterator[tuple[str, Preamble, bytes]]:
        """Yield, of each sampled file, its URI, its preamble and its first whole records.

        Raises:
            ConfigError: a file cannot be read.
        """
        files = self.text_files()
        for piece in {piece.uri: piece for piece in sample}.values():
            try:
                yield (piece.uri, *files.sample(piece))
            except (FatalError, BadRowError) as error:
                raise while_planning(error) from None
