"""JSON Lines."""

import io
from collections.abc import Iterator, Mapping
from typing import BinaryIO, ClassVar, Literal

import polars as pl
import pyarrow as pa

from ingest.core.errors import BadRowError, JobError
from ingest.core.types import instance, type_name
from ingest.formats.base import Decoded
from ingest.formats.text import TextFormat

_BLANKS = b"\xef\xbb\xbf \r\n"


class JsonlFormat(TextFormat):
    """JSON Lines files in UTF-8; foreign ones are read by the source `jsonl`."""

    label: ClassVar[str] = "JSON Lines"
    endings: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson", ".json")

    type: Literal["jsonl"]

    @classmethod
    def recognizes(cls, head: bytes) -> bool:
        """Say whether a file begins with an object."""
        return head.lstrip(_BLANKS).startswith(b"{")

    def unfit(self, schema: Mapping[str, pl.DataType]) -> list[str]:
        """Say which columns JSON cannot hold."""
        return [
            f'type: column "{name}" is {type_name(kind)}, but JSON cannot store '
            f"{type_name(inner)}. Convert it to text in a step, or use parquet"
            for name, kind in schema.items()
            for inner in _leaves(kind)
            if isinstance(inner, pl.Binary | pl.Duration | pl.Object)
        ]

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

    def decode(self, file: BinaryIO) -> Decoded:
        """Read a file that was written so; dates and decimals stay the texts that they are."""
        data = file.read()
        try:
            return Decoded(pl.read_ndjson(data) if data else pl.DataFrame())
        except pl.exceptions.PolarsError as error:
            raise BadRowError(f"not JSON Lines as they are written here: {error}") from error

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
            yield from _leaves(instance(field.dtype))
    elif isinstance(kind, pl.List | pl.Array):
        yield from _leaves(instance(kind.inner))
    else:
        yield kind
