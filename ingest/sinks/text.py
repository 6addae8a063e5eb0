"""What the text formats share: compression, and encoding a chunk in memory before it is written."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

import polars as pl
import pyarrow as pa

from ingest.core.errors import JobError
from ingest.core.showing import has_no_text
from ingest.sinks.base import Disposition
from ingest.sinks.directory.sink import DirectorySink
from ingest.sinks.directory.staging import HashedFile
from ingest.sinks.parquet import Parquet, parquet_beside

Compression = Literal["none", "gz", "zst"]
_CODECS: dict[str, str] = {"gz": "gzip", "zst": "zstd"}
_BLOCK_BYTES = 1024 * 1024


class TextSink(DirectorySink):
    """A directory of text files, perhaps compressed.

    A chunk is encoded in memory and written by us: Polars' writers hide what a full disk said.
    """

    _CHUNK_ROWS: ClassVar[int] = 50_000

    compression: Compression = "none"
    """`gz` or `zst` compresses each file as a whole, and adds `.gz` or `.zst` to its name."""

    @property
    def reading(self) -> Mapping[str, Any]:
        """What a reader must be told: the files' names end in it, and globs go by that."""
        return {"compression": self.compression}

    @property
    @abstractmethod
    def extension(self) -> str:
        """What the files' names end in before any compression."""

    @abstractmethod
    def encode(self, rows: pl.DataFrame, *, first: bool) -> bytes:
        """Return rows as text; `first` says whether they begin a file."""

    def beside(self, name: str, write_disposition: Disposition) -> Parquet:
        """Return a sink of Parquet files, whose types are exact, beside this directory."""
        return parquet_beside(self, name, write_disposition)

    @property
    def suffix(self) -> str:
        """What the files' names end in."""
        return (
            self.extension if self.compression == "none" else f"{self.extension}.{self.compression}"
        )

    @property
    def chunk_rows(self) -> int:
        """At most how many rows are encoded at a time."""
        return self._CHUNK_ROWS

    def encoder(self, file: HashedFile, rows: pl.DataFrame) -> "TextEncoder":  # noqa: ARG002 - text needs no look ahead
        """Begin a file."""
        return TextEncoder(self, file)

    def blocks(self, file: pa.NativeFile) -> Iterator[bytes]:
        """Read a published file piece by piece, decompressed.

        Raises:
            OSError: the compressed data are damaged or cut off.
        """
        with pa.input_stream(file, compression=_CODECS.get(self.compression)) as stream:
            while block := stream.read(_BLOCK_BYTES):
                yield block


class TextEncoder:
    """Encodes chunk after chunk into a file, compressed on the way if the sink says so."""

    def __init__(self, sink: TextSink, file: HashedFile) -> None:
        self._sink = sink
        self._first = True
        self._file: Any = file
        if sink.compression != "none":
            stream = pa.PythonFile(file, mode="w")
            self._file = pa.CompressedOutputStream(stream, _CODECS[sink.compression])

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
        self._file.write(self._sink.encode(rows, first=self._first))
        self._first = False

    def close(self) -> None:
        """End the compressed stream."""
        self._file.close()
