"""Fields to values: what stands for null, and what a text of a type looks like."""

from collections.abc import Sequence

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.core.types import Schema
from ingest.core.values.numerals import Numerals
from ingest.core.values.texts import parse_texts
from ingest.sources.columns.options import Columns, declared_format, declared_nulls
from ingest.sources.text.rejecting import Parse


@dataclass(frozen=True, slots=True)
class Values:
    """Makes values of fields by the source's `columns` and `null_values`.

    `numerals` says how numbers are written in columns that say nothing of it; None if plainly.
    """

    columns: Columns
    null_values: Sequence[str]
    numerals: Numerals | None = None

    def carried(self, schema: Schema) -> Schema:
        """Return the types to read columns as: what is not written plainly is read as text.

        All are, if not the same texts are null in each: Polars' reader has one list for a table.
        """
        if any(declared_nulls(self.columns, name) is not None for name in schema):
            return dict.fromkeys(schema, pl.String())
        return {
            name: pl.String()
            if declared_format(self.columns, name, self.numerals) is not None
            else dtype
            for name, dtype in schema.items()
        }

    def filled(self, fields: pl.DataFrame, counts: pl.Series | None = None) -> pl.DataFrame:
        """Return fields with the empty ones as texts, if these do not stand for null.

        `counts` says how many fields each record has, if that differs; the missing ones are null.
        """
        if "" in self.null_values:
            return fields
        texts = [name for name, dtype in fields.schema.items() if dtype == pl.String]
        if counts is None:
            return fields.with_columns(pl.col(texts).fill_null(""))
        there = {name: counts > place for place, name in enumerate(fields.columns)}
        return fields.with_columns(
            pl.when(there[name])
            .then(pl.col(name).fill_null(""))
            .otherwise(pl.col(name))
            .alias(name)
            for name in texts
        )

    def parser(self, schema: Schema) -> Parse:
        """Return what turns columns of fields into columns of values."""

        def parse(name: str, texts: pl.Series) -> tuple[pl.Series, pl.Series]:
            if texts.dtype != pl.String:
                return texts, texts
            kind, form = schema[name], declared_format(self.columns, name, self.numerals)
            if kind == pl.Date and form is None and not self._tokens(name):
                values = parse_texts(texts, kind)
                fine = values.null_count() == texts.null_count()  # so that none is empty
                return texts if fine else self.nulled(texts, name, strings=False), values
            kept = self.nulled(texts, name, strings=kind == pl.String)
            return kept, parse_texts(kept, kind, form)

        return parse

    def nulled(self, texts: pl.Series, name: str = "", *, strings: bool) -> pl.Series:
        """Return texts without those that stand for null, in the column of that name if any."""
        if "" in self.null_values and not strings and (empty := texts == "").any():
            texts = texts.set(empty, None)
        tokens = self._tokens(name)
        return texts.set(texts.is_in(tokens), None) if tokens else texts

    def _tokens(self, name: str) -> list[str]:
        """Return the texts that stand for null in a column, but for the empty one."""
        own = declared_nulls(self.columns, name)
        return [text for text in (self.null_values if own is None else own) if text]
