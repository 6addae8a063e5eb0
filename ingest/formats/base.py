"""What every format promises: how rows become the bytes of a file, and back."""

import io
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO, ClassVar, Protocol

import polars as pl
import pyarrow as pa

from ingest.core.dataclass import dataclass
from ingest.core.model import Model

_PACKED = (".gz", ".zst")


class Output(Protocol):
    """The file that an encoder writes to; in binary."""

    def write(self, data: bytes, /) -> int:
        """Append bytes."""
        ...


class Encoder(Protocol):
    """Turns rows into the bytes of one file."""

    def write(self, rows: pl.DataFrame) -> None:
        """Add rows. With none it is called once, for a file that only has columns."""
        ...

    def close(self) -> None:
        """Write what the format wants at its end. It may close the file."""
        ...


class InMemory(io.BytesIO):
    """A file in memory, whose bytes are still there when an encoder has closed it."""

    def close(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that is no row: its number among all records of the file, from 0, and why.

    `reason` is a short stable phrase such as "too few fields"; `original` is its text, if it has
    one; `column` is the one at fault, if it is not the whole record.
    """

    number: int
    reason: str
    original: str | None = None
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Decoded:
    """The records of a file: its rows in order, and those between them that are none, in order.

    `lines` is how many lines stand before the first record: those of a header.
    """

    rows: pl.DataFrame
    bad: Sequence[BadRecord] = ()
    lines: int = 0


class Format(Model):
    """How rows lie in a file, known once: for sources, sinks, lookups, `init` and `verify`.

    It is the options that it is written with. A sink is made of it and a place, and so is a source,
    unless the format has a source of its own, of the same `type`, with options for reading.
    """

    type: str
    label: ClassVar[str]
    """What people call it: `JSON Lines`."""
    endings: ClassVar[tuple[str, ...]]
    """What names of its files end in, with the dot, the usual one first."""
    packable: ClassVar[bool] = True
    """Whether its files may be compressed as a whole, and then end in `.gz` or `.zst` besides."""
    guessable: ClassVar[bool] = True
    """Whether looking at such a file tells how it is read."""

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the endings of files, those of compressed ones behind the others."""
        packed = (f"{ending}{end}" for ending in cls.endings for end in _PACKED if cls.packable)
        return (*cls.endings, *packed)

    @classmethod
    def recognizes(cls, head: bytes) -> bool:  # noqa: ARG003 - most texts look like any other
        """Say whether a file that begins so is surely of this format, whatever its name."""
        return False


class ReadableFormat(Format, ABC):
    """A format whose files can be read whole, in a worker's memory."""

    @abstractmethod
    def decode(self, file: BinaryIO) -> Decoded:
        """Read a file, unpacked. Every record is a row or a bad record; nothing is passed over.

        The same bytes always give the same records, in the same order.

        Raises:
            BadRowError: the file as a whole is not of this format; the text says why, not where.
        """


class WritableFormat(ReadableFormat, ABC):
    """A format that rows can be written in.

    Files that are written can be read again: `decode` returns the same rows, in the types that the
    format knows.
    """

    by_position: ClassVar[bool] = False
    """Whether readers of the format go by the order of columns and not by their names."""
    joins: ClassVar[bool] = False
    """Whether `join` can put files of this format together."""

    @property
    def suffix(self) -> str:
        """What the files' names end in, without the dot."""
        return self.endings[0].removeprefix(".")

    @property
    def reading(self) -> Mapping[str, Any]:
        """What a reader must be told besides the type: files that differ in it are not mixed."""
        return {}

    @property
    def chunk_rows(self) -> int:
        """At most how many rows are encoded at a time."""
        return 50_000

    def unfit(self, schema: Mapping[str, pl.DataType]) -> list[str]:  # noqa: ARG002 - most fit
        """Say which columns of the files it cannot hold, a line for each.

        A line begins with the option that is at fault, `type` if it is the format.
        """
        return []

    @abstractmethod
    def encoder(self, file: Output, rows: pl.DataFrame) -> Encoder:
        """Begin a file. `rows` are the first that are about to be written into it."""

    def encoded(self, chunks: Sequence[pl.DataFrame]) -> bytes:
        """Return the bytes of a file with these rows, of which there is at least one chunk."""
        file = InMemory()
        encoder = self.encoder(file, chunks[0])
        for rows in chunks:
            encoder.write(rows)
        encoder.close()
        return file.getvalue()

    def join(self, files: Iterable[pa.NativeFile], into: Output) -> None:
        """Write one file that holds the rows of several, in order, and each value as it was.

        They have been written with these options, and hold rows of one schema. Memory does not grow
        with their number.
        """
        raise NotImplementedError

    def count_rows(self, file: pa.NativeFile) -> int:
        """Return how many rows a file holds that this format has written.

        Raises:
            Exception: whatever the reader of the format raises if it is damaged.
        """
        decoded = self.decode(file)
        if decoded.bad:
            raise ValueError(f"record {decoded.bad[0].number}: {decoded.bad[0].reason}")
        return decoded.rows.height
