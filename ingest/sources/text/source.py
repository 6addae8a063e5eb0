"""What CSV and JSON Lines share: reading slices of text files as numbered records."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, Self

import polars as pl
from pydantic import AfterValidator, Field, model_validator

from ingest.core.errors import BadRowError, FatalError, JobError
from ingest.core.partition import Partition, Slice
from ingest.core.rows import POSITION, position, slice_of
from ingest.core.types import Schema
from ingest.core.values.numerals import DecimalSeparator, Numerals, ThousandsSeparator
from ingest.sources.base import LOCATED, Layout, Read, Rejects
from ingest.sources.columns.options import FILE_COLUMNS, Columns, file_values, with_file_values
from ingest.sources.file_source import FileSource
from ingest.sources.files.identity import while_planning
from ingest.sources.files.opening import codec
from ingest.sources.text.bits import FEEDS, count, where
from ingest.sources.text.bodies import Body, in_blocks, join_bodies, line_counts, longest_line
from ingest.sources.text.clean_blocks import Blocks, Cast, cast, covers, numbered, records_of
from ingest.sources.text.enclosed import look_back
from ingest.sources.text.encodings import UTF8, canonical, is_wide
from ingest.sources.text.files import BLOCK_BYTES, TextFiles
from ingest.sources.text.line_ends import LineEnd, as_written
from ingest.sources.text.line_index import LineIndex
from ingest.sources.text.line_rules import FOOTER, IGNORED, LineRules, LineTally, known_pattern
from ingest.sources.text.lines import (
    EMPTY_RECORDS,
    line_number,
    lines_aside,
    original,
    reject_table,
    split_records,
    without_records,
)
from ingest.sources.text.ranges import UTF8_MARK, Begin, Preamble, cut_ranges, halve_range
from ingest.sources.text.record_ends import ENDS, RecordEnds, record_ends
from ingest.sources.text.record_ranges import cut_records, halve_records
from ingest.sources.text.rejecting import Clean, filled
from ingest.storage.uris import is_remote

Header = tuple[str, ...]
"""The column names in a file's own order; none if it does not say."""
MOST_REJECTS = 5_000_000
"""The most records of a partition that may be rejected; lines of 13 bytes each, if all are."""


class TextSource(FileSource):
    """A source of text files whose records are lines."""

    about_files: ClassVar[frozenset[str]] = frozenset({
        "path", "hive_partitions", "include_file_columns", "encoding", "max_decompressed_bytes",
        "skip_footer", "ignore_rows", "schema_", "incremental",
    })  # fmt: skip
    """Options about files, which say nothing of how a single record is read."""

    columns: Columns = Field(default={})
    """Columns and their types, such as `{id: int64, day: {type: date, format: "%d.%m.%Y"}}`."""
    encoding: Annotated[str, AfterValidator(canonical)] = UTF8
    """The encoding of the files, such as `utf-8`, `utf-16`, `latin-1` or `cp1252`. A byte-order
    mark at the beginning of a file is ignored."""
    blank_lines: Literal["reject", "skip"] = "reject"
    """What to do with an empty line: reject it as a bad record, or skip it. Skipped lines are not
    counted."""
    decimal_separator: DecimalSeparator = "."
    """The decimal separator of numbers written as text: `.` or `,`. A column may have its own:
    `columns: {price: {type: "decimal(12,2)", decimal_separator: ","}}`."""
    thousands_separator: ThousandsSeparator | None = None
    """The thousands separator of numbers written as text: `.`, `,`, `'`, `_` or a space; see
    `columns`. Default: none, and a number with such a character is rejected."""
    line_end: LineEnd = "lf"
    """How lines end: with a line feed (`lf`), with or without a carriage return before it; or with
    a carriage return alone (`cr`), as on old Macs. Files that end their lines in the other way are
    refused."""
    skip_footer: int = Field(default=0, ge=0)
    """Number of lines to skip at the end of each file, not counting empty lines at the very end.
    Skipped lines are counted as filtered: "footer"."""
    ignore_rows: Annotated[str, AfterValidator(known_pattern)] | None = None
    """A regular expression in Rust's syntax, such as `^(Total|Sum);`. Lines that contain a match
    are ignored and counted as filtered: "matches ignore_rows"."""
    max_record_bytes: int = Field(default=16 * 1024**2, ge=1)
    """The longest allowed record, in bytes of UTF-8. A longer one is rejected."""
    max_decompressed_bytes: int | None = Field(default=None, ge=1)
    """The largest allowed size of a compressed file after unpacking, in bytes. Default: 100 times
    its compressed size, but at least 256 MiB."""

    @model_validator(mode="after")
    def _separators_differ(self) -> Self:
        self.numerals  # noqa: B018 - built to be checked
        return self

    @property
    def numerals(self) -> Numerals | None:
        """How numbers are written in all columns that say nothing else; None if plainly."""
        usual = Numerals(
            decimal_separator=self.decimal_separator, thousands_separator=self.thousands_separator
        )
        return None if usual.is_plain else usual

    def rules(self, layout: Layout | None) -> LineRules:  # noqa: ARG002 - for those that need it
        """Return how bytes become records."""
        return LineRules(
            encoding=UTF8 if is_wide(self.encoding) else self.encoding,
            max_record_bytes=self.max_record_bytes,
            blank=self.blank_lines,
            ignore=self.ignore_rows,
            returns="\r" if self.line_end == "lf" else "",
        )

    def filtered(
        self,
        records: pl.DataFrame,
        header: Sequence[str],  # noqa: ARG002 - for those that need it
        layout: Layout,  # noqa: ARG002
        tally: LineTally,  # noqa: ARG002
    ) -> pl.DataFrame:
        """Return records without those that are none to this source, which `tally` counts."""
        return records

    @abstractmethod
    def rows(
        self, records: pl.DataFrame, header: Sequence[str], layout: Layout
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Turn records (see `split_records`) into rows and rejects.

        The rows have the data columns and `POSITION`; the rejects are records with a `reason`
        and a `column`.
        """

    def clean_values(
        self, data: bytes, header: Sequence[str], layout: Layout, tally: LineTally
    ) -> Clean | None:
        """Read the lines of a text that are faultless records, all at once.

        For text in UTF-8 without lines that are no records. Returns the same as `rows` would, some
        of it still to be cast, and which lines have to be looked at one by one: None if these are
        all, or if any line may be within a record of several. It only makes reading fast; `tally`
        may remember what makes the next text faster.
        """

    def find_preamble(self, data: bytes, complete: bool) -> Preamble | None:
        """Say what stands before the first record; None if more than `data` is needed to know."""
        mark = len(UTF8_MARK) if data.startswith(UTF8_MARK) else 0
        return Preamble(mark) if complete or len(data) >= len(UTF8_MARK) else None

    def file_header(self, uri: str, preamble: Preamble, layout: Layout) -> tuple[str, ...]:  # noqa: ARG002
        """Return the file's own column names, checked against the layout."""
        return ()

    def splits(self) -> bool:
        """Say whether files may be cut anywhere: not where a line feed is more than one byte."""
        return not is_wide(self.encoding)

    def record_ends(self) -> RecordEnds | None:
        """Return how the ends of records of several lines are told; None if not at all."""
        if self.skip_footer or is_wide(self.encoding):
            return None
        return record_ends(self.rules(None))

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
        begins: dict[int, Begin] = {}
        tally, schema = LineTally(), self.data_schema(layout)

        def judge(records: pl.DataFrame, header: Header) -> tuple[pl.DataFrame, pl.DataFrame]:
            good, bad = self._judged(records, header, layout, tally)
            return filled(good, schema), bad

        blocks, index = Blocks(judge, self.rules(layout)), self._index(partition)
        bodies = self._bodies(partition, layout, range(len(partition.slices)), begins, tally)
        for block in in_blocks(bodies, BLOCK_BYTES):
            if index and not block[0].footer:
                index.note(block, tally.lines)
            if block[0].footer:
                tally.filtered[FOOTER] += sum(line_counts(block))
            elif (clean := self._clean_rows(block, layout, tally)) is not None:
                blocks.add_clean(clean, schema, block[0].header)
            else:
                records = split_records(block, self.rules(layout), tally)
                blocks.add(*judge(records, block[0].header))
            _refuse_flood(blocks.rejects, partition)
        FEEDS.forget()
        ENDS.forget()
        rows, bad = blocks.whole()
        made = self._file_values(partition, layout)
        frame = _assemble(rows, made, layout)
        return Read(
            frame.lazy(),
            frame.height + bad.height + tally.filtered.total(),
            self._rejects(bad, partition, begins),
            filtered=tally.filtered,
            locate=partial(self._located, partition, layout, index, begins) if index else None,
        )

    def locate(self, partition: Partition, layout: Layout, positions: pl.Series) -> pl.DataFrame:
        """Say in which lines rows stand, by reading their slices again."""
        wanted = positions.cast(pl.UInt64).to_frame("position")
        places = _places(wanted)
        begins: dict[int, Begin] = {}
        rules, tally, parts = self.rules(layout), LineTally(), [EMPTY_RECORDS]
        for body in self._bodies(partition, layout, places, begins):
            if rules.multiline:
                records = split_records([body], rules, tally)
                parts.append(records.join(wanted, on="position", how="semi"))
            else:
                parts.append(_lines_among(wanted["position"], body, rules, tally))
        numbers = self._counted(partition, begins, places)
        return as_written(_shown(pl.concat(parts), numbers), self.line_end)

    def _index(self, partition: Partition) -> LineIndex | None:
        """Return what remembers where lines stand; None where that does not help to find them."""
        ends = self.record_ends()
        if self.line_end != "lf" or not (self.splits() or ends):
            return None
        pieces = enumerate(partition.slices)
        plain = {place for place, piece in pieces if not (is_remote(piece.uri) or codec(piece.uri))}
        return LineIndex(plain, ends) if plain else None

    def _located(
        self,
        partition: Partition,
        layout: Layout,
        index: LineIndex,
        begins: dict[int, Begin],
        positions: pl.Series,
    ) -> pl.DataFrame:
        """Do what `locate` does, with the help of what reading the partition has seen."""
        wanted = positions.cast(pl.UInt64).to_frame("position")
        parts = [pl.DataFrame(schema=LOCATED)]
        for place in _places(wanted):
            here = wanted.filter(slice_of(pl.col("position")) == place).to_series()
            if not index.knows(place):
                parts.append(self.locate(partition, layout, here))
                continue
            records = index.records(partition.slices[place], place, here, self.rules(layout))
            numbers = self._counted(partition, begins, [place])
            parts.append(_shown(records, numbers))
        return pl.concat(parts)

    def reader(self, piece: Slice, layout: Layout) -> dict[str, Any]:
        """Return the options by which a record is read; see `Source.reader`."""
        kept = self.model_dump(mode="json", exclude_defaults=True, exclude=set(self.about_files))
        return {"type": self.type, **kept, **self.known(piece, layout)}

    @abstractmethod
    def known(self, piece: Slice, layout: Layout) -> dict[str, Any]:
        """Return options that say what the file itself, or the plan, knows of its records."""

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

    def data_schema(self, layout: Layout) -> Schema:
        """Return the columns that come from the records, and not from the file's name."""
        made = {*layout.facts.get("folder_keys", ())}
        if self.include_file_columns:
            made.update(FILE_COLUMNS)
        return {name: dtype for name, dtype in layout.columns.items() if name not in made}

    def _judged(
        self, records: pl.DataFrame, header: Header, layout: Layout, tally: LineTally
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return rows and rejects of records, looking at each."""
        records = self.filtered(records, header, layout, tally)
        good, bad = self.rows(records, header, layout)
        if good.height + bad.height != records.height:
            raise JobError(
                f"{self.path}: {records.height} records became {good.height} rows and "
                f"{bad.height} rejected records. This is a bug in ingest: report it with the "
                "file"
            )
        return good, bad

    def _clean_rows(self, block: Sequence[Body], layout: Layout, tally: LineTally) -> Cast | None:
        """Return rows of bodies that are read all at once, and the records left out.

        None if there are too many of these, or if lines belong together; then nothing has been
        numbered.
        """
        rules = self.rules(layout)
        if rules.encoding != UTF8 or any(map(tally.is_inside, block)):
            return None
        data = join_bodies(block)
        if len(data) > self.max_record_bytes and longest_line(data) > self.max_record_bytes:
            return None
        aside, ignored = lines_aside(data, rules)
        if (rules.multiline and len(aside)) or (not rules.returns and b"\r\n" in data):
            return None
        text = without_records(data, aside)
        clean = self.clean_values(text, block[0].header, layout, tally)
        if clean is None or not covers(block, clean.ends, self.max_record_bytes):
            return None
        lines = numbered(block, data, clean, aside, tally)
        tally.filtered.update({IGNORED: ignored} if ignored else {})
        return cast(data, clean, lines)

    def _bodies(
        self,
        partition: Partition,
        layout: Layout,
        places: Iterable[int],
        begins: dict[int, Begin],
        tally: LineTally | None = None,
    ) -> Iterator[Body]:
        """Read slices one after the other, noting in `begins` where their records begin.

        `tally` is told what is open before them.
        """
        files, rules = self.text_files(), self.rules(layout)
        for place in places:
            piece = partition.slices[place]
            with files.open(piece) as (file, preamble, texts):
                header = self.file_header(piece.uri, preamble, layout)
                for start, data, footer in texts:
                    known = preamble.lines if start == preamble.offset else None
                    body = Body(place, data, header, start, footer)
                    if place not in begins and tally is not None:
                        look_back(file, body, preamble.offset, rules, tally)
                    begins.setdefault(place, Begin(start, known))
                    yield body

    def _rejects(
        self, records: pl.DataFrame, partition: Partition, begins: dict[int, Begin]
    ) -> Rejects | None:
        if records.is_empty():
            return None
        numbers = self._counted(partition, begins, _places(records))
        return Rejects(as_written(reject_table(records, numbers), self.line_end))

    def _counted(
        self, partition: Partition, begins: dict[int, Begin], places: Iterable[int]
    ) -> dict[int, int]:
        """Return how many lines precede each slice's body, counting where that is not known yet."""
        files, counted = self.text_files(), {}
        for place in places:
            offset, lines = begins[place].offset, begins[place].lines
            if lines is None:
                lines = files.lines_before(partition.slices[place], offset)
            counted[place] = lines
        return counted

    def text_files(self) -> TextFiles:
        """Return how files of text are opened."""
        return TextFiles(
            encoding=self.encoding,
            splits=self.splits(),
            find_preamble=self.find_preamble,
            max_record_bytes=self.max_record_bytes,
            max_decompressed_bytes=self.max_decompressed_bytes,
            line_end=self.line_end,
            footer=self.skip_footer,
            ends=self.record_ends(),
            connection=self.connection,
        )

    def _file_values(self, partition: Partition, layout: Layout) -> dict[str, pl.Series]:
        return file_values(
            partition.slices,
            layout.columns,
            self.planned_keys(layout),
            self.columns,
            file_columns=self.include_file_columns,
            connection=self.connection,
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
        f"{partition.slices[place].uri}: more than {MOST_REJECTS:,} records of one partition "
        f"cannot be read. The first reason: {reason}. The source's options do not match the "
        "file, or the file is damaged: fix one of them"
    )


def _lines_among(wanted: pl.Series, body: Body, rules: LineRules, tally: LineTally) -> pl.DataFrame:
    """Return the records of a body whose positions are among these, which are sorted."""
    first, data = position(body.slice_index, tally.lines[body.slice_index]), join_bodies([body])
    feeds = where(data, ord("\n"))
    lines = count(feeds)
    tally.lines[body.slice_index] += lines
    among = wanted.filter(wanted.is_between(first, first + lines, closed="left"))
    places = pl.DataFrame({"position": among, "number": (among - first).cast(pl.Int64)})
    return records_of(data, places, rules, feeds)


def _shown(records: pl.DataFrame, lines_before: dict[int, int]) -> pl.DataFrame:
    """Return records as `Source.locate` does; so many lines of its file come before each slice."""
    return records.select(
        "position", line_number(lines_before).alias("line"), original().alias("original")
    )


def _assemble(rows: pl.DataFrame, made: dict[str, pl.Series], layout: Layout) -> pl.DataFrame:
    whole = with_file_values(rows, made) if made else rows
    return pl.DataFrame([whole[name] for name in (*layout.columns, POSITION)])  # select() copies


def _places(table: pl.DataFrame) -> list[int]:
    return table.select(slice_of(pl.col("position")).unique().sort()).to_series().to_list()
