"""CSV files."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, Self

import polars as pl
from pydantic import Field, model_validator

from ingest.core.errors import BadRowError, JobError
from ingest.core.partition import Slice
from ingest.core.private import REDACTED
from ingest.core.types import Schema, type_name
from ingest.formats.csv import CsvFormat
from ingest.sources.base import Layout
from ingest.sources.columns.options import FieldForm, TypeName
from ingest.sources.delimited.header import (
    REPEATED,
    check_header,
    column_names,
    refuse_delimiter,
    repeats,
)
from ingest.sources.delimited.preamble import Beginning
from ingest.sources.delimited.redaction import Fields
from ingest.sources.delimited.strangers import (
    looks_like_a_record,
    no_header,
    other_delimiter,
    resembles,
    told_delimiter,
)
from ingest.sources.delimited.survey import Survey
from ingest.sources.delimited.table import TableReader
from ingest.sources.delimited.values import Values
from ingest.sources.text.dialect import Dialect, refuse_signs
from ingest.sources.text.encodings import decode_line
from ingest.sources.text.grammar import UNCLOSED
from ingest.sources.text.line_ends import as_written, swapped_text
from ingest.sources.text.line_rules import LineRules, LineTally
from ingest.sources.text.ranges import Preamble
from ingest.sources.text.rejecting import Clean, cast_columns, with_column
from ingest.sources.text.source import TextSource


class Csv(TextSource):
    """Delimited text: one record a line, its fields quoted as in RFC 4180.

    Every record becomes a row, is rejected, or is filtered by an option and counted under its
    name. `csv_grammar` below defines malformed records; `core.texts` defines how text becomes a
    value. The order of columns may differ between files; `schema` controls which columns may
    differ. An empty file has no records. An empty line is a record: a null in files of one column,
    otherwise a rejected record (see `blank_lines`). A first line such as `sep=;`, which tells Excel
    the delimiter, is ignored, but must name the same delimiter as `delimiter`. Examples of many
    kinds of files: [Dialects of CSV](dialects.md).
    """

    format = CsvFormat
    about_files = TextSource.about_files | {
        "header", "skip_rows", "comment", "infer", "repeated_headers", "row_names",
    }  # fmt: skip

    type: Literal["csv"]
    delimiter: str = Field(default=",", min_length=1, max_length=16)
    """The text between two fields: one character, or several, such as `||`."""
    quote: str | None = Field(default='"', pattern=r"^[\x21-\x7e]$")
    """The quote character around a field that contains delimiters, quotes or line feeds. With
    `null`, quotes have no special meaning."""
    escape: str | None = Field(default=None, pattern=r"^[\x21-\x7e]$")
    """The character that removes the special meaning of the quote, delimiter, line feed or escape
    that follows it, such as a backslash; before other characters it has no effect. Inside quotes, a
    doubled quote always means one quote."""
    skip_space: bool = False
    """Whether to ignore spaces before a field."""
    header: bool | tuple[str, ...] = True
    """Whether each file starts with a line of column names. If no file does, write the names as a
    list; with `false` they are `column_1`, `column_2`, and so on."""
    row_names: str | None = Field(default=None, min_length=1)
    """The name of the first column, if the header leaves it out and has one name less than there
    are fields, as R's `write.table` writes it."""
    repeated_headers: Literal["reject", "ignore", "keep"] = "reject"
    """What to do with a record that repeats the column names: reject it, ignore it, or keep it as a
    normal record. Ignored records are counted as filtered: "repeated header"."""
    trailing_delimiter: Literal["reject", "ignore"] = "reject"
    """What to do with a delimiter after the last field of a record or header: `reject` treats it as
    one field too many, `ignore` ignores it."""
    short_rows: Literal["reject"] | None = "reject"
    """What to do with a record that has too few fields: `reject` it, or set the missing fields to
    null (`null`)."""
    columns: Mapping[str, TypeName | FieldForm] = Field(default={})
    """Columns and their types, such as `{id: int64, day: {type: date, format: "%d.%m.%Y"}}`."""
    null_values: tuple[str, ...] = ("",)
    """Texts that are read as null, quoted or not. The empty text is read as null if it is not
    quoted, or if the column is not a string."""
    infer: bool = False
    """Whether to infer types for columns without a type, from a sample of all files when the plan
    is made. With `false`, they are strings."""
    multiline: bool = False
    """Whether quoted fields may contain line feeds. With `false`, a record with an unclosed quote
    is rejected, and so are the lines after it: until the quote closes, until a line cannot be
    inside quotes, or for 1 MiB. With `true`, one extra quote joins all lines up to the next quote
    into one bad record. Large local files are split between records, which planning finds by
    reading them once. Remote and compressed files are not split, nor are files with `escape`,
    `comment`, `ignore_rows`, `skip_footer`, `skip_space`, `line_end: cr` or a `delimiter` of
    several bytes, nor any if there was no C compiler when ingest was installed."""
    skip_rows: int = Field(default=0, ge=0)
    """Number of lines to skip at the beginning of each file, before the header."""
    comment: str | None = Field(default=None, min_length=1)
    """Lines that begin with this text are ignored."""

    @model_validator(mode="after")
    def _unambiguous(self) -> Self:
        refuse_signs(self.delimiter, self.quote, self.escape)
        if self.row_names is not None and self.header is not True:
            raise ValueError(
                "row_names: only works with header: true. Put the name into the header list instead"
            )
        return self

    @property
    def dialect(self) -> Dialect:
        """Return how records are split into fields."""
        return Dialect(
            self.delimiter,
            self.quote,
            self.escape,
            skip_space=self.skip_space,
            trailing=self.trailing_delimiter == "ignore",
            short=self.short_rows is None,
        )

    @property
    def values(self) -> Values:
        """Return how fields become values."""
        return Values(self.columns, self.null_values, self.numerals)

    def splits(self) -> bool:
        """Say whether files may be cut anywhere: not where a line feed may be inside a record."""
        return not self.multiline and super().splits()

    def rules(self, layout: Layout | None) -> LineRules:
        """Return how bytes become records."""
        rules = super().rules(layout)
        single = layout is not None and len(layout.facts["header"]) == 1
        return replace(
            rules,
            blank="row" if single and rules.blank == "reject" else rules.blank,
            comment=self.comment,
            dialect=self.dialect,
            multiline=self.multiline,
        )

    def find_preamble(self, data: bytes, complete: bool) -> Preamble | None:
        """Find the end of the mark, the skipped lines and the header."""
        marked = super().find_preamble(data, complete)
        if marked is None:
            return None
        beginning = Beginning(self.skip_rows, self.header is True, self.rules(None))
        return beginning.find(data, marked.offset, complete=complete)

    def file_header(self, uri: str, preamble: Preamble, layout: Layout) -> tuple[str, ...]:
        """Return the file's own column names; none if it holds nothing."""
        refuse_delimiter(uri, preamble.delimiter, self.delimiter)
        if self.header is not True:
            return tuple(layout.facts["header"])
        if preamble.header is None:
            return ()
        names = self.names_in(uri, preamble.header)
        return check_header(
            uri, names, self.expected(layout, layout.facts["header"]), self.delimiter
        )

    def filtered(
        self, records: pl.DataFrame, header: Sequence[str], layout: Layout, tally: LineTally
    ) -> pl.DataFrame:
        """Reject or leave out the records that repeat the header."""
        if self.header is False or self.repeated_headers == "keep":
            return records
        heading = self._heading(header or layout.facts["header"])
        fine = records["reason"].is_null()
        again = fine & repeats(records["text"].set(~fine, None), heading, self.dialect)
        if not again.any():
            return records
        if self.repeated_headers == "reject":
            return records.with_columns(records["reason"].set(again, REPEATED))
        tally.filtered[REPEATED] += int(again.sum())
        return records.filter(~again)

    def known(self, piece: Slice, layout: Layout) -> dict[str, Any]:
        """Return the names of the fields as they stand in this file, and inferred types."""
        header = self._header_of(piece, layout)
        if not self.infer:
            return {"header": list(header)}
        schema = self.data_schema(layout)
        inferred = {name: type_name(schema[name]) for name in schema if name not in self.columns}
        declared = self.model_dump(mode="json")["columns"]
        return {"header": list(header), "columns": {**inferred, **declared}}

    def redacted(
        self, piece: Slice, layout: Layout, originals: pl.Series, shown: frozenset[str]
    ) -> pl.Series:
        """Return records with `***` in the fields of all columns but the `shown`."""
        if set(REDACTED) & {*self.delimiter, self.quote, self.escape}:
            return super().redacted(piece, layout, originals, shown)
        names = self._header_of(piece, layout)
        hidden = {place for place, name in enumerate(names) if name not in shown}

        def replace(place: int, text: str) -> str:
            return REDACTED if text and place in hidden else text

        found = Fields(self.dialect, len(names), replace).replaced(originals)
        return found.set(found.is_null() & originals.is_not_null(), REDACTED)

    def rows(
        self, records: pl.DataFrame, header: Sequence[str], layout: Layout
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Split records into fields and fields into values."""
        schema = self._present(header, layout)
        names = header or list(schema)
        fine = records["reason"].is_null()
        texts = self.dialect.tidy(records["text"].set(~fine, None), len(names))
        faults = self.dialect.faults(texts, len(names))
        records = records.with_columns(pl.coalesce("reason", faults).alias("reason"))
        sound = records["reason"].is_null()
        good = records.filter(sound)
        fields = self.fields(texts.filter(sound), names)
        if fields.height != good.height:
            raise JobError(
                f"{good.height} records became {fields.height} rows of fields. This is a bug "
                "in ingest: report it with the file"
            )
        rows, rejects = cast_columns(good, fields, schema, self.values.parser(schema))
        bad = with_column(records.filter(~sound))
        return rows, pl.concat([bad, rejects]).sort("position")

    def clean_values(
        self, data: bytes, header: Sequence[str], layout: Layout, tally: LineTally
    ) -> Clean | None:
        """Read the lines of a text that are faultless records."""
        schema = self._present(header, layout)
        names = header or list(schema)
        heading = (*self._heading(names), *([None] if self.row_names else []))
        if self.header is False or self.repeated_headers == "keep":
            heading = ()
        carried = {**dict.fromkeys(names, pl.String()), **self.values.carried(schema)}
        reader = TableReader(
            self.dialect, names, carried, self.null_values, heading, self.multiline, tally.spoilt
        )
        table = reader.read(data)
        if table is None:
            return None
        values = self.values.filled(as_written(table.fields, self.line_end))
        return Clean(values, schema, self.values.parser(schema), table.doubts, table.ends)

    def _header_of(self, piece: Slice, layout: Layout) -> Sequence[str]:
        """Return the names of the fields as they stand in a file."""
        with self.text_files().open(piece) as opened:
            found = self.file_header(piece.uri, opened.preamble, layout)
        return found or list(layout.facts["header"])

    def _heading(self, names: Sequence[str]) -> Sequence[str]:
        """Return those of the column names that stand in the header."""
        return names if self.row_names is None else names[1:]

    def fields(self, texts: pl.Series, names: Sequence[str]) -> pl.DataFrame:
        """Return the fields of tidy, faultless records."""
        counts = self.dialect.grammar.count(texts) if self.dialect.short else None
        fields = self.dialect.written(self.dialect.grammar.split(texts, names))
        return self.values.filled(as_written(fields, self.line_end), counts)

    def _present(self, header: Sequence[str], layout: Layout) -> Schema:
        """Return the columns of the plan that a file has; all, if it does not say."""
        schema = self.data_schema(layout)
        if not header:
            return schema
        there = set(header)
        return {name: dtype for name, dtype in schema.items() if name in there}

    def layout(self, slices: Sequence[Slice], types: Mapping[str, pl.DataType]) -> Layout:
        """Freeze the header and the types of the columns."""
        return Survey(self).layout(slices, types)

    def doubt(self, layout: Layout, wanted: Collection[str], *, private: bool) -> str:
        """Say that what was read as the header is none, or has another delimiter."""
        names, example = layout.facts["header"], layout.facts.get("example", self.path)
        if self.header is not True:
            return ""
        if told := self.other_delimiter(names):
            return told
        wanted = {*wanted, *self.columns}
        if not wanted or not (private or looks_like_a_record(names)) or resembles(names, wanted):
            return ""
        return no_header(example, self.skip_rows, self.delimiter)

    def other_delimiter(self, names: Sequence[str]) -> str:
        """Say which delimiter a header of one column looks as if it had; empty if none."""
        likely = other_delimiter(self.delimiter, names) if self.header is True else ""
        return told_delimiter(self.delimiter, likely) if likely else ""

    def names_in(self, uri: str, line: bytes) -> list[str]:
        """Return the names of the columns, by the header line of a file.

        Raises:
            BadRowError: it cannot be decoded, or its quotes are wrong.
        """
        encoding = self.rules(None).encoding
        text = decode_line(line, encoding)
        fields = f"not {encoding}" if text is None else self.dialect.split_one(text)
        if isinstance(fields, str):
            more = "" if self.multiline or fields != UNCLOSED else ", or multiline: true"
            raise BadRowError(
                f"{uri}: header: {fields}. Fix the file, or set encoding, quote or skip_rows{more}"
            )
        names = column_names([swapped_text(field, self.line_end) for field in fields])
        return names if self.row_names is None else [self.row_names, *names]
