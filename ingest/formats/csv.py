"""CSV, as RFC 4180 has it, in UTF-8."""

import io
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, ClassVar, Literal

import polars as pl
import pyarrow as pa
from pydantic import Field, field_validator

from ingest.core.errors import BadRowError, JobError
from ingest.core.types import type_name
from ingest.formats.base import Decoded
from ingest.formats.text import TextFormat


class CsvFormat(TextFormat):
    """CSV files in UTF-8; foreign ones, of whatever dialect, are read by the source `csv`."""

    label: ClassVar[str] = "CSV"
    endings: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".txt")
    by_position: ClassVar[bool] = True

    type: Literal["csv"]
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    """The delimiter between fields: one ASCII character."""
    header: bool = True
    """Whether each file begins with a line of column names."""
    quoting: Literal["necessary", "non_numeric"] = "necessary"
    """`necessary` quotes fields that need it, `non_numeric` every field that is not a number."""
    null_text: str = ""
    """The text that represents null. A run fails if its rows contain this text, because the two
    could not be distinguished."""

    @field_validator("delimiter")
    @classmethod
    def _single(cls, delimiter: str) -> str:
        if not delimiter.isascii() or delimiter in '"\r\n' or delimiter.isalnum():
            raise ValueError(f'"{delimiter}" cannot be a delimiter. Use one of , ; | or "\\t"')
        return delimiter

    @property
    def reading(self) -> Mapping[str, Any]:
        """What a reader must be told."""
        told = {"delimiter": self.delimiter, "header": self.header, "null_text": self.null_text}
        return {**super().reading, **told}

    def unfit(self, schema: Mapping[str, pl.DataType]) -> list[str]:
        """Say which columns a CSV field cannot hold."""
        lines = [
            f'type: column "{name}" is {type_name(kind)}, which CSV cannot store. Convert it '
            "to text or columns in a step, or use parquet or jsonl"
            for name, kind in schema.items()
            if kind.is_nested() or isinstance(kind, pl.Binary | pl.Duration | pl.Object)
        ]
        if len(schema) == 1 and not self.null_text:
            lines.append(
                f'null_text: "{next(iter(schema))}" is the only column, so a null would be an '
                "empty line, which readers skip. Write null_text: NULL, or another text"
            )
        return lines

    def encode(self, rows: pl.DataFrame, *, first: bool) -> bytes:
        """Return rows as CSV."""
        self._refuse_null_text(rows)
        buffer = io.BytesIO()
        rows.write_csv(
            buffer,
            include_header=first and self.header,
            separator=self.delimiter,
            quote_style=self.quoting,
            null_value=self.null_text,
        )
        return buffer.getvalue()

    def decode(self, file: BinaryIO) -> Decoded:
        """Read a file that was written so; all its columns are texts."""
        try:
            rows = pl.read_csv(
                file.read(),
                infer_schema=False,
                has_header=self.header,
                separator=self.delimiter,
                null_values=[self.null_text] if self.null_text else None,
            )
        except pl.exceptions.PolarsError as error:
            raise BadRowError(f"not CSV as it is written here: {error}") from error
        return Decoded(rows, lines=int(self.header))

    def count_rows(self, file: pa.NativeFile) -> int:
        """Count the line ends that do not stand between quotes."""
        lines, quoted = 0, False
        for block in self.blocks(file):
            for piece in block.split(b'"'):
                lines += 0 if quoted else piece.count(b"\n")
                quoted = not quoted
            quoted = not quoted  # there is one piece more than there are quotes
        return lines - self.header

    def without_header(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Leave out the names of the columns, in which there may be line ends between quotes."""
        head = b""
        while self.header and (block := next(blocks, None)) is not None:
            head += block
            end = -1
            while (end := head.find(b"\n", end + 1)) >= 0:
                if head.count(b'"', 0, end) % 2 == 0:
                    yield head[end + 1 :]
                    yield from blocks
                    return
        yield from blocks

    def _refuse_null_text(self, rows: pl.DataFrame) -> None:
        if not self.null_text:
            return
        for name, kind in rows.schema.items():
            if isinstance(kind, pl.String) and (rows[name] == self.null_text).any():
                raise JobError(
                    f'sink.null_text: column "{name}" holds the text "{self.null_text}", which '
                    "represents null. Choose a null_text that no row contains"
                )
