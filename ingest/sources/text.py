"""What CSV and JSON Lines share: reading slices of text files as numbered records."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Literal

import numpy as np
import polars as pl
from pydantic import AfterValidator, Field

from ingest.core.errors import BadRowError, ConfigError, FatalError
from ingest.core.partition import Partition, Slice
from ingest.core.rows import POSITION, position, record_of, slice_of
from ingest.sources.base import Layout, Read, Rejects
from ingest.sources.bits import Places
from ingest.sources.bodies import Body, in_blocks, join_bodies, line_counts, longest_line
from ingest.sources.columns import Columns, file_values, with_file_values
from ingest.sources.encodings import UTF8, canonical, is_wide
from ingest.sources.file_source import FileSource
from ingest.sources.lines import (
    EMPTY_RECORDS,
    LineRules,
    Tally,
    line_number,
    original,
    records_at,
    reject_table,
    split_records,
)
from ingest.sources.opening import codec, expansion, open_input
from ingest.sources.ranges import (
    UTF8_MARK,
    Begin,
    Preamble,
    count_lines,
    cut_ranges,
    halve_range,
)
from ingest.sources.rejecting import Clean, cast_columns
from ingest.sources.text_files import BLOCK_BYTES, TextFiles

MOST_REJECTS = 5_000_000
"""The most records of a partition that may be rejected; lines of 13 bytes each, if all are."""


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
    size, and at least 256 MiB."""

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

    def clean_values(self, data: bytes, header: Sequence[str], layout: Layout) -> Clean | None:
        """Read the lines of a text that are faultless records, all at once.

        Where each line is a record (see `LineRules.each_line`), and for text in UTF-8. Returns the
        same as `rows` would, some of it still to be cast, and which lines have to be looked at one
        by one: None if these are all. It only makes reading fast.
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
        rows, rejects, found, tally = [], [], 0, Tally()
        bodies = self._bodies(partition, layout, range(len(partition.slices)), begins)
        for block in in_blocks(bodies, BLOCK_BYTES):
            good, bad = self._clean_rows(block, layout, tally) or self._each(block, layout, tally)
            rows.append(good)
            rejects.append(bad)
            found += good.height + bad.height
            _refuse_flood(rejects, partition)
        frame = _assemble(pl.concat(rows), self._file_values(partition, layout), layout)
        return Read(frame.lazy(), found, _rejects(rejects, partition, begins))

    def locate(self, partition: Partition, layout: Layout, positions: pl.Series) -> pl.DataFrame:
        """Say in which lines rows stand, by reading their slices again."""
        wanted = positions.cast(pl.UInt64).to_frame("position")
        places = _places(wanted)
        begins: dict[int, Begin] = {}
        rules, tally, found = self.rules(layout), Tally(), [EMPTY_RECORDS]
        for body in self._bodies(partition, layout, places, begins):
            if rules.each_line:
                found.append(_lines_among(wanted["position"], body, rules, tally))
            else:
                records = split_records([body], rules, tally)
                found.append(records.join(wanted, on="position", how="semi"))
        numbers = _counted(partition, begins, places)
        return pl.concat(found).select(
            "position", line_number(numbers).alias("line"), original().alias("original")
        )

    def samples(self, sample: Sequence[Slice]) -> Iterator[tuple[str, Preamble, bytes]]:
        """Yield, of each sampled file, its URI, its preamble and its first whole records.

        Raises:
            ConfigError: a file cannot be read.
        """
        files = self._files()
        for piece in {piece.uri: piece for piece in sample}.values():
            try:
                yield (piece.uri, *files.sample(piece))
            except (FatalError, BadRowError) as error:
                raise ConfigError(str(error)) from None

    def _each(
        self, block: Sequence[Body], layout: Layout, tally: Tally
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return rows and rejects of bodies, looking at each record."""
        return self._judged(split_records(block, self.rules(layout), tally), block[0], layout)

    def _judged(
        self, records: pl.DataFrame, body: Body, layout: Layout
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        good, bad = self.rows(records, body.header, layout)
        if good.height + bad.height != records.height:
            raise FatalError(
                f"{self.path}: {records.height} records became {good.height} rows and "
                f"{bad.height} rejects. This is a defect of ingest: report it with the file"
            )
        return good, bad

    def _clean_rows(
        self, block: Sequence[Body], layout: Layout, tally: Tally
    ) -> tuple[pl.DataFrame, pl.DataFrame] | None:
        """Return rows and rejects of bodies that are read all at once, but for a few lines.

        None if there are too many of these; then nothing has been numbered.
        """
        rules = self.rules(layout)
        if rules.encoding != UTF8 or not rules.each_line:
            return None
        data = join_bodies(block)
        if len(data) > self.max_record_bytes and longest_line(data) > self.max_record_bytes:
            return None
        found = self.clean_values(data, block[0].header, layout)
        if found is None:
            return None
        clean = Clean(*found)
        doubts = np.asarray(clean.doubts, dtype=np.int64)
        lines = clean.values.height + len(doubts)
        counts = [lines] if len(block) == 1 else line_counts(block)
        positions = tally.number_records(block, counts)
        numbers = np.delete(np.arange(lines), doubts) if len(doubts) else np.arange(lines)
        of_lines = pl.DataFrame({"position": positions.gather(numbers), "number": numbers})
        rows, unfit = cast_columns(of_lines, clean.values, clean.schema, clean.parse)
        rejects = _lines(data, unfit["number"].to_numpy(), unfit["position"], rules)
        rejects = rejects.with_columns(unfit["reason"], unfit["column"])
        if len(doubts):
            records = _lines(data, doubts, positions.gather(doubts), rules)
            good, bad = self._judged(records, block[0], layout)
            rows = pl.concat([rows, good]).sort(POSITION)
            rejects = pl.concat([rejects, bad]).sort("position")
        return rows, rejects

    def _bodies(
        self,
        partition: Partition,
        layout: Layout,
        places: Iterable[int],
        begins: dict[int, Begin],
    ) -> Iterator[Body]:
        """Read slices one after the other, noting in `begins` where their records begin."""
        files = self._files()
        for place in places:
            piece = partition.slices[place]
            with files.open(piece) as (preamble, texts):
                header = self.file_header(piece.uri, preamble, layout)
                for start, data in texts:
                    known = preamble.lines if start == preamble.offset else None
                    begins.setdefault(place, Begin(start, known))
                    yield Body(place, data, header)

    def _files(self) -> TextFiles:
        return TextFiles(
            encoding=self.encoding,
            splits=self.splits(),
            find_preamble=self.find_preamble,
            max_record_bytes=self.max_record_bytes,
            max_decompressed_bytes=self.max_decompressed_bytes,
        )

    def _file_values(self, partition: Partition, layout: Layout) -> dict[str, pl.Series]:
        return file_values(
            partition.slices, layout.columns, layout.facts.get("folder_keys", ()), self.columns
        )


def _refuse_flood(rejects: Sequence[pl.DataFrame], partition: Partition) -> None:
    """Refuse a partition of which so much is rejected that the rejects would take all memory.

    Raises:
        BadRowError: it is one; a byte of empty line takes 60 bytes as a reject.
    """
    if sum(frame.height for frame in rejects) <= MOST_REJECTS:
        return
    frame = next(frame for frame in rejects if frame.height)
    place, reason = frame.select(slice_of(pl.col("position")), "reason").row(0)
    raise BadRowError(
        f"{partition.slices[place].uri}: more than {MOST_REJECTS:,} records of one partition are "
        f"no rows, the first for this reason: {reason}. It is not what the source says it is, or "
        "is damaged: fix the file, or the source's options"
    )


def _lines(data: bytes, numbers: Places, positions: pl.Series, rules: LineRules) -> pl.DataFrame:
    """Return the records that stand in these lines of a text, if each line is a record."""
    if not len(numbers):
        return EMPTY_RECORDS
    records = records_at(data, numbers.astype(np.int64), rules)
    line = record_of(pl.col("position")).cast(pl.Int64).alias("line")
    return records.with_columns(positions).with_columns(line)


def _lines_among(wanted: pl.Series, body: Body, rules: LineRules, tally: Tally) -> pl.DataFrame:
    """Return the records of a body whose positions are among these, which are sorted."""
    first, lines = position(body.slice_index, tally.records[body.slice_index]), line_counts([body])
    tally.records[body.slice_index] += lines[0]
    among = wanted.filter(wanted.is_between(first, first + lines[0], closed="left"))
    data = join_bodies([body]) if len(among) else b""
    return _lines(data, (among - first).to_numpy(), among.alias("position"), rules)


def _assemble(rows: pl.DataFrame, made: dict[str, pl.Series], layout: Layout) -> pl.DataFrame:
    whole = with_file_values(rows, made) if made else rows
    return pl.DataFrame([whole[name] for name in (*layout.columns, POSITION)])  # select() copies


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
