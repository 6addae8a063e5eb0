"""Turn the fields of structs into columns."""

from collections.abc import Iterable, Mapping
from typing import Literal

import polars as pl
from pydantic import Field

from ingest.core.types import instance
from ingest.transforms.base import StepContext, Transform
from ingest.transforms.columns import need_free, need_kind


class Flatten(Transform):
    """Turn the fields of structs into columns, in the place of the struct.

    The fields of a null struct are null.
    """

    type: Literal["flatten"]
    columns: tuple[str, ...] = Field(min_length=1)
    """The struct columns to flatten."""
    prefix: str | None = None
    """The prefix of the new columns' names, before the separator; an empty text leaves out both.
    Default: the struct's own name."""
    separator: str = "_"
    """The text between prefix and field name: `address_city`."""
    recursive: bool = False
    """Whether to flatten structs inside the structs as well."""

    def apply(self, frame: pl.LazyFrame, context: StepContext) -> pl.LazyFrame:
        """Return the frame with fields as columns; clashing names are refused."""
        schema = frame.collect_schema()
        need_kind(
            schema, self.columns, "columns", "a struct", lambda kind: isinstance(kind, pl.Struct)
        )
        parts = [part for name, dtype in schema.items() for part in self._parts(name, dtype)]
        need_free((), [part.meta.output_name() for part in self._new(parts)], "columns")
        return frame.select(parts)

    def touches(self, given: Mapping[str, pl.DataType]) -> frozenset[str]:
        """Return the structs."""
        return frozenset(self.columns)

    def origins(
        self, given: Mapping[str, pl.DataType], made: Iterable[str]
    ) -> dict[str, frozenset[str]]:
        """Return for each field the struct that it was in."""
        return {
            part.meta.output_name(): frozenset([name])
            for name, dtype in given.items()
            for part in self._parts(name, dtype)
        }

    def _parts(self, name: str, dtype: pl.DataType) -> list[pl.Expr]:
        """Return what becomes of a column: itself, or its fields."""
        if name not in self.columns:
            return [pl.col(name)]
        return self._fields(pl.col(name), dtype, name if self.prefix is None else self.prefix)

    def _fields(self, values: pl.Expr, dtype: pl.DataType, prefix: str) -> list[pl.Expr]:
        assert isinstance(dtype, pl.Struct)
        found = []
        for field in dtype.fields:
            name = f"{prefix}{self.separator}{field.name}" if prefix else field.name
            value, kind = values.struct.field(field.name), instance(field.dtype)
            if self.recursive and isinstance(kind, pl.Struct):
                found += self._fields(value, kind, name)
            else:
                found.append(value.alias(name))
        return found

    @staticmethod
    def _new(parts: list[pl.Expr]) -> list[pl.Expr]:
        return [part for part in parts if not part.meta.output_name().startswith("__ingest_")]
