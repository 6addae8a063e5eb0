"""Files whose lines end in a carriage return alone, read as if they ended in a line feed.

The two signs change places, byte by byte, so that all that knows lines knows line feeds only, and
every byte stays where it is. In values that hold one of them, they change places again.
"""

from typing import BinaryIO, Literal, cast

import polars as pl

LineEnd = Literal["lf", "cr"]

_SWAPPED = bytes.maketrans(b"\r\n", b"\n\r")
_SIGNS = ["\r", "\n"]


def swapped(data: bytes) -> bytes:
    """Return a text with carriage returns for line feeds, and the other way round."""
    return data.translate(_SWAPPED)


def swapped_text(text: str, line_end: LineEnd) -> str:
    """Return a text with the signs that stand in the file."""
    return text if line_end == "lf" else text.translate(str.maketrans("\r\n", "\n\r"))


class _Swapped:
    """A file that is read with the two signs in each other's place."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        return swapped(self._file.read(size))


def with_line_feeds(file: BinaryIO, line_end: LineEnd) -> BinaryIO:
    """Return a file whose lines end in line feeds."""
    return file if line_end == "lf" else cast("BinaryIO", _Swapped(file))


def as_written(frame: pl.DataFrame, line_end: LineEnd) -> pl.DataFrame:
    """Return texts with the signs that stand in the file."""
    if line_end == "lf":
        return frame
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    return frame.with_columns(pl.col(name).str.replace_many(_SIGNS, _SIGNS[::-1]) for name in texts)
