"""Add columns from a small table."""

from typing import ClassVar, Literal

import polars as pl
from pydantic import Field, field_validator

from ingest.core.errors import ConfigError
from ingest.core.model import Model
from ingest.core.rows import visible
from ingest.core.types import Schema, parse_type, type_name
from ingest.transforms.base import StepContext, Transform
from ingest.transforms.columns import need, need_free
from ingest.transforms.reference import Kind, digest, kind_of, read


class Reference(Model):
    """A small table in one file."""

    path: str
    """Where it is: a path, or a URI that fsspec knows."""
    type: Kind | None = None
    """The format: `csv`, `parquet` or `jsonl`. Without it: what the name ends in."""
    columns: dict[str, str] = Field(default_factory=dict)
    """The types of columns: `{altitude: int32}`. Columns of a CSV file that are not listed are
    strings; elsewhere they are what the file says."""

    @field_validator("columns")
    @classmethod
    def _known(cls, columns: dict[str, str]) -> dict[str, str]:
        for name in columns.values():
            parse_type(name)
        return columns


class Lookup(Transform):
    """Add columns from a small table, by a key that is unique there.

    A row finds one partner or none, so that rows are never multiplied. Null finds none. The table
    is read once in each worker, and must not change while a run is going on.
    """

    drops: ClassVar[str] = "unmatched"

    type: Literal["lookup"]
    reference: Reference
    """The table to look into."""
    key: str | tuple[str, ...] | dict[str, str] = Field(min_length=1)
    """The key: a column of both sides, several of them, or column here and column there
    (`{dest: faa}`). Types must be the same on both sides."""
    columns: tuple[str, ...] | dict[str, str] | None = Field(default=None, min_length=1)
    """What to take from the table: columns, or columns and the names they get here. Without it: all
    but the key."""
    how: Literal["left", "inner"] = "left"
    """What becomes of a row without a partner: it is kept, with nulls, or dropped (counted as
    unmatched)."""

    def prepare(self, context: StepContext) -> None:
        """Read the table and check that its key is unique."""
        self._table()

    def apply(self, frame: pl.LazyFrame, context: StepContext) -> pl.LazyFrame:
        """Return the frame with the columns of the table at its end."""
        schema = frame.collect_schema()
        table = self._table()
        keys = self._keys()
        need(schema, keys, "key")
        for here, there in keys.items():
            if schema[here] != table.schema[there]:
                raise ConfigError(_unlike(here, schema[here], there, table.schema[there]))
        taken = self._taken(table)
        need_free(visible(schema), taken.values(), "columns")
        partners = table.lazy().select(
            *(pl.col(there).alias(here) for here, there in keys.items()),
            *(pl.col(name).alias(new) for name, new in taken.items()),
        )
        return frame.join(partners, on=list(keys), how=self.how, maintain_order="left")

    def fingerprint(self, context: StepContext) -> str:
        """Return the digest of the table's file."""
        return digest(self.reference.path)

    def writes(self) -> frozenset[str]:
        """Return the new columns, as far as they are named."""
        if isinstance(self.columns, dict):
            return frozenset(self.columns.values())
        return frozenset(self.columns or ())

    def _keys(self) -> dict[str, str]:
        """Return the key columns: here and there."""
        if isinstance(self.key, dict):
            return self.key
        names = (self.key,) if isinstance(self.key, str) else self.key
        return {name: name for name in names}

    def _taken(self, table: pl.DataFrame) -> dict[str, str]:
        """Return the columns to take, and their names here."""
        if self.columns is None:
            keys = self._keys().values()
            return {name: name for name in table.columns if name not in keys}
        taken = self.columns
        if not isinstance(taken, dict):
            taken = {name: name for name in taken}
        need(table.schema, taken, "columns")
        return taken

    def _table(self) -> pl.DataFrame:
        reference = self.reference
        kind = reference.type or kind_of(reference.path)
        types: Schema = {name: parse_type(text) for name, text in reference.columns.items()}
        return read(reference.path, kind, types, tuple(self._keys().values()))


def _unlike(here: str, left: pl.DataType, there: str, right: pl.DataType) -> str:
    return (
        f'key: "{here}" is {type_name(left)} here, and "{there}" is {type_name(right)} in the '
        f"reference. Types must be the same: write reference.columns: {{{there}: "
        f'"{type_name(left)}"}}, or cast "{here}" first.'
    )
