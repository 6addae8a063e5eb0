"""CSV files."""

from collections.abc import Mapping, Sequence
from typing import Literal

import polars as pl
from pydantic import Field

from ingest.core.errors import BadRowError, ConfigError, FatalError
from ingest.core.partition import Slice
from ingest.core.texts import parse_texts
from ingest.core.types import Schema, type_name
from ingest.sources.base import Layout
from ingest.sources.bodies import Body
from ingest.sources.columns import declared_format, declared_type, refuse_clash, refuse_unknown
from ingest.sources.csv_grammar import Grammar
from ingest.sources.csv_header import check_header, column_names, refuse_header
from ingest.sources.csv_table import TableReader
from ingest.sources.encodings import UTF8, decode_line, is_wide, packed_endings
from ingest.sources.file_schema import Combined, schema_remarks, together
from ingest.sources.guessing import guess_type
from ingest.sources.identity import while_planning
from ingest.sources.lines import LineRules, split_records
from ingest.sources.ranges import Preamble
from ingest.sources.rejecting import Clean, Parse, cast_columns, with_column
from ingest.sources.sampling import COMPARED_FILES, SAMPLE_FILES, asked, files_of, spread
from ingest.sources.text import TextSource

GUESSING_ROWS = 10_000
"""How many records of each sampled file types are inferred from."""


class Csv(TextSource):
    """Delimited text: one record a line, its fields quoted as in RFC 4180.

    Every record is a row or a reject; what is malformed is said in `csv_grammar`, what a text of a
    type looks like in `core.texts`. Lines end in LF or CRLF. The order of columns may differ from
    file to file; what becomes of other names says `schema`. A file of no bytes holds no records. An
    empty line is a record: a null in files of one column, else a reject (see `blank_lines`).
    """

    endings = packed_endings(".csv", ".tsv", ".txt")

    type: Literal["csv"]
    delimiter: str = Field(default=",", pattern=r"^[\x01-\x09\x0b\x0c\x0e-\x7f]$")
    """What stands between two fields: one ASCII character."""
    quote: str | None = Field(default='"', pattern=r"^[\x21-\x7e]$")
    """What encloses a field that holds delimiters, quotes or line feeds: one ASCII character. With
    `null`, quotes are literal."""
    header: bool | tuple[str, ...] = True
    """Whether each file begins with a line of column names; or the names, if none does. With
    `false` they are `column_1`, `column_2`, and so on."""
    null_values: tuple[str, ...] = ("",)
    """Texts that stand for null, quoted or not. The empty one stands for null if it is not quoted,
    or if the column is not of strings."""
    infer: bool = False
    """Whether columns that nobody typed get a type from a sample across files, when the plan is
    made; without it they are strings."""
    multiline: bool = False
    """Whether quoted fields may hold line feeds. Without it such a record is rejected for its
    "unclosed quote". With it files cannot be cut, and one quote too many joins all lines up to the
    next quote into one bad record."""
    skip_rows: int = Field(default=0, ge=0)
    """Lines at each file's beginning, before the header, that are no records."""
    comment: str | None = Field(default=None, min_length=1)
    """What a line begins with that is no record."""

    @property
    def grammar(self) -> Grammar:
        """Return how records are split into fields."""
        return Grammar(self.delimiter, self.quote)

    def splits(self) -> bool:
        """Say whether files may be cut: not where a line feed may stand inside a record."""
        return not self.multiline and super().splits()

    def rules(self, layout: Layout | None) -> LineRules:
        """Return how bytes become records."""
        single = layout is not None and len(layout.facts["header"]) == 1
        return LineRules(
            encoding=UTF8 if is_wide(self.encoding) else self.encoding,
            max_record_bytes=self.max_record_bytes,
            blank="row" if single and self.blank_lines == "reject" else self.blank_lines,
            comment=self.comment,
            multiline_quote=self.quote if self.multiline else None,
        )

    def find_preamble(self, data: bytes, complete: bool) -> Preamble | None:
        """Find the end of the mark, the skipped lines and the header."""
        marked = super().find_preamble(data, complete)
        place = marked.offset if marked else 0
        lines = skipped = 0
        while marked and (skipped < self.skip_rows or self.header is True):
            end = data.find(b"\n", place)
            if end < 0 and not complete:
                return None
            if place == len(data):
                break
            line = data[place:end] if end >= 0 else data[place:]
            place, lines = end + 1 if end >= 0 else len(data), lines + 1
            if skipped < self.skip_rows:
                skipped += 1
            elif not self._is_skipped(line):
                return Preamble(place, lines, line.rstrip(b"\r"))
        return Preamble(place, lines) if marked else None

    def file_header(self, uri: str, preamble: Preamble, layout: Layout) -> tuple[str, ...]:
        """Return the file's own column names; none if it holds nothing."""
        if self.header is not True:
            return tuple(layout.facts["header"])
        if preamble.header is None:
            return ()
        found = self._names(uri, preamble.header)
        return check_header(uri, found, self.expected(layout, layout.facts["header"]))

    def rows(
        self, records: pl.DataFrame, header: Sequence[str], layout: Layout
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Split records into fields and fields into values."""
        schema = self._present(header, layout)
        names = header or list(schema)
        fine = records["reason"].is_null()
        faults = self.grammar.faults(records["text"].set(~fine, None), len(names))
        records = records.with_columns(pl.coalesce("reason", faults).alias("reason"))
        good = records.filter(pl.col("reason").is_null())
        fields = self.grammar.split(good["text"], names)
        if fields.height != good.height:
            raise FatalError(
                f"{good.height} records were split into {fields.height} rows of fields"
            )
        rows, rejects = cast_columns(good, fields, schema, self._parser(schema))
        bad = with_column(records.filter(pl.col("reason").is_not_null()))
        return rows, pl.concat([bad, rejects]).sort("position")

    def clean_values(self, data: bytes, header: Sequence[str], layout: Layout) -> Clean | None:
        """Read the lines of a text that are faultless records."""
        schema = self._present(header, layout)
        names = header or list(schema)
        carried = {**dict.fromkeys(names, pl.String()), **schema}
        reader = TableReader(self.grammar, names, carried, self.null_values)
        found = reader.read(data)
        return None if found is None else Clean(found[0], schema, self._parser(schema), found[1])

    def _present(self, header: Sequence[str], layout: Layout) -> Schema:
        """Return the columns of the plan that a file has; all, if it does not say."""
        schema = self.data_schema(layout)
        if not header:
            return schema
        return {name: dtype for name, dtype in schema.items() if name in header}

    def layout(self, slices: Sequence[Slice], types: Mapping[str, pl.DataType]) -> Layout:
        """Freeze the header and the types of the columns."""
        files = files_of(slices)
        declared = {name: declared_type(form) for name, form in self.columns.items()}
        found = self._headers(files)
        heads = list(self.samples(_sampled(files, found)))
        names = found.names if found else self._planned_names(heads, types)
        made = self.made_columns(files, declared, types)
        refuse_clash(made.columns, names)
        if found and len(files) > COMPARED_FILES and self.schema_.new_columns == "add":
            found.expect(name for name in declared if name not in made.keys)
        refuse_unknown("columns", self.columns, [*names, *made.keys])
        facts = {"header": names, **(found.facts if found else {}), **made.facts}
        bare = Layout(dict.fromkeys(names, pl.String()), facts)
        guessed = self._guessed(heads, bare) if self.infer else {}
        columns, notes = {}, {}
        for name in names:
            columns[name], notes[name] = _typed(name, declared, types, guessed)
            _refuse_nested(name, columns[name])
        for name, dtype in made.columns.items():
            columns[name], notes[name] = dtype, "the file's name and place"
        remarks = (*(found.remarks() if found else ()), *made.remarks)
        return Layout(columns, facts, notes, schema_remarks(remarks, len(files)))

    def _headers(self, files: Sequence[Slice]) -> Combined | None:
        """Return the columns of all files together; None if no file says its own.

        Raises:
            ConfigError: a header cannot be read or used, or the headers do not go together.
        """
        if self.header is not True:
            return None
        known: dict[bytes, list[str]] = {}
        headers: dict[str, list[str]] = {}
        compared = spread(files, COMPARED_FILES)
        try:
            for piece, preamble in zip(compared, asked(compared, self._files().head), strict=True):
                line = preamble.header
                if line is None:
                    continue
                if line not in known:
                    known[line] = self._names(piece.uri, line)
                    refuse_header(known[line], piece.uri)
                headers[piece.uri] = known[line]
        except (BadRowError, FatalError) as error:
            raise while_planning(error) from None
        return together(headers, self.schema_) if headers else None

    def _planned_names(
        self, heads: Sequence[tuple[str, Preamble, bytes]], types: Mapping[str, pl.DataType]
    ) -> list[str]:
        """Return the column names where no header says them."""
        for _, _, body in heads:
            if self.header:
                break
            first = split_records([Body(0, body)], self.rules(None)).head(1)["text"].to_list()
            if first and first[0] is not None:
                return [f"column_{n}" for n in range(1, self.grammar.width(first[0]) + 1)]
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
        fields = f"not {encoding}" if text is None else self.grammar.split_one(text)
        if isinstance(fields, str):
            raise BadRowError(
                f"{uri}: header: {fields}. Fix the file, or set encoding, quote or skip_rows"
            )
        return column_names(fields)

    def _is_skipped(self, line: bytes) -> bool:
        comment = self.comment is not None and line.startswith(self.comment.encode())
        return comment or (self.blank_lines == "skip" and not line.rstrip(b"\r"))

    def _guessed(
        self, heads: Sequence[tuple[str, Preamble, bytes]], layout: Layout
    ) -> dict[str, tuple[pl.DataType, int]]:
        """Guess types from the records of the sample that keep the grammar."""
        names = layout.facts["header"]
        tables = []
        for uri, preamble, body in heads:
            header = self.file_header(uri, preamble, layout) or names
            texts = (
                split_records([Body(0, body)], self.rules(layout))
                .filter(pl.col("reason").is_null())["text"]
                .head(GUESSING_ROWS)
            )
            whole = texts.filter(self.grammar.faults(texts, len(header)).is_null())
            table = self.grammar.split(whole, header)
            absent = [pl.lit(None, pl.String).alias(name) for name in names if name not in table]
            tables.append(table.with_columns(absent).select(names))
        sample = (
            pl.concat(tables) if tables else pl.DataFrame(schema=dict.fromkeys(names, pl.String))
        )
        return {
            name: (guess_type(self._nulled(sample[name], strings=False)), sample.height)
            for name in names
        }

    def _nulled(self, texts: pl.Series, *, strings: bool) -> pl.Series:
        """Return texts with those that stand for null taken out."""
        if "" not in self.null_values:
            texts = texts.fill_null("")
        elif not strings and (empty := texts.str.len_bytes() == 0).any():
            texts = texts.set(empty, None)
        tokens = [text for text in self.null_values if text]
        return texts.set(texts.is_in(tokens), None) if tokens else texts

    def _parser(self, schema: Schema) -> Parse:
        def parse(name: str, texts: pl.Series) -> tuple[pl.Series, pl.Series]:
            if texts.dtype != pl.String:
                return texts, texts
            kept = self._nulled(texts, strings=schema[name] == pl.String)
            return kept, parse_texts(kept, schema[name], declared_format(self.columns, name))

        return parse


def _sampled(files: Sequence[Slice], found: Combined | None) -> list[Slice]:
    """Return the files whose first records are looked at: a few, and who has brought a column."""
    bringing = {uris[0] for uris in found.added.values()} if found else set()
    sample = spread(files, SAMPLE_FILES)
    return [*sample, *(p for p in files if p.uri in bringing and p not in sample)]


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
