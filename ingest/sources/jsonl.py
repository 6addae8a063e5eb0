"""JSON Lines files."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal

import polars as pl
from pydantic import Field

from ingest.core.errors import ConfigError
from ingest.core.partition import Slice
from ingest.core.types import Schema, parse_type, type_name
from ingest.core.values.numerals import Numerals
from ingest.core.values.texts import parse_texts
from ingest.formats.jsonl import JsonlFormat
from ingest.sources.base import Layout
from ingest.sources.columns.options import (
    declared_format,
    declared_type,
    fault_of_name,
    is_nameable,
    refuse_clash,
    refuse_names,
)
from ingest.sources.files.opening import open_input, read_plain_head
from ingest.sources.files.sampling import SAMPLE_FILES, files_of, spread
from ingest.sources.files.schema import RecordSchema, schema_remarks
from ingest.sources.json.guess import as_read, guess_fields, without_nulls
from ingest.sources.json.reader import JsonReader, emptied
from ingest.sources.json.redaction import redacted
from ingest.sources.json.refusing import refuse_typing_errors, refuse_unreadable
from ingest.sources.json.sample import ARRAY, is_json, not_json, objects
from ingest.sources.text.bodies import Body
from ingest.sources.text.decoding import whole_text
from ingest.sources.text.line_rules import LineTally
from ingest.sources.text.lines import split_records
from ingest.sources.text.rejecting import Clean, Parse, cast_columns, with_column
from ingest.sources.text.source import TextSource
from ingest.sources.text.typing import NO_TYPE

SAMPLE_ROWS = 10_000
"""How many records of each sampled file the schema is made from."""
UNEVEN = "records are unlike each other"
"""What a tally is told when counting proves nothing of too many records."""
HEAD_BYTES = 256
"""How much of a file is looked at to see what it begins with."""


class Jsonl(TextSource):
    """JSON Lines: one JSON object per line. Nested objects become structs, arrays become lists.

    With `columns`, only these fields are read, unless `schema` says otherwise. Without
    `columns`, the schema comes from a sample of all files when the plan is made, and a record with
    another field is rejected. A missing field is null. Nothing is coerced: `5` is not a string, and
    `"5"` and `5.0` are not an int64. Dates, times, timestamps, decimals and binary are read from
    strings, as in CSV; decimals also from numbers of up to 15 digits. A column with its own
    `decimal_separator`, `percent` or similar option is read from strings only. If the source sets
    such an option, it applies to decimals and to columns that have strings in the sample. An object
    without fields is a struct of nulls; if the sample has no other objects there, the column is a
    string and the value is null. A record is rejected if a field that is read occurs twice or
    contains half a surrogate pair. Fields that are not read may contain anything that JSON allows.
    Lists and objects may be nested 32 levels deep.
    """

    format = JsonlFormat
    memory_per_byte = 6.0

    type: Literal["jsonl"]
    schema_: RecordSchema = Field(default=RecordSchema(), alias="schema")
    """In which fields files may differ from each other, and from `columns`."""

    def layout(self, slices: Sequence[Slice], types: Mapping[str, pl.DataType]) -> Layout:
        """Freeze the schema."""
        files = files_of(slices)
        sample = spread(files, SAMPLE_FILES)
        records = self._records(sample)
        declared = {name: declared_type(form) for name, form in self.columns.items()}
        made = self.made_columns(files, declared, types)
        given = {**types, **declared}
        untyped = (
            {name: None if name in given else value for name, value in record.items()}
            for each in records.values()
            for record in each
        )
        new = self.schema_.for_new(named=bool(declared))
        only = bool(declared) and new != "add"
        seen = guess_fields(untyped, declared if only else None)
        refuse_clash(made.columns, seen)
        refuse_typing_errors(declared, [*seen, *made.keys])
        wanted = declared if only else {**seen, **types, **declared}
        names = [name for name in wanted if name not in made.keys]
        self.schema_.check(records, names, new_too=bool(declared) and new == "fail")
        if not names:
            raise ConfigError(self._empty(sample, sum(map(len, records.values()))))
        refuse_names(
            "columns",
            names,
            "Leave it out by naming the others: columns: {name: type, …}, or rename it there",
        )
        columns = {name: without_nulls(given.get(name) or seen[name]) for name in names}
        refuse_unreadable(columns)
        rows = sum(map(len, records.values()))
        notes = {name: _note(name, declared, types, seen, rows) for name in names}
        notes |= dict.fromkeys(made.columns, "the file's name and place")
        shape = {
            name: as_read(given.get(name) or seen[name])
            for name in {**seen, **columns}
            if name in columns or not fault_of_name(name)
        }
        facts = {
            "closed": new != "ignore",
            **made.facts,
            "example": files[0].uri if files else "",
            "written": self._written(columns, itertools.chain(*records.values())),
            "shape": {
                name: type_name(dtype) for name, dtype in shape.items() if is_nameable(dtype)
            },
        }
        return Layout({**columns, **made.columns}, facts, notes, schema_remarks(made.remarks, 0))

    def known(self, piece: Slice, layout: Layout) -> dict[str, Any]:  # noqa: ARG002
        """Return the types that the plan gave to fields that nobody declared."""
        if self.columns:
            return {}
        schema = self.data_schema(layout)
        return {"columns": {name: type_name(dtype) for name, dtype in schema.items()}}

    def redacted(
        self,
        piece: Slice,  # noqa: ARG002
        layout: Layout,  # noqa: ARG002
        originals: pl.Series,
        shown: frozenset[str],
    ) -> pl.Series:
        """Return records with `***` in all fields but the `shown`."""
        return redacted(originals, shown)

    def rows(
        self,
        records: pl.DataFrame,
        header: Sequence[str],  # noqa: ARG002
        layout: Layout,
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Judge and parse records."""
        schema = self.data_schema(layout)
        bad = with_column(records.filter(pl.col("reason").is_not_null()))
        good = records.filter(pl.col("reason").is_null())
        shape = self._shape(layout)
        values, faulty = self._reader(schema, shape, layout).parse(good["text"])
        wrong = good[faulty["index"]].with_columns(faulty["reason"], faulty["column"])
        kept = good.with_row_index("index").join(faulty, on="index", how="anti").drop("index")
        rows, rejects = cast_columns(kept, values, schema, self._parser(schema, shape))
        return rows, pl.concat([bad, wrong, rejects]).sort("position")

    def clean_values(
        self,
        data: bytes,
        header: Sequence[str],  # noqa: ARG002
        layout: Layout,
        tally: LineTally,
    ) -> Clean | None:
        """Read text whose lines are all records as the sample showed them."""
        schema, shape = self.data_schema(layout), self._shape(layout)
        reader, parser = self._reader(schema, shape, layout), self._parser(schema, shape)
        if data and UNEVEN not in tally.spoilt:
            with suppress(pl.exceptions.PolarsError):
                if (counted := reader.count_whole(data, tally.spoilt)) is not None:
                    return Clean(counted[0], schema, parser, counted[1])
                tally.spoilt.add(UNEVEN)
        text = whole_text(data)
        values = None if text is None else reader.parse_whole(text, data)
        return None if values is None else Clean(values, schema, parser)

    def _written(self, columns: Schema, records: Iterable[dict[str, Any]]) -> list[str]:
        """Return the columns of numbers that are written in strings, in a notation of their own."""
        written, records = [], list(records)
        for name, dtype in columns.items():
            own = isinstance(declared_format(self.columns, name), Numerals)
            form = declared_format(self.columns, name, self.numerals)
            if isinstance(form, Numerals) and dtype.is_numeric():
                strings = (isinstance(record.get(name), str) for record in records)
                if own or dtype.is_decimal() or any(strings):
                    written.append(name)
        return written

    def _shape(self, layout: Layout) -> Schema:
        """Return what records look like: their fields, and the types that these are held to."""
        shape = {name: parse_type(kind) for name, kind in layout.facts["shape"].items()}
        return {**shape, **dict.fromkeys(layout.facts.get("written", ()), pl.String())}

    def _reader(self, schema: Schema, shape: Schema, layout: Layout) -> JsonReader:
        held = {name: shape[name] for name in schema}
        return JsonReader(held, shape, closed=layout.facts["closed"])

    def _parser(self, schema: Schema, shape: Schema) -> Parse:
        def parse(name: str, carried: pl.Series) -> tuple[pl.Series, pl.Series]:
            carried = emptied(carried, shape[name])
            if carried.dtype == pl.String:
                form = declared_format(self.columns, name, self.numerals)
                return carried, parse_texts(carried, schema[name], form)
            return carried, carried.cast(schema[name])

        return parse

    def _records(self, sample: Sequence[Slice]) -> dict[str, list[dict[str, Any]]]:
        """Return each sampled file's records that are objects, by URI."""
        records: dict[str, list[dict[str, Any]]] = {}
        first: dict[str, str] = {}
        for uri, _, body in self.samples(sample):
            texts = split_records([Body(0, body)], self.rules(None))["text"].drop_nulls()
            records.setdefault(uri, []).extend(objects(uri, texts.head(SAMPLE_ROWS)))
            if len(texts) and not any(map(is_json, texts.head(SAMPLE_ROWS))):
                first[uri] = texts[0]
        if first and len(first) == len(records):
            raise ConfigError(f'path: "{next(iter(first))}": {not_json(*first.values())}')
        return records

    def _empty(self, sample: Sequence[Slice], records: int) -> str:
        """Say why no columns are known."""
        ask = "Name them: columns: {name: type, …}"
        if records:
            return (
                f'path: "{self.path}": the {records} sampled records have no fields, so the '
                f"columns are unknown. {ask}"
            )
        for piece in sample:
            with open_input(piece, self.connection) as file:
                head = read_plain_head(file, piece, HEAD_BYTES)[:HEAD_BYTES]
            if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
                return f'path: "{piece.uri}": {ARRAY}'
        return (
            f'path: "{self.path}": the sampled files have no records, so the columns are '
            f"unknown. {ask}"
        )


def _note(
    name: str,
    declared: Schema,
    types: Mapping[str, pl.DataType],
    seen: Mapping[str, pl.DataType],
    rows: int,
) -> str:
    """Return where a column's type comes from."""
    absent = f"; not in the {rows} sampled records" if rows else "; the sample has no records"
    absent = "" if name in seen else absent
    if name in declared:
        return f"source.columns{absent}"
    if name in types:
        return f"contract{absent}"
    if isinstance(seen[name], pl.Null):
        return f"{NO_TYPE}, and it is null in {rows} rows"
    if isinstance(as_read(seen[name]), pl.Null):
        return f"{NO_TYPE}, and it is null or {{}}, read as null, in {rows} rows"
    return f"inferred from {rows} rows"
