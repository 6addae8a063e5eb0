"""What a kind of text says of its records, for those who read slices of files."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import polars as pl

from ingest.core.partition import Slice
from ingest.core.types import Schema
from ingest.sources.base import Layout
from ingest.sources.columns.options import FILE_COLUMNS
from ingest.sources.text.encodings import UTF8, is_wide
from ingest.sources.text.files import TextFiles
from ingest.sources.text.line_rules import LineRules, LineTally
from ingest.sources.text.options import TextOptions
from ingest.sources.text.ranges import UTF8_MARK, Preamble
from ingest.sources.text.record_ends import RecordEnds, record_ends
from ingest.sources.text.rejecting import Clean

Header = tuple[str, ...]
"""The column names in a file's own order; none if it does not say."""


class TextKind(TextOptions):
    """A source of text files whose records are lines, or several lines."""

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

    @abstractmethod
    def known(self, piece: Slice, layout: Layout) -> dict[str, Any]:
        """Return options that say what the file itself, or the plan, knows of its records."""

    def data_schema(self, layout: Layout) -> Schema:
        """Return the columns that come from the records, and not from the file's name."""
        made = {*layout.facts.get("folder_keys", ())}
        if self.include_file_columns:
            made.update(FILE_COLUMNS)
        return {name: dtype for name, dtype in layout.columns.items() if name not in made}

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
