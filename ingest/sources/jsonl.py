"""JSON Lines files."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import polars as pl
from pydantic import Field

from ingest.core.errors import ConfigError
from ingest.core.partition import Slice
from ingest.core.texts import parse_texts
from ingest.core.types import Schema, instance, parse_type, type_name
from ingest.sources.base import Layout
from ingest.sources.bodies import Body
from ingest.sources.columns import (
    declared_format,
    declared_type,
    is_nameable,
    refuse_clash,
    refuse_names,
)
from ingest.sources.encodings import UTF8, is_wide, packed_endings
from ingest.sources.file_schema import RecordSchema, schema_remarks
from ingest.sources.json_guess import guess_fields, without_nulls
from ingest.sources.json_judge import load
from ingest.sources.json_reader import JsonReader
from ingest.sources.lines import LineRules, split_records, whole_text
from ingest.sources.rejecting import Clean, Parse, cast_columns, with_column
from ingest.sources.sampling import SAMPLE_FILES, files_of, spread
from ingest.sources.text import TextSource

SAMPLE_ROWS = 10_000
"""How many records of each sampled file the schema is made from."""


class Jsonl(TextSource):
    """JSON Lines: one JSON object a line; nested objects and lists are structs and lists.

    With `columns`, these fields are read and all others ignored, unless `schema` says otherwise.
    Without, the schema is made from a sample across files when the plan is made, and a record with
    a field that is not in it is rejected. A field that is missing is null. Nothing is coerced: `5`
    is not a string, `"5"` and `5.0` are not an int64; but dates, times, timestamps, decimals and
    binary are read from strings, as CSV fields are, and decimals also from numbers of up to 15
    digits. A key that stands twice in an object makes a bad record, and so does half a pair of
    surrogates.
    """

    endings = packed_endings(".jsonl", ".ndjson", ".json")
    memory_per_byte = 6.0

    type: Literal["jsonl"]
    schema_: RecordSchema = Field(default=RecordSchema(), alias="schema")
    """In which fields files may differ from each other, and from `columns`."""

    def rules(self, layout: Layout | None) -> LineRules:  # noqa: ARG002
        """Return how bytes become records."""
        return LineRules(
            encoding=UTF8 if is_wide(self.encoding) else self.encoding,
            max_record_bytes=self.max_record_bytes,
            blank=self.blank_lines,
        )

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
        _refuse_typing_errors(declared, [*seen, *made.keys])
        wanted = declared if only else {**seen, **types, **declared}
        names = [name for name in wanted if name not in made.keys]
        self.schema_.check(records, names, new_too=bool(declared) and new == "fail")
        if not names:
            raise ConfigError(
                f'path: "{self.path}": no sampled file holds a record, so that no columns are '
                "known. Name them: columns: {name: type, …}"
            )
        columns = {name: without_nulls(given.get(name) or seen[name]) for name in names}
        refuse_names(
            "columns",
            columns,
            "Leave it out by naming the others: columns: {name: type, …}, or rename it there",
        )
        _refuse_unreadable(columns)
        rows = sum(map(len, records.values()))
        notes = {name: _note(name, declared, types, seen, rows) for name in names}
        notes |= dict.fromkeys(made.columns, "the file's name and place")
        shape = {
            name: columns.get(name) or without_nulls(seen[name]) for name in {**seen, **columns}
        }
        facts = {
            "closed": new != "ignore",
            **made.facts,
            "example": files[0].uri if files else "",
            "shape": {
                name: type_name(dtype) for name, dtype in shape.items() if is_nameable(dtype)
            },
        }
        return Layout({**columns, **made.columns}, facts, notes, schema_remarks(made.remarks, 0))

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
        values, faulty = self._reader(schema, layout).parse(good["text"])
        wrong = good[faulty["index"]].with_columns(faulty["reason"], faulty["column"])
        kept = good.with_row_index("index").join(faulty, on="index", how="anti").drop("index")
        rows, rejects = cast_columns(kept, values, schema, self._parser(schema))
        return rows, pl.concat([bad, wrong, rejects]).sort("position")

    def clean_values(
        self,
        data: bytes,
        header: Sequence[str],  # noqa: ARG002
        layout: Layout,
    ) -> Clean | None:
        """Read text whose lines are all records as the sample showed them."""
        schema = self.data_schema(layout)
        text = None if self.blank_lines == "skip" else whole_text(data)
        values = None if text is None else self._reader(schema, layout).parse_whole(text, data)
        return None if values is None else Clean(values, schema, self._parser(schema))

    def _reader(self, schema: Schema, layout: Layout) -> JsonReader:
        shape = {name: parse_type(kind) for name, kind in layout.facts["shape"].items()}
        return JsonReader(schema, shape, closed=layout.facts["closed"])

    def _parser(self, schema: Schema) -> Parse:
        def parse(name: str, carried: pl.Series) -> tuple[pl.Series, pl.Series]:
            if carried.dtype == pl.String:
                form = declared_format(self.columns, name)
                return carried, parse_texts(carried, schema[name], form)
            return carried, carried.cast(schema[name])

        return parse

    def _records(self, sample: Sequence[Slice]) -> dict[str, list[dict[str, Any]]]:
        """Return each sampled file's records that are objects, by URI."""
        records: dict[str, list[dict[str, Any]]] = {}
        for uri, _, body in self.samples(sample):
            texts = split_records([Body(0, body)], self.rules(None))["text"].drop_nulls()
            found = records.setdefault(uri, [])
            for text in texts.head(SAMPLE_ROWS):
                try:
                    record = load(text)
                except (ValueError, RecursionError):
                    continue
                if isinstance(record, dict):
                    found.append(record)
        return records


def _note(
    name: str,
    declared: Schema,
    types: Mapping[str, pl.DataType],
    seen: Mapping[str, pl.DataType],
    rows: int,
) -> str:
    """Return where a column's type comes from."""
    absent = "" if name in seen else f"; not in the {rows} records of the sample"
    if name in declared:
        return f"source.columns{absent}"
    if name in types:
        return f"contract{absent}"
    if isinstance(seen[name], pl.Null):
        return f"string: nobody typed it, and it is null in {rows} rows"
    return f"inferred from {rows} rows"


def _refuse_typing_errors(declared: Schema, known: Sequence[str]) -> None:
    """Refuse columns that are not in the sample but are nearly named like one that is.

    Others may be rare fields, and are allowed.
    """
    lines = [
        f'columns: no field "{name}" in the sample. Did you mean "{near[0]}"?'
        for name in declared
        if name not in known and (near := difflib.get_close_matches(name, known, 1, cutoff=0.85))
    ]
    if lines:
        raise ConfigError(*lines)


def _refuse_unreadable(columns: Schema) -> None:
    lines = []
    for name, dtype in columns.items():
        if not is_nameable(dtype):
            lines.append(
                f'columns: "{name}": {type_name(dtype)} has field names that a plan cannot hold. '
                "Leave it out by naming the other columns"
            )
        elif dtype.is_nested() and not all(map(_is_json, _leaves(dtype))):
            lines.append(
                f'columns: "{name}": inside lists and structs there are only numbers, booleans '
                f"and strings, not {type_name(dtype)}. Cast what is inside in a step"
            )
    if lines:
        raise ConfigError(*lines)


def _leaves(dtype: pl.DataType) -> Iterator[pl.DataType]:
    if isinstance(dtype, pl.List):
        yield from _leaves(instance(dtype.inner))
    elif isinstance(dtype, pl.Struct):
        for field in dtype.fields:
            yield from _leaves(instance(field.dtype))
    else:
        yield dtype


def _is_json(dtype: pl.DataType) -> bool:
    return dtype.is_integer() or dtype.is_float() or dtype in {pl.Boolean(), pl.String()}
