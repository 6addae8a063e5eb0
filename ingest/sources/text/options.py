"""The options that all sources of text files have."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from ingest.core.values.numerals import DecimalSeparator, Numerals, ThousandsSeparator
from ingest.sources.columns.options import Columns
from ingest.sources.file_source import FileSource
from ingest.sources.text.encodings import UTF8, canonical
from ingest.sources.text.line_ends import LineEnd
from ingest.sources.text.line_rules import known_pattern


class TextOptions(FileSource):
    """A source of text files, as far as users describe it."""

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
