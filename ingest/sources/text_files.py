"""Opening text files: what stands before their records, and the text of these."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import BinaryIO

from ingest.core.errors import BadRowError, FatalError
from ingest.core.partition import WHOLE, Slice
from ingest.sources.bodies import in_lines
from ingest.sources.encodings import UTF8, is_wide, to_utf8
from ingest.sources.opening import codec, open_input, read_plain, read_plain_head
from ingest.sources.ranges import Preamble, find_preamble, read_range

UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")

BLOCK_BYTES = 8 * 1024**2
"""About how much text is worked at once: what the last cache holds, and no new memory is needed
for. A file that cannot be cut is worked as one."""
MOST_BYTES = 4 * 1024**3 - 256 * 1024**2
"""The most text in one slice: Polars' string offsets end at 4 GiB."""
PREAMBLE_RECORDS = 4
"""The most that may stand before the first record, in records of the greatest length."""
SAMPLE_BYTES = 256 * 1024
"""How much of each sampled file is looked at when a layout is made."""


@dataclass(frozen=True, slots=True)
class TextFiles:
    """Opens slices of text files that are of one kind.

    `find_preamble` is given the beginning of a file and whether that is all of it, and says what
    stands before the first record; None if more is needed to know.
    """

    encoding: str
    splits: bool
    find_preamble: Callable[[bytes, bool], Preamble | None]
    max_record_bytes: int
    max_decompressed_bytes: int | None

    def sample(self, piece: Slice) -> tuple[Preamble, bytes]:
        """Return what stands before a file's records, and its first whole records.

        Raises:
            BadRowError: it is not of this encoding, or not packed as its name says.
            FatalError: it cannot be opened.
        """
        wanted = SAMPLE_BYTES
        while True:
            with open_input(piece) as file:
                self._refuse_mark(file, piece)
                data = read_plain_head(file, piece, wanted)
            complete = len(data) < wanted
            data = self._narrow(piece.uri, data, complete=complete)
            preamble = self._bounded_preamble(piece.uri, data, complete)
            if preamble is not None:
                body = data[preamble.offset :]
                if complete:
                    return preamble, body
                if b"\n" in body or len(body) > self.max_record_bytes:
                    return preamble, body[: body.rfind(b"\n") + 1]
            wanted *= 4

    @contextmanager
    def open(self, piece: Slice) -> Iterator[tuple[Preamble, Iterator[tuple[int, bytes]]]]:
        """Open a slice: what stands before the file's records, and then the slice's own text.

        The text comes in whole lines, about `BLOCK_BYTES` at a time, each with the byte of the
        file at which it begins.

        Raises:
            BadRowError: it is not of this encoding, or not packed as its name says.
            FatalError: it cannot be opened, or too much of it cannot be cut.
        """
        with open_input(piece) as file:
            self._refuse_mark(file, piece)
            if self.splits and codec(piece.uri) is None:
                find = partial(self._bounded_preamble, piece.uri)
                preamble = find_preamble(file, piece.size, find)
                ranged = replace(piece, end=piece.size) if piece.end == WHOLE else piece
                texts = read_range(file, ranged, preamble, self.max_record_bytes, BLOCK_BYTES)
            else:
                preamble, texts = self._whole(file, piece)
            yield preamble, _limited(texts, piece.uri)

    def _whole(self, file: BinaryIO, piece: Slice) -> tuple[Preamble, Iterator[tuple[int, bytes]]]:
        """Return the preamble of a file that cannot be cut, and the text behind it."""
        chunks = read_plain(file, piece, self.max_decompressed_bytes)
        if self.splits:
            texts = in_lines(chunks, BLOCK_BYTES, self.max_record_bytes)
        else:
            texts = iter([self._narrow(piece.uri, b"".join(chunks), complete=True)])
        data, more = next(texts, b""), next(texts, None)
        while (preamble := self._bounded_preamble(piece.uri, data, more is None)) is None:
            data, more = data + (more or b""), next(texts, None)
        behind = (data[preamble.offset :], *(() if more is None else (more,)))
        return preamble, ((preamble.offset, text) for text in itertools.chain(behind, texts))

    def _bounded_preamble(self, uri: str, data: bytes, complete: bool) -> Preamble | None:
        """Return what stands before the first record, or None if more is needed to know.

        Raises:
            BadRowError: it does not end where it should, and would be read without end.
        """
        preamble = self.find_preamble(data, complete)
        if preamble is None and len(data) > PREAMBLE_RECORDS * self.max_record_bytes:
            raise BadRowError(
                f"{uri}: the header does not end within {len(data):,} bytes. Fix the file; or, if "
                "its records are so long, raise source.max_record_bytes"
            )
        return preamble

    def _narrow(self, uri: str, data: bytes, *, complete: bool) -> bytes:
        """Return data in which a line feed is one byte."""
        if is_wide(self.encoding):
            try:
                return to_utf8(data, self.encoding, complete=complete)
            except UnicodeDecodeError as error:
                raise BadRowError(
                    f"{uri}: not {self.encoding} at byte {error.start}: {error.reason}. "
                    "Set source.encoding to what the file is"
                ) from None
        return data

    def _refuse_mark(self, file: BinaryIO, piece: Slice) -> None:
        """Refuse plain UTF-16 that nobody announced: every line would be a reject."""
        if self.encoding == UTF8 and codec(piece.uri) is None:
            if file.read(2) in UTF16_MARKS:
                raise BadRowError(
                    f"{piece.uri}: begins with the byte-order mark of UTF-16. Write "
                    "encoding: utf-16"
                )
            file.seek(0)


def _limited(texts: Iterable[tuple[int, bytes]], uri: str) -> Iterator[tuple[int, bytes]]:
    for start, data in texts:
        if len(data) >= MOST_BYTES:
            raise FatalError(
                f"{uri}: {len(data)} bytes of text that cannot be cut, of which "
                f"at most {MOST_BYTES} can be read at once. Cut the file into several"
            )
        yield start, data
