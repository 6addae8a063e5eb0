"""What the text formats share: compression, and encoding a chunk in memory before it is written."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Literal

import polars as pl
import pyarrow as pa

from ingest.core.errors import JobError
from ingest.core.showing import has_no_text
from ingest.formats.base import Output, WritableFormat

Compression = Literal["none", "gz", "zst"]
_CODECS: dict[str, str] = {"gz": "gzip", "zst": "zstd"}
_BLOCK_BYTES = 1024 * 1024


class TextFormat(WritableFormat):
    """A format of text, perhaps compressed.

    A chunk is encoded in memory and written by us: Polars' writers hide what a full disk said.
    """

    joins: ClassVar[bool] = True

    compression: Compression = "none"
    """`gz` or `zst` compresses each file as a whole, and adds `.gz` or `.zst` to its name."""

    @property
    def reading(self) -> Mapping[str, Any]:
        """What a reader must be told: the files' names end in it, and globs go by that."""
        return {"compression": self.compression}

    @property
    def suffix(self) -> str:
        """What the files' names end in."""
        plain = super().suffix
        return plain if self.compression == "none" else f"{plain}.{self.compression}"

    @abstractmethod
    def encode(self, rows: pl.DataFrame, *, first: bool) -> bytes:
        """Return rows as text; `first` says whether they begin a file."""

    def encoder(self, file: Output, rows: pl.DataFrame) -> "TextEncoder":  # noqa: ARG002 - text needs no look ahead
        """Begin a file."""
        return TextEncoder(self, file)

    def blocks(self, file: pa.NativeFile) -> Iterator[bytes]:
        """Read a file that is written piece by piece, decompressed.

        Raises:
            OSError: the compressed data are damaged or cut off.
        """
        with pa.input_stream(file, compression=_CODECS.get(self.compression)) as stream:
            while block := stream.read(_BLOCK_BYTES):
                yield block

    def join(self, files: Iterable[pa.NativeFile], into: Output) -> None:
        """Write the text of one file behind that of the other, their header once."""
        stream = self.packed(into)
        for number, file in enumerate(files):
            blocks = self.blocks(file)
            for block in self.without_header(blocks) if number else blocks:
                stream.write(block)
        stream.close()

    def without_header(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Pass the text of a file on without what each file begins with."""
        return blocks

    def packed(self, file: Output) -> Any:
        """Return what compresses into a file what is written; closed first, it may close it."""
        if self.compression == "none":
            return file
        stream = pa.PythonFile(file, mode="w")
        return pa.CompressedOutputStream(stream, _CODECS[self.compression])


class TextEncoder:
    """Encodes chunk after chunk into a file, compressed on the way if the format says so."""

    def __init__(self, text: TextFormat, file: Output) -> None:
        self._text = text
        self._first = True
        self._file = text.packed(file)

    def write(self, rows: pl.DataFrame) -> None:
        """Add rows.

        Raises:
            JobError: a date is so far away that it has no text.
        """
        for column in rows.get_columns():
            if has_no_text(column):
                raise JobError(
                    f'sink.type: column "{column.name}" contains a date more than 262,000 '
                    "years away, such as the infinity of databases, which readers of text "
                    "files cannot read. Replace it in a step, reject it with a range check, or "
                    "use parquet"
                )
        self._file.write(self._text.encode(rows, first=self._first))
        self._first = False

    def close(self) -> None:
        """End the compressed stream."""
        self._file.close()
