"""JSON Lines."""

import io
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal

import polars as pl
import pyarrow as pa

from ingest.core.errors import ConfigError, JobError
from ingest.core.types import type_name
from ingest.sinks.text import TextSink

if TYPE_CHECKING:
    from polars._typing import PolarsDataType


class Jsonl(TextSink):
    """A directory of JSON Lines files in UTF-8: one object per row, with nested columns.

    Nulls are written as `null`, dates, times and timestamps as ISO 8601 text, decimals as text
    with all their digits.
    """

    type: Literal["jsonl"]

    @property
    def extension(self) -> str:
        """What the files' names end in before any compression."""
        return "jsonl"

    def check_schema(self, schema: Mapping[str, pl.DataType]) -> None:
        """Refuse types that JSON cannot hold."""
        super().check_schema(schema)
        lines = [
            f'type: column "{name}" is {type_name(kind)}, but JSON cannot store '
            f"{type_name(inner)}. Convert it to text in a step, or use parquet"
            for name, kind in schema.items()
            for inner in _leaves(kind)
            if isinstance(inner, pl.Binary | pl.Duration | pl.Object)
        ]
        if lines:
            raise ConfigError(*lines)

    def encode(self, rows: pl.DataFrame, *, first: bool) -> bytes:  # noqa: ARG002 - every line is alike
        """Return rows as lines of JSON.

        Raises:
            JobError: a number is not finite. Polars would write it as null, in silence.
        """
        for name in rows.columns:
            if not all(_finite(part) for part in _parts(rows[name])):
                raise JobError(
                    f'sink.type: column "{name}" contains NaN or infinity, which JSON cannot '
                    "store. Replace them in a step, or use parquet"
                )
        buffer = io.BytesIO()
        rows.write_ndjson(buffer)
        return buffer.getvalue()

    def count_rows(self, file: pa.NativeFile) -> int:
        """Count the lines: a line break within a value is escaped."""
        return sum(block.count(b"\n") for block in self.blocks(file))


def _finite(values: pl.Series) -> bool:
    return not values.dtype.is_float() or bool(values.is_finite().all())


def _parts(values: pl.Series) -> Iterator[pl.Series]:
    """Return the columns that a nested column is made of."""
    if isinstance(values.dtype, pl.Struct):
        for field in values.dtype.fields:
            yield from _parts(values.struct.field(field.name))
    elif isinstance(values.dtype, pl.List | pl.Array):
        yield from _parts(values.explode())
    else:
        yield values


def _leaves(kind: pl.DataType) -> Iterator[pl.DataType]:
    if isinstance(kind, pl.Struct):
        for field in kind.fields:
            yield from _leaves(_instance(field.dtype))
    elif isinstance(kind, pl.List | pl.Array):
        yield from _leaves(_instance(kind.inner))
    else:
        yield kind


def _instance(kind: "PolarsDataType") -> pl.DataType:
    return kind if isinstance(kind, pl.DataType) else kind()
