"""Opening text files: what stands before their records, and the text of these."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO, NamedTuple

from ingest.core.dataclass import dataclass
from ingest.core.errors import BadRowError, JobError
from ingest.core.partition import WHOLE, Slice
from ingest.sources.files.foreign import HEAD_BYTES, foreign, refusal
from ingest.sources.files.opening import codec, open_input, read_plain, read_plain_head
from ingest.sources.text.bodies import in_lines
from ingest.sources.text.encodings import UTF8, is_wide, to_utf8
from ingest.sources.text.footers import footer_start, last_lines, without_footer
from ingest.sources.text.line_ends import LineEnd, swapped, with_line_feeds
from ingest.sources.text.ranges import Preamble, count_lines, find_preamble, read_range
from ingest.sources.text.record_ends import RecordEnds, in_records
from ingest.storage.connections import StoreConnection

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
HEADER_BYTES = 4 * 1024
"""How much of a file is read at first to find its header."""


class Text(NamedTuple):
    """Whole lines of a slice, and at which byte of the file they begin.

    Those of a `footer` are no records.
    """

    start: int
    data: bytes
    footer: bool = False


class Opened(NamedTuple):
    """A slice that is open for reading: what stands before the file's records, and its own text.

    The text comes in whole lines, about `BLOCK_BYTES` at a time; at least one, even if it is empty.
    """

    file: BinaryIO
    preamble: Preamble
    texts: Iterator[Text]


@dataclass(frozen=True, slots=True)
class TextFiles:
    """Opens slices of text files that are of one kind.

    `find_preamble` is given the beginning of a file and whether that is all of it, and says what
    stands before the first record; None if more is needed to know. The last `footer` lines of each
    file are no records.

    With `splits`, lines are records, and a line feed is one byte. Otherwise `ends` tells where
    records end, if it is known; then there is no footer.
    """

    encoding: str
    splits: bool
    find_preamble: Callable[[bytes, bool], Preamble | None]
    max_record_bytes: int
    max_decompressed_bytes: int | None
    line_end: LineEnd = "lf"
    footer: int = 0
    ends: RecordEnds | None = None
    connection: StoreConnection | None = None

    def sample(self, piece: Slice) -> tuple[Preamble, bytes]:
        """Return what stands before a file's records, and its first whole records.

        Raises:
            BadRowError: it is not of this encoding, or not packed as its name says.
            FatalError: it cannot be opened.
        """
        wanted = SAMPLE_BYTES
        while True:
            preamble, data, complete = self._beginning(piece, wanted)
            if preamble is not None:
                body = data[preamble.offset :]
                if complete or b"\n" in body or len(body) > self.max_record_bytes:
                    body = body if complete else body[: body.rfind(b"\n") + 1]
                    return preamble, body[: last_lines(body, self.footer)] if self.footer else body
            wanted *= 4

    def head(self, piece: Slice) -> Preamble:
        """Return what stands before a file's records, reading little more; raises as `sample`."""
        wanted = HEADER_BYTES
        while (preamble := self._beginning(piece, wanted)[0]) is None:
            wanted *= 4
        return preamble

    def _beginning(self, piece: Slice, wanted: int) -> tuple[Preamble | None, bytes, bool]:
        """Return what stands before the records, if it can be told; the text, and if it is all."""
        with open_input(piece, self.connection) as file:
            data = read_plain_head(file, piece, wanted)
        self._refuse_foreign(data, piece)
        complete = len(data) < wanted
        data = self._narrow(piece.uri, data, complete=complete)
        return self._preamble(piece.uri, data, complete), data, complete

    @contextmanager
    def open(self, piece: Slice) -> Iterator[Opened]:
        """Open a slice.

        Raises:
            BadRowError: it is not of this encoding, or not packed as its name says.
            FatalError: it cannot be opened.
            JobError: too much of it cannot be cut.
        """
        with open_input(piece, self.connection) as file:
            if codec(piece.uri) is None:
                self._refuse_foreign(file.read(HEAD_BYTES), piece)
                file.seek(0)
            cut = self.splits or self.ends is not None or piece.end != WHOLE
            if cut and codec(piece.uri) is None:
                file = with_line_feeds(file, self.line_end)  # noqa: PLW2901 - the same file
                preamble, texts = self._ranged(file, piece)
            else:
                preamble, texts = self._whole(file, piece)
            yield Opened(file, preamble, _limited(texts, piece.uri))

    def lines_before(self, piece: Slice, byte: int) -> int:
        """Count the lines in the first bytes of a file that can be cut."""
        with open_input(piece, self.connection) as file:
            return count_lines(with_line_feeds(file, self.line_end), byte)

    def starts(self, piece: Slice, targets: Sequence[int]) -> Iterator[int]:
        """Yield where the first record of a slice from each target on begins; see `RecordEnds`.

        Those between the first one and the end of the slice, each once.

        Raises:
            BadRowError: it is not clear where its first record begins.
            FatalError: it cannot be opened.
        """
        assert self.ends is not None, "else the file is not cut"
        with open_input(piece, self.connection) as file:
            begin = max(piece.start, self._find_preamble(file, piece).offset)
            end = piece.size if piece.end == WHOLE else piece.end
            behind = [target for target in targets if begin < target < end]
            yield from self.ends.starts(file, begin, end, behind, self.max_record_bytes)

    def _find_preamble(self, file: BinaryIO, piece: Slice) -> Preamble:
        return find_preamble(
            file, piece.size, lambda data, complete: self._preamble(piece.uri, data, complete)
        )

    def _ranged(self, file: BinaryIO, piece: Slice) -> tuple[Preamble, Iterator[Text]]:
        """Return the preamble of a file that can be cut, and the text of a slice of it."""
        preamble = self._find_preamble(file, piece)
        ranged = replace(piece, end=piece.size) if piece.end == WHOLE else piece
        if self.splits:
            return preamble, self._texts(file, ranged, preamble)
        start = max(ranged.start, preamble.offset)
        file.seek(start)
        return preamble, self._records(start, _chunks(file, ranged.end - start))

    def _records(self, start: int, chunks: Iterable[bytes]) -> Iterator[Text]:
        """Yield the text of records of several lines, which begins at a byte."""
        for data in in_records(chunks, BLOCK_BYTES, self.ends):
            yield Text(start, data)
            start += len(data)

    def _texts(self, file: BinaryIO, piece: Slice, preamble: Preamble) -> Iterator[Text]:
        stop = piece.size
        if self.footer:
            stop = footer_start(file, piece.size, preamble.offset, self.footer)
        records = replace(piece, end=min(piece.end, stop), size=stop)
        for start, data in read_range(file, records, preamble, self.max_record_bytes, BLOCK_BYTES):
            yield Text(start, data)
        if piece.end > stop:
            behind = replace(piece, start=max(piece.start, stop))
            for start, data in read_range(
                file, behind, Preamble(stop), self.max_record_bytes, BLOCK_BYTES
            ):
                yield Text(start, data, footer=True)

    def _whole(self, file: BinaryIO, piece: Slice) -> tuple[Preamble, Iterator[Text]]:
        """Return the preamble of a file that cannot be cut, and the text behind it."""
        pieces = read_plain(file, piece, self.max_decompressed_bytes)
        if self.splits:
            pieces = in_lines(
                map(self._with_line_feeds, pieces), BLOCK_BYTES, self.max_record_bytes
            )
        elif self.ends is None:
            pieces = iter([self._narrow(piece.uri, b"".join(pieces), complete=True)])
        data, more = next(pieces, b""), next(pieces, None)
        while (preamble := self._preamble(piece.uri, data, more is None)) is None:
            data, more = data + (more or b""), next(pieces, None)
        behind = (data[preamble.offset :], *(() if more is None else (more,)))
        texts = itertools.chain(behind, pieces)
        if self.ends is not None:
            return preamble, self._records(preamble.offset, texts)
        return preamble, self._placed(preamble.offset, texts)

    def _placed(self, start: int, pieces: Iterable[bytes]) -> Iterator[Text]:
        """Yield pieces of a text with their places, those of the footer apart."""
        marked = ((data, False) for data in pieces)
        for data, footer in without_footer(pieces, self.footer) if self.footer else marked:
            yield Text(start, data, footer)
            start += len(data)

    def _preamble(self, uri: str, data: bytes, complete: bool) -> Preamble | None:
        """Return what stands before the first record, or None if more is needed to know.

        Raises:
            BadRowError: lines end in other signs than they should, or it would be read without end.
        """
        if b"\r" in data and b"\n" not in data:
            if complete or len(data) > self.max_record_bytes:
                raise BadRowError(f"{uri}: {_OTHER_ENDS[self.line_end]}")
            return None
        preamble = self.find_preamble(data, complete)
        if preamble is None and len(data) > PREAMBLE_RECORDS * self.max_record_bytes:
            raise BadRowError(
                f"{uri}: the header does not end within {len(data):,} bytes. Fix the file; if "
                "its records are really that long, raise source.max_record_bytes"
            )
        return preamble

    def _with_line_feeds(self, data: bytes) -> bytes:
        return swapped(data) if self.line_end == "cr" else data

    def _narrow(self, uri: str, data: bytes, *, complete: bool) -> bytes:
        """Return data in which a line feed is one byte, and ends lines."""
        if is_wide(self.encoding):
            try:
                data = to_utf8(data, self.encoding, complete=complete)
            except UnicodeError as error:
                at, why = (
                    "",
                    str(error),
                )  # UTF-16 without a byte order mark is no UnicodeDecodeError
                if isinstance(error, UnicodeDecodeError):
                    at, why = f" at byte {error.start}", error.reason
                raise BadRowError(
                    f"{uri}: not {self.encoding}{at}: {why}. Set source.encoding to the encoding "
                    "of the file"
                ) from None
        return self._with_line_feeds(data)

    def _refuse_foreign(self, data: bytes, piece: Slice) -> None:
        """Refuse what is no text, and UTF-16 that nobody announced: all would be rejects."""
        if (kind := foreign(data[:HEAD_BYTES], piece.uri)) is not None:
            raise BadRowError(refusal(piece.uri, kind))
        if self.encoding == UTF8 and data[:2] in UTF16_MARKS:
            raise BadRowError(
                f"{piece.uri}: the file begins with the byte-order mark of UTF-16. Write "
                "encoding: utf-16"
            )


_OTHER_ENDS: dict[LineEnd, str] = {
    "lf": "lines end in a carriage return alone. Write line_end: cr",
    "cr": "lines end in a line feed, not in a carriage return alone. Leave out line_end: cr",
}


def _chunks(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the next bytes of a file, at most so many."""
    while size > 0 and (chunk := file.read(min(size, BLOCK_BYTES))):
        yield chunk
        size -= len(chunk)


def _limited(texts: Iterable[Text], uri: str) -> Iterator[Text]:
    for text in texts:
        if len(text.data) >= MOST_BYTES:
            raise JobError(
                f"{uri}: {len(text.data)} bytes of text that cannot be split, but at most "
                f"{MOST_BYTES} can be read at once. Split the file into several"
            )
        yield text
