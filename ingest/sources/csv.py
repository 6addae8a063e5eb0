"""CSV files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal, Self

import polars as pl
from pydantic import Field, model_validator

from ingest.core.errors import BadRowError, ConfigError, FatalError
from ingest.core.partition import Slice
from ingest.core.types import Schema, type_name
from ingest.sources.base import Layout
from ingest.sources.bodies import Body
from ingest.sources.columns import declared_type, refuse_clash, refuse_unknown
from ingest.sources.csv_dialect import Dialect, refuse_signs
from ingest.sources.csv_grammar import UNCLOSED
from ingest.sources.csv_header import (
    REPEATED,
    check_header,
    column_names,
    refuse_delimiter,
    refuse_header,
    repeats,
)
from ingest.sources.csv_preamble import Beginning
from ingest.sources.csv_table import TableReader
from ingest.sources.csv_values import Values
from ingest.sources.encodings import decode_line, packed_endings
from ingest.sources.guessing import guess_type
from ingest.sources.line_ends import as_written, swapped_text
from ingest.sources.line_rules import LineRules, Tally
from ingest.sources.lines import split_records
from ingest.sources.ranges import Preamble
from ingest.sources.rejecting import Clean, cast_columns, with_column
from ingest.sources.text import TextSource

GUESSING_ROWS = 10_000
"""How many records of each sampled file types are inferred from."""


class Csv(TextSource):
    """Delimited text: one record a line, its fields quoted as in RFC 4180.

    Every record is a row, a reject, or filtered by an option that is named; what is malformed is
    said in `csv_grammar`, what a text of a type looks like in `core.texts`. The order of columns
    may differ from file to file, their names may not. A file of no bytes holds no records. An empty
    line is a record: a null in files of one column, else a reject (see `blank_lines`). A first line
    such as `sep=;`, by which Excel is told the delimiter, is no record, and must say the same as
    `delimiter`. How to read which files: [Dialects of CSV](dialects.md).
    """

    endings = packed_endings(".csv", ".tsv", ".txt")

    type: Literal["csv"]
    delimiter: str = Field(default=",", min_length=1, max_length=16)
    """What stands between two fields: one character, or several, such as `||`."""
    quote: str | None = Field(default='"', pattern=r"^[\x21-\x7e]$")
    """What encloses a field that holds delimiters, quotes or line feeds: one ASCII character. With
    `null`, quotes are literal."""
    escape: str | None = Field(default=None, pattern=r"^[\x21-\x7e]$")
    """What takes the special meaning from a quote, a delimiter, a line feed or itself behind it,
    such as a backslash; before other characters it is an ordinary one. A doubled quote within
    quotes stands for one all the same."""
    skip_space: bool = False
    """Whether spaces before a field, at a line's beginning or behind a delimiter, are no part of
    it."""
    header: bool | tuple[str, ...] = True
    """Whether each file begins with a line of column names; or the names, if none does. With
    `false` they are `column_1`, `column_2`, and so on."""
    row_names: str | None = Field(default=None, min_length=1)
    """The name of the first column, where the header leaves it out and so has one name less than
    there are fields, as R's `write.table` writes it."""
    repeated_headers: Literal["reject", "ignore", "keep"] = "reject"
    """What a record is that repeats the column names: a reject, no record, or one like others. The
    row counts name those that are ignored as filtered: "repeated header"."""
    trailing_delimiter: Literal["reject", "ignore"] = "reject"
    """What a delimiter behind the last field of a record is, also of a header: one field too many,
    or nothing."""
    short_rows: Literal["reject"] | None = "reject"
    """What becomes of a record with too few fields; with `null`, the missing ones are null."""
    null_values: tuple[str, ...] = ("",)
    """Texts that stand for null, quoted or not. The empty one stands for null if it is not quoted,
    or if the column is not of strings."""
    infer: bool = False
    """Whether columns that nobody typed get a type from a sample across files, when the plan is
    made; without it they are strings."""
    multiline: bool = False
    """Whether quoted fields may hold line feeds. Without it, a record whose quote stays open is
    rejected, and so are the lines behind it until the quote closes, or until a line cannot be
    within quotes, or for 1 MiB. With it files cannot be cut, and one quote too many joins all lines
    up to the next quote into one bad record."""
    skip_rows: int = Field(default=0, ge=0)
    """Lines at each file's beginning, before the header, that are no records."""
    comment: str | None = Field(default=None, min_length=1)
    """What a line begins with that is no record."""

    @model_validator(mode="after")
    def _unambiguous(self) -> Self:
        refuse_signs(self.delimiter, self.quote, self.escape)
        if self.row_names is not None and self.header is not True:
            raise ValueError("row_names: only with header: true. Put the name into header")
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
        return Values(self.columns, self.null_values)

    def splits(self) -> bool:
        """Say whether files may be cut: not where a line feed may stand inside a record."""
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
        return check_header(uri, self._names(uri, preamble.header), layout.facts["header"])

    def filtered(
        self, records: pl.DataFrame, header: Sequence[str], layout: Layout, tally: Tally
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

    def rows(
        self, records: pl.DataFrame, header: Sequence[str], layout: Layout
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Split records into fields and fields into values."""
        schema = self._data_schema(layout)
        names = header or list(schema)
        fine = records["reason"].is_null()
        texts = self.dialect.tidy(records["text"].set(~fine, None), len(names))
        faults = self.dialect.faults(texts, len(names))
        records = records.with_columns(pl.coalesce("reason", faults).alias("reason"))
        sound = records["reason"].is_null()
        good = records.filter(sound)
        fields = self._fields(texts.filter(sound), names)
        if fields.height != good.height:
            raise FatalError(
                f"{good.height} records were split into {fields.height} rows of fields"
            )
        rows, rejects = cast_columns(good, fields, schema, self.values.parser(schema))
        bad = with_column(records.filter(~sound))
        return rows, pl.concat([bad, rejects]).sort("position")

    def clean_values(self, data: bytes, header: Sequence[str], layout: Layout) -> Clean | None:
        """Read the lines of a text that are faultless records."""
        schema = self._data_schema(layout)
        names = header or list(schema)
        heading = (*self._heading(names), *([None] if self.row_names else []))
        if self.header is False or self.repeated_headers == "keep":
            heading = ()
        reader = TableReader(self.dialect, names, schema, self.null_values, heading, self.multiline)
        table = reader.read(data)
        if table is None:
            return None
        values = self.values.filled(as_written(table.fields, self.line_end))
        return Clean(values, schema, self.values.parser(schema), table.doubts, table.ends)

    def _heading(self, names: Sequence[str]) -> Sequence[str]:
        """Return those of the column names that stand in the header."""
        return names if self.row_names is None else names[1:]

    def _fields(self, texts: pl.Series, names: Sequence[str]) -> pl.DataFrame:
        """Return the fields of tidy, faultless records."""
        counts = self.dialect.grammar.count(texts) if self.dialect.short else None
        fields = self.dialect.written(self.dialect.grammar.split(texts, names))
        return self.values.filled(as_written(fields, self.line_end), counts)

    def _data_schema(self, layout: Layout) -> Schema:
        return {name: layout.columns[name] for name in layout.facts["header"]}

    def layout(self, sample: Sequence[Slice], types: Mapping[str, pl.DataType]) -> Layout:
        """Freeze the header and the types of the columns."""
        heads = list(self._heads(sample))
        names = self._planned_names(heads, types)
        declared = {name: declared_type(form) for name, form in self.columns.items()}
        made, keys = self.file_schema(sample, declared, types)
        refuse_clash(made, names)
        refuse_unknown("columns", self.columns, [*names, *keys])
        bare = Layout({}, {"header": names, "folder_keys": keys})
        guessed = self._guessed(heads, bare) if self.infer else {}
        columns, notes = {}, {}
        for name in names:
            columns[name], notes[name] = _typed(name, declared, types, guessed)
            _refuse_nested(name, columns[name])
        for name, dtype in made.items():
            columns[name], notes[name] = dtype, "the file's name and place"
        return Layout(columns, bare.facts, notes)

    def _heads(self, sample: Sequence[Slice]) -> Iterator[tuple[str, Preamble, bytes]]:
        """Yield what `samples` does, if the delimiter is the one that the files say it is."""
        for uri, preamble, body in self.samples(sample):
            try:
                refuse_delimiter(uri, preamble.delimiter, self.delimiter)
            except BadRowError as error:
                raise ConfigError(str(error)) from None
            yield uri, preamble, body

    def _planned_names(
        self, heads: Sequence[tuple[str, Preamble, bytes]], types: Mapping[str, pl.DataType]
    ) -> list[str]:
        """Return the column names, from the first file that holds anything."""
        for uri, preamble, body in heads:
            if isinstance(self.header, tuple):
                break
            if self.header and preamble.header is not None:
                try:
                    names = self._names(uri, preamble.header)
                except BadRowError as error:
                    raise ConfigError(str(error)) from None
                refuse_header(names, uri)
                return names
            first = split_records([Body(0, body)], self.rules(None)).head(1)["text"].to_list()
            if not self.header and first and first[0] is not None:
                return [f"column_{n}" for n in range(1, self.dialect.width(first[0]) + 1)]
        given = self.header if isinstance(self.header, tuple) else list(self.columns or types)
        if not given:
            raise ConfigError(
                f'path: "{self.path}": no sampled file holds anything, so that no columns are '
                "known. Name them: columns: {name: type, …}"
            )
        refuse_header(given, "header")
        return list(given)

    def _names(self, uri: str, line: bytes) -> list[str]:
        """Return the names in a header line.

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

    def _guessed(
        self, heads: Sequence[tuple[str, Preamble, bytes]], layout: Layout
    ) -> dict[str, tuple[pl.DataType, int]]:
        """Guess types from the records of the sample that keep the grammar."""
        names = layout.facts["header"]
        tables = []
        for uri, preamble, body in heads:
            header = self.file_header(uri, preamble, layout) or names
            records = split_records([Body(0, body)], self.rules(layout))
            records = self.filtered(records, header, layout, Tally())
            texts = records.filter(pl.col("reason").is_null())["text"].head(GUESSING_ROWS)
            texts = self.dialect.tidy(texts, len(names))
            whole = texts.filter(self.dialect.faults(texts, len(names)).is_null())
            tables.append(self._fields(whole, header).select(names))
        sample = (
            pl.concat(tables) if tables else pl.DataFrame(schema=dict.fromkeys(names, pl.String))
        )
        return {
            name: (guess_type(self.values.nulled(sample[name], strings=False)), sample.height)
            for name in names
        }


def _typed(
    name: str,
    declared: Mapping[str, pl.DataType],
    types: Mapping[str, pl.DataType],
    guessed: Mapping[str, tuple[pl.DataType, int]],
) -> tuple[pl.DataType, str]:
    """Return a column's type and where it comes from."""
    if name in declared:
        return declared[name], "source.columns"
    if name in types:
        return types[name], "contract"
    if name in guessed:
        dtype, rows = guessed[name]
        return dtype, f"inferred from {rows} rows"
    return pl.String(), "string: nobody typed it"


def _refuse_nested(name: str, dtype: pl.DataType) -> None:
    if dtype.is_nested():
        raise ConfigError(
            f'columns: "{name}": a CSV field cannot be {type_name(dtype)}. Read it as a string and '
            "take it apart in a step"
        )
