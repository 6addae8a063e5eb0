"""Text files whose fields stand at fixed places."""

from collections.abc import Collection, Container, Mapping, Sequence
from typing import Any, Literal, Self

import polars as pl
from pydantic import Field, model_validator

from ingest.core.partition import Slice
from ingest.core.types import Schema, type_name
from ingest.formats.fixed_width import FixedWidthFormat
from ingest.sources.base import Layout
from ingest.sources.columns.options import (
    ColumnForm,
    TypeName,
    declared_type,
    refuse_clash,
    refuse_names,
)
from ingest.sources.delimited.preamble import Beginning
from ingest.sources.delimited.values import Values
from ingest.sources.files.sampling import SAMPLE_FILES, files_of, spread
from ingest.sources.files.schema import schema_remarks
from ingest.sources.text.line_ends import as_written
from ingest.sources.text.ranges import Preamble
from ingest.sources.text.rejecting import cast_columns, with_column
from ingest.sources.text.source import TextSource
from ingest.sources.text.typing import typed

SHORT = "line too short"
LONG = "text behind the last column"


class FieldPlace(ColumnForm):
    """A column's type, the format of its text, and its position in the line."""

    type: TypeName = "string"
    """The name of the type, such as `int64`, `date` or `decimal(10,2)`. Default: the contract's
    type, or a string."""
    width: int = Field(ge=1)
    """The width of the column, in characters."""
    start: int | None = Field(default=None, ge=1)
    """The position of the column's first character in the line, from 1. Default: directly after the
    previous column."""


class FixedWidth(TextSource):
    """Text with one record per line and each field at a fixed position, as mainframes write it.

    `core.texts` below defines how text becomes a value. Characters that belong to no column are
    ignored; after the last column only spaces are allowed. Positions count characters, not
    bytes.
    """

    format = FixedWidthFormat
    about_files = TextSource.about_files | {"skip_rows"}

    type: Literal["fixed_width"]
    columns: Mapping[str, FieldPlace] = Field(min_length=1)
    """The columns in output order, such as
    `{id: {width: 6, type: int64}, name: {start: 9, width: 20}}`."""
    trim: Literal["both", "left", "right", "none"] = "both"
    """At which ends of a field to remove spaces."""
    short_rows: Literal["reject"] | None = "reject"
    """What to do with a line that ends before its last column: `reject` it, or set the missing
    columns to null (`null`). A column that the line ends in keeps what is there."""
    null_values: tuple[str, ...] = ("",)
    """Texts that are read as null, after spaces are trimmed. The empty text matches fields of
    spaces only."""
    skip_rows: int = Field(default=0, ge=0)
    """Number of lines to skip at the beginning of each file."""

    @model_validator(mode="after")
    def _placeable(self) -> Self:
        refuse_names("columns", self.columns, "Give the column another name")
        return self

    def find_preamble(self, data: bytes, complete: bool) -> Preamble | None:
        """Find the end of the mark and the skipped lines."""
        marked = super().find_preamble(data, complete)
        if marked is None:
            return None
        beginning = Beginning(self.skip_rows, header=False, rules=self.rules(None))
        return beginning.find(data, marked.offset, complete=complete)

    def known(self, piece: Slice, layout: Layout) -> dict[str, Any]:  # noqa: ARG002
        """Return the types of the columns, those that the plan has given them too."""
        columns = self.model_dump(mode="json", exclude_defaults=True)["columns"]
        typed = {
            name: {**columns[name], "type": type_name(layout.columns[name])} for name in columns
        }
        return {"columns": typed}

    def layout(self, slices: Sequence[Slice], types: Mapping[str, pl.DataType]) -> Layout:
        """Freeze the types of the columns; a sample is read only to see that it can be."""
        files = files_of(slices)
        for _ in self.samples(spread(files, SAMPLE_FILES)):
            pass
        declared = {
            name: declared_type(form) for name, form in self.columns.items() if _typed(form)
        }
        made = self.made_columns(files, declared, types)
        refuse_clash(made.columns, self.columns)
        columns, notes = {}, {}
        for name in self.columns:
            columns[name], notes[name] = typed(name, declared, types, {}, field="a field")
        notes |= dict.fromkeys(made.columns, "the file's name and place")
        remarks = schema_remarks(made.remarks, len(files))
        return Layout({**columns, **made.columns}, made.facts, notes, remarks)

    def overlapping(self, names: Collection[str]) -> frozenset[str]:
        """Return the columns that share a character with one of these."""
        places = {
            name: range(start, start + width) for name, (start, width) in self._places().items()
        }
        taken = [places[name] for name in names if name in places]
        return frozenset(
            name
            for name, place in places.items()
            if any(place.start < other.stop and other.start < place.stop for other in taken)
        )

    def redacted(
        self,
        piece: Slice,  # noqa: ARG002
        layout: Layout,  # noqa: ARG002
        originals: pl.Series,
        shown: frozenset[str],
    ) -> pl.Series:
        """Return lines with a `*` for each sign that is in none of the `shown` columns."""
        kept = {
            place
            for name, (start, width) in self._places().items()
            if name in shown
            for place in range(start, start + width)
        }
        texts = (text if text is None else _covered(text, kept) for text in originals)
        return pl.Series(texts, dtype=pl.String)

    def rows(
        self,
        records: pl.DataFrame,
        header: Sequence[str],  # noqa: ARG002 - there is none
        layout: Layout,
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Cut records into fields and make values of fields."""
        schema: Schema = {name: layout.columns[name] for name in self.columns}
        fine = records["reason"].is_null()
        faults = self._faults(records["text"].set(~fine, None))
        records = records.with_columns(pl.coalesce("reason", faults).alias("reason"))
        sound = records["reason"].is_null()
        good = records.filter(sound)
        fields = as_written(self._fields(good["text"]), self.line_end)
        values = Values(self.columns, self.null_values, self.numerals)
        rows, rejects = cast_columns(good, fields, schema, values.parser(schema))
        return rows, pl.concat([with_column(records.filter(~sound)), rejects]).sort("position")

    def _faults(self, texts: pl.Series) -> pl.Series:
        """Return what is wrong with lines as a whole, if anything."""
        end = max(start + width for start, width in self._places().values())
        lengths = texts.str.len_chars()
        more = texts.str.slice(end).str.strip_chars(" ") != ""
        short = (lengths < end) if self.short_rows == "reject" else pl.lit(value=False)
        return pl.select(
            pl.when(short).then(pl.lit(SHORT)).when(more).then(pl.lit(LONG))
        ).to_series()

    def _fields(self, texts: pl.Series) -> pl.DataFrame:
        """Return the fields of lines, without spaces at their ends; null where there are none."""
        lengths = texts.str.len_chars()
        fields = {}
        for name, (start, width) in self._places().items():
            field = self._trimmed(texts.str.slice(start, width))
            absent = lengths <= start
            if "" in self.null_values:
                absent |= field.str.strip_chars(" ") == ""
            fields[name] = field.set(absent, None)
        return pl.DataFrame(fields)

    def _trimmed(self, field: pl.Series) -> pl.Series:
        if self.trim in {"both", "left"}:
            field = field.str.strip_chars_start(" ")
        return field.str.strip_chars_end(" ") if self.trim in {"both", "right"} else field

    def _places(self) -> dict[str, tuple[int, int]]:
        """Return each column's first character, from 0, and its width."""
        places, end = {}, 0
        for name, form in self.columns.items():
            start = end if form.start is None else form.start - 1
            places[name] = start, form.width
            end = start + form.width
        return places


def _covered(line: str, kept: Container[int]) -> str:
    """Return a line with a `*` for each sign but spaces, and those at the places that are kept."""
    return "".join(sign if place in kept or sign == " " else "*" for place, sign in enumerate(line))


def _typed(form: FieldPlace) -> bool:
    """Say whether a type was written down."""
    return "type" in form.model_fields_set
