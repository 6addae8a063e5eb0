"""Reading a partition of text, block by block: all at once where it can be, else by record."""

from collections.abc import Sequence
from dataclasses import field
from functools import partial

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.errors import BadRowError, JobError
from ingest.core.partition import Partition
from ingest.core.rows import POSITION, slice_of
from ingest.sources.base import Read, Rejects
from ingest.sources.columns.options import file_values, with_file_values
from ingest.sources.text.bits import FEEDS
from ingest.sources.text.bodies import Body, in_blocks, join_bodies, line_counts, longest_line
from ingest.sources.text.clean_blocks import Blocks, Cast, cast, covers, numbered
from ingest.sources.text.encodings import UTF8
from ingest.sources.text.files import BLOCK_BYTES
from ingest.sources.text.kind import Header
from ingest.sources.text.line_ends import as_written
from ingest.sources.text.line_rules import FOOTER, IGNORED, LineTally
from ingest.sources.text.lines import lines_aside, reject_table, split_records, without_records
from ingest.sources.text.locating import index_of, located, slices_in
from ingest.sources.text.record_ends import ENDS
from ingest.sources.text.rejecting import filled
from ingest.sources.text.slices import SliceTexts

MOST_REJECTS = 5_000_000
"""The most records of a partition that may be rejected; lines of 13 bytes each, if all are."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads the slices of a partition once."""

    texts: SliceTexts
    tally: LineTally = field(default_factory=LineTally)

    def read(self) -> Read:
        """Read the partition; see `Source.read`."""
        texts, tally, kind, layout = self.texts, self.tally, self.texts.kind, self.texts.layout
        partition, rules, schema = texts.partition, kind.rules(layout), kind.data_schema(layout)

        def judge(records: pl.DataFrame, header: Header) -> tuple[pl.DataFrame, pl.DataFrame]:
            good, bad = self._judged(records, header)
            return filled(good, schema), bad

        blocks, index = Blocks(judge, rules), index_of(kind, partition)
        for block in in_blocks(texts.bodies(range(len(partition.slices)), tally), BLOCK_BYTES):
            if index and not block[0].footer:
                index.note(block, tally.lines)
            if block[0].footer:
                tally.filtered[FOOTER] += sum(line_counts(block))
            elif (clean := self._clean_rows(block)) is not None:
                blocks.add_clean(clean, schema, block[0].header)
            else:
                blocks.add(*judge(split_records(block, rules, tally), block[0].header))
            _refuse_flood(blocks.rejects, partition)
        FEEDS.forget()
        ENDS.forget()
        rows, bad = blocks.whole()
        frame = self._with_file_values(rows)
        return Read(
            frame.lazy(),
            frame.height + bad.height + tally.filtered.total(),
            self._rejects(bad),
            filtered=tally.filtered,
            locate=partial(located, texts, index) if index else None,
        )

    def _judged(self, records: pl.DataFrame, header: Header) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return rows and rejects of records, looking at each."""
        kind, layout = self.texts.kind, self.texts.layout
        records = kind.filtered(records, header, layout, self.tally)
        good, bad = kind.rows(records, header, layout)
        if good.height + bad.height != records.height:
            raise JobError(
                f"{kind.path}: {records.height} records became {good.height} rows and "
                f"{bad.height} rejected records. This is a bug in ingest: report it with the "
                "file"
            )
        return good, bad

    def _clean_rows(self, block: Sequence[Body]) -> Cast | None:
        """Return rows of bodies that are read all at once, and the records left out.

        None if there are too many of these, or if lines belong together; then nothing has been
        numbered.
        """
        kind, tally = self.texts.kind, self.tally
        rules = kind.rules(self.texts.layout)
        if rules.encoding != UTF8 or any(map(tally.is_inside, block)):
            return None
        data = join_bodies(block)
        if len(data) > kind.max_record_bytes and longest_line(data) > kind.max_record_bytes:
            return None
        aside, ignored = lines_aside(data, rules)
        if (rules.multiline and len(aside)) or (not rules.returns and b"\r\n" in data):
            return None
        text = without_records(data, aside)
        clean = kind.clean_values(text, block[0].header, self.texts.layout, tally)
        if clean is None or not covers(block, clean.ends, kind.max_record_bytes):
            return None
        lines = numbered(block, data, clean, aside, tally)
        tally.filtered.update({IGNORED: ignored} if ignored else {})
        return cast(data, clean, lines)

    def _rejects(self, records: pl.DataFrame) -> Rejects | None:
        if records.is_empty():
            return None
        numbers = self.texts.lines_before(slices_in(records))
        return Rejects(as_written(reject_table(records, numbers), self.texts.kind.line_end))

    def _with_file_values(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows with the columns that are made of their files, all in the layout's order."""
        kind, layout = self.texts.kind, self.texts.layout
        made = file_values(
            self.texts.partition.slices,
            layout.columns,
            kind.planned_keys(layout),
            kind.columns,
            file_columns=kind.include_file_columns,
            connection=kind.connection,
        )
        whole = with_file_values(rows, made) if made else rows
        names = (*layout.columns, POSITION)
        return pl.DataFrame([whole[name] for name in names])  # select() copies


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
