"""A format that is not ingest's: fields between bars, as another package would bring it."""

from typing import BinaryIO, ClassVar, Literal

import polars as pl

from ingest.core.errors import BadRowError
from ingest.formats.base import BadRecord, Decoded, Encoder, Output, WritableFormat


class Bars(WritableFormat):
    """Lines of fields between bars, below a line of column names; all are texts."""

    label: ClassVar[str] = "bars"
    endings: ClassVar[tuple[str, ...]] = (".bars",)

    type: Literal["bars"]
    null_text: str = "-"
    """The text that represents null."""

    def encoder(self, file: Output, rows: pl.DataFrame) -> Encoder:
        """Begin a file with the names of its columns."""
        file.write(f"{'|'.join(rows.columns)}\n".encode())
        return _Encoder(file, self.null_text)

    def decode(self, file: BinaryIO) -> Decoded:
        """Read a file; a line with another number of fields is a bad record."""
        names, *lines = (line.split("|") for line in file.read().decode().splitlines())
        if names == [""]:
            raise BadRowError("no line of column names")
        bad = [
            BadRecord(number, f"{len(line)} fields, not {len(names)}", "|".join(line))
            for number, line in enumerate(lines)
            if len(line) != len(names)
        ]
        good = [
            [None if text == self.null_text else text for text in line]
            for line in lines
            if len(line) == len(names)
        ]
        rows = pl.DataFrame(good, schema=dict.fromkeys(names, pl.String()), orient="row")
        return Decoded(rows, bad, lines=1)


class _Encoder:
    def __init__(self, file: Output, null_text: str) -> None:
        self._file, self._null = file, null_text

    def write(self, rows: pl.DataFrame) -> None:
        texts = rows.select(pl.all().cast(pl.String).fill_null(self._null))
        self._file.write("".join(f"{'|'.join(row)}\n" for row in texts.rows()).encode())

    def close(self) -> None:
        pass
