"""What CSV and JSON Lines share: reading slices of text files as numbered records."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, BinaryIO, Literal, cast

import polars as pl
from pydantic import AfterValidator, Field

from ingest.core.errors import BadRowError, ConfigError, FatalError
from ingest.core.partition import WHOLE, Partition, Slice
from ingest.core.rows import POSITION, slice_of
from ingest.core.types import Schema
from ingest.sources.base import Layout, Read, Rejects
from ingest.sources.columns import Columns, file_values, with_file_values
from ingest.sources.encodings import UTF8, canonical, is_wide, to_utf8
from ingest.sources.file_source import FileSource
from ingest.sources.lines import (
    EMPTY_RECORDS,
    Body,
    LineRules,
    in_blocks,
    join_bodies,
    line_number,
    line_positions,
    longest_line,
    original,
    reject_table,
    split_records,
)
from ingest.sources.opening import codec, expansion, open_input, read_plain, read_plain_head
from ingest.sources.ranges import (
    UTF8_MARK,
    Begin,
    Preamble,
    count_lines,
    cut_ranges,
    find_preamble,
    halve_range,
    read_range,
)
from ingest.sources.rejecting import Parse, cast_columns

UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")

BLOCK_BYTES = 256 * 1024**2
"""About how much text is worked at once."""
MOST_BYTES = 4 * 1024**3 - BLOCK_BYTES
"""The most text in one slice: Polars' string offsets end at 4 GiB."""
SAMPLE_BYTES = 256 * 1024
"""How much of each sampled file is looked at when a layout is made."""


class TextSource(FileSource):
    """A source of text files whose records are lines."""

    columns: Columns = Field(default={})
    """Columns and their types, such as `{id: int64, day: {type: date, format: "%d.%m.%Y"}}`."""
    encoding: Annotated[str, AfterValidator(canonical)] = UTF8
    """How the files' text is encoded, such as `utf-8`, `utf-16`, `latin-1` or `cp1252`. A
    byte-order mark at a file's beginning is not part of its text."""
    blank_lines: Literal["reject", "skip"] = "reject"
    """What an empty line is: a record that is rejected, or nothing. `skip` does not count them."""
    max_record_bytes: int = Field(default=16 * 1024**2, ge=1)
    """The longest record, in bytes of UTF-8; a longer one is rejected."""
    max_decompressed_bytes: int | None = Field(default=None, ge=1)
    """The most that a compressed file may unpack to, in bytes. Without it: 100 times its packed
    size, and at least 1 GiB."""

    @abstractmethod
    def rules(self, layout: Layout | None) -> LineRules:
        """Return how bytes become records."""

    @abstractmethod
    def rows(
        self, records: pl.DataFrame, header: Sequence[str], layout: Layout
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Turn records (see `split_records`) into rows and rejects.

        The rows have the data columns and `POSITION`; the rejects are records with a `reason`
        and a `column`.
        """

    def clean_values(
        self, data: bytes, header: Sequence[str], layout: Layout
    ) -> tuple[pl.DataFrame, Schema, Parse] | None:
        """Read text that is nothing but faultless records, all at once.

        Returns the same as `rows` would, some of it still to be cast: None if there is any doubt,
        and then the records are looked at one by one. It only makes reading fast.
        """

    def find_preamble(self, data: bytes, complete: bool) -> Preamble | None:
        """Say what stands before the first record; None if more than `data` is needed to know."""
        mark = len(UTF8_MARK) if data.startswith(UTF8_MARK) else 0
        return Preamble(mark) if complete or len(data) >= len(UTF8_MARK) else None

    def file_header(self, uri: str, preamble: Preamble, layout: Layout) -> tuple[str, ...]:  # noqa: ARG002
        """Return the file's own column names, checked against the layout."""
        return ()

    def splits(self) -> bool:
        """Say whether files may be cut: not where a line feed is more than one byte."""
        return not is_wide(self.encoding)

    def cut(self, piece: Slice, target_bytes: int) -> Iterable[Slice]:
        """Cut a file into byte ranges of even size, unless it is compressed."""
        if not self.splits() or codec(piece.uri) or piece.size <= target_bytes:
            return [piece]
        return cut_ranges(piece, target_bytes)

    def halve(self, piece: Slice) -> Sequence[Slice]:
        """Cut a range of bytes in the middle, unless the file cannot be cut."""
        return halve_range(piece) if self.splits() and not codec(piece.uri) else ()

    def expansion(self, sample: Sequence[Slice]) -> float:
        """Return how far the sample's files unpack, the farthest of them."""
        try:
            return max((expansion(piece) for piece in sample), default=1.0)
        except (BadRowError, FatalError) as error:
            raise ConfigError(str(error)) from None

    def read(self, partition: Partition, layout: Layout) -> Read:
        """Read a partition; see `Source.read`."""
        begins: dict[int, Begin] = {}
        rows, rejects, found = [], [], 0
        bodies = self._bodies(partition, layout, range(len(partition.slices)), begins)
        for block in in_blocks(bodies, BLOCK_BYTES):
            clean = self._clean_rows(block, layout)
            if clean is not None:
                rows.append(clean)
                found += clean.height
                continue
            records = split_records(block, self.rules(layout))
            good, bad = self.rows(records, block[0].header, layout)
            if good.height + bad.height != records.height:
                raise FatalError(
                    f"{partition.slices[block[0].slice_index].uri}: {records.height} records "
                    f"became {good.height} rows and {bad.height} rejects. This is a defect of "
                    "ingest: report it with the file"
                )
            rows.append(good)
            rejects.append(bad)
            found += records.height
        frame = _assemble(pl.concat(rows), self._file_values(partition, layout), layout)
        return Read(frame.lazy(), found, _rejects(rejects, partition, begins))

    def locate(self, partition: Partition, layout: Layout, positions: pl.Series) -> pl.DataFrame:
        """Say in which lines rows stand, by reading their slices again."""
        wanted = pl.DataFrame({"position": positions.cast(pl.UInt64)})
        places = _places(wanted)
        begins: dict[int, Begin] = {}
        found = [
            split_records([body], self.rules(layout)).join(wanted, on="position", how="semi")
            for body in self._bodies(partition, layout, places, begins)
        ]
        numbers = _counted(partition, begins, places)
        return pl.concat([EMPTY_RECORDS, *found]).select(
            "position", line_number(numbers).alias("line"), original().alias("original")
        )

    def samples(self, sample: Sequence[Slice]) -> Iterator[tuple[str, Preamble, bytes]]:
        """Yield, of each sampled file, its URI, its preamble and its first whole records.

        Raises:
            ConfigError: a file cannot be read.
        """
        for piece in {piece.uri: piece for piece in sample}.values():
            try:
                yield (piece.uri, *self._sample(piece))
            except (FatalError, BadRowError) as error:
                raise ConfigError(str(error)) from None

    def _clean_rows(self, block: Sequence[Body], layout: Layout) -> pl.DataFrame | None:
        """Return the rows of bodies without any fault; None if they must be looked at closely."""
        if self.encoding != UTF8 and not is_wide(self.encoding):
            return None
        data = join_bodies(block)
        if len(data) > self.max_record_bytes and longest_line(data) > self.max_record_bytes:
            return None
        found = self.clean_values(data, block[0].header, layout)
        positions = line_positions(block)
        if found is None or found[0].height != positions.height:
            return None
        rows, rejects = cast_columns(positions, *found)
        return rows if rejects.is_empty() else None

    def _sample(self, piece: Slice) -> tuple[Preamble, bytes]:
        wanted = SAMPLE_BYTES
        while True:
            with open_input(piece) as file:
                self._refuse_mark(file, piece)
                data = read_plain_head(file, piece, wanted)
            complete = len(data) < wanted
            data = self._narrow(piece.uri, data, complete=complete)
            preamble = self.find_preamble(data, complete)
            if preamble is not None:
                body = data[preamble.offset :]
                if complete:
                    return preamble, body
                if b"\n" in body or len(body) > self.max_record_bytes:
                    return preamble, body[: body.rfind(b"\n") + 1]
            wanted *= 4

    def _bodies(
        self,
        partition: Partition,
        layout: Layout,
        places: Iterable[int],
        begins: dict[int, Begin],
    ) -> Iterator[Body]:
        """Read slices one after the other, noting in `begins` where their bodies begin."""
        for place in places:
            piece = partition.slices[place]
            with open_input(piece) as file:
                self._refuse_mark(file, piece)
                if piece.end == WHOLE:
                    data = read_plain(file, piece, self.max_decompressed_bytes)
                    data = self._narrow(piece.uri, data, complete=True)
                    preamble = cast("Preamble", self.find_preamble(data, True))
                    start, data = preamble.offset, data[preamble.offset :]
                else:
                    preamble = find_preamble(file, piece.size, self.find_preamble)
                    start, data = read_range(file, piece, preamble, self.max_record_bytes)
            if len(data) >= MOST_BYTES:
                raise FatalError(
                    f"{piece.uri}: {len(data)} bytes of text that cannot be cut, of which at most "
                    f"{MOST_BYTES} can be read at once. Cut the file into several"
                )
            begins[place] = Begin(start, preamble.lines if start == preamble.offset else None)
            yield Body(place, data, self.file_header(piece.uri, preamble, layout))

    def _narrow(self, uri: str, data: bytes, *, complete: bool) -> bytes:
        """Return data in which a line feed is one byte."""
        if is_wide(self.encoding):
            try:
                return to_utf8(data, self.encoding, complete=complete)
            except UnicodeDecodeError as error:
                raise BadRowError(
                    f"{uri}: not {self.encoding} at byte {error.start}: {error.reason}. "
                    "Set source.encoding to what the file is"
                ) from None
        return data

    def _refuse_mark(self, file: BinaryIO, piece: Slice) -> None:
        """Refuse plain UTF-16 that nobody announced: every line would be a reject."""
        if self.encoding == UTF8 and codec(piece.uri) is None:
            if file.read(2) in UTF16_MARKS:
                raise BadRowError(
                    f"{piece.uri}: begins with the byte-order mark of UTF-16. Write "
                    "encoding: utf-16"
                )
            file.seek(0)

    def _file_values(self, partition: Partition, layout: Layout) -> dict[str, pl.Series]:
        return file_values(
            partition.slices, layout.columns, layout.facts.get("folder_keys", ()), self.columns
        )


def _assemble(rows: pl.DataFrame, made: dict[str, pl.Series], layout: Layout) -> pl.DataFrame:
    return with_file_values(rows, made).select(*layout.columns, POSITION)


def _places(table: pl.DataFrame) -> list[int]:
    return table.select(slice_of(pl.col("position")).unique().sort()).to_series().to_list()


def _rejects(
    found: Sequence[pl.DataFrame], partition: Partition, begins: dict[int, Begin]
) -> Rejects | None:
    records = pl.concat(found) if found else EMPTY_RECORDS
    if records.is_empty():
        return None
    return Rejects(reject_table(records, _counted(partition, begins, _places(records))))


def _counted(
    partition: Partition, begins: dict[int, Begin], places: Iterable[int]
) -> dict[int, int]:
    """Return how many lines precede each slice's body, counting where that is not known yet."""
    counted = {}
    for place in places:
        begin = begins[place]
        lines = begin.lines
        if lines is None:
            with open_input(partition.slices[place]) as file:
                lines = count_lines(file, begin.offset)
        counted[place] = lines
    return counted
