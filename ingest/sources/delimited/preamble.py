"""What stands before the first record of a CSV file: lines to skip, remarks, and the header."""

import re

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.sources.text.encodings import decode_line
from ingest.sources.text.grammar import UNCLOSED
from ingest.sources.text.line_rules import LineRules
from ingest.sources.text.ranges import Preamble

_DELIMITER_BYTES = 64
"""Within so many bytes a line like `sep=;` ends."""
_MOST_LINES = 1000
"""The most lines that a header may take."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """How a file begins: so many lines that are skipped, then maybe a `header`.

    Lines that are no records by the rules come before the header or not. A first line such as
    `sep=;`, by which Excel is told the delimiter, is skipped, and is one of the `skip_rows`.
    """

    skip_rows: int
    header: bool
    rules: LineRules

    def find(self, data: bytes, place: int, *, complete: bool) -> Preamble | None:
        """Return the preamble of a file that begins with `data`; None if more is needed.

        `place` is where its first line begins.
        """
        lines = 0
        first = self._line(data, place, complete=complete or len(data) > place + _DELIMITER_BYTES)
        if first is None:
            return None
        if delimiter := self._delimiter(data[place:first]):
            place, lines = first, 1
            delimiter = delimiter if self.skip_rows == 0 else None  # it is skipped as it is
        while lines < self.skip_rows or self.header:
            end = self._line(data, place, complete=complete)
            if end is None:
                return None
            if end == place:
                break
            if lines >= self.skip_rows and self._is_record(data[place:end]):
                return self._with_header(data, place, lines, delimiter, complete=complete)
            place, lines = end, lines + 1
        return Preamble(place, lines, delimiter=delimiter)

    def _delimiter(self, line: bytes) -> str | None:
        """Return what a first line says that the delimiter is, if it does."""
        if self.rules.dialect is None:
            return None
        own = re.escape(self.rules.dialect.delimiter)
        pattern = rf'(?i:"?sep=)(?P<delimiter>{own}|\\t|.)"?'
        match = re.fullmatch(pattern, self._text(line) or "")
        return match["delimiter"].replace("\\t", "\t") if match else None

    def _with_header(
        self, data: bytes, place: int, lines: int, delimiter: str | None, *, complete: bool
    ) -> Preamble | None:
        """Return the preamble that ends with the header which begins here."""
        end = first = self._line(data, place, complete=complete)
        more = 1
        while end is not None and self._is_open(data[place:end]):
            if (complete and end == len(data)) or more == _MOST_LINES:
                end, more = first, 1
                break
            end, more = self._line(data, end, complete=complete), more + 1
        if end is None:
            return None
        header = data[place:end].removesuffix(b"\n").rstrip(self.rules.returns.encode())
        return Preamble(end, lines + more, header, delimiter)

    def _line(self, data: bytes, place: int, *, complete: bool) -> int | None:
        """Return where the line ends that begins here; None if that cannot be told."""
        end = data.find(b"\n", place)
        if end < 0:
            return len(data) if complete else None
        return end + 1

    def _is_record(self, line: bytes) -> bool:
        skipped, _ = self.rules.aside(pl.Series([self._text(line)], dtype=pl.String))
        return not skipped[0]

    def _is_open(self, header: bytes) -> bool:
        """Say whether the header continues in the next line."""
        dialect, text = self.rules.dialect, self._text(header)
        if dialect is None or text is None or not self.rules.multiline:
            return False
        return dialect.split_one(text) == UNCLOSED

    def _text(self, line: bytes) -> str | None:
        text = decode_line(line.removesuffix(b"\n"), self.rules.encoding)
        return None if text is None else text.rstrip(self.rules.returns)
