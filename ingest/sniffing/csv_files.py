"""Sampled CSV files, taken apart: title lines, header, records."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.core.errors import ConfigError
from ingest.core.partition import Slice
from ingest.sniffing.dialect import Dialect, Record, has_header, records_of
from ingest.sniffing.text import Text

_TITLE_LINES = 10
_HEAD_RECORDS = 500
_LOOK_LINES = 400

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A sampled file. `titles` are the lines before its table; `records` begin after them.

    `later` are the records from further on in a big file.
    """

    piece: Slice
    text: Text
    titles: int
    records: list[Record]
    later: list[Record]

    @property
    def first(self) -> Row:
        """The fields of the first record: the header, if there is one."""
        return self.records[0].fields if self.records else ()


def take_all_apart(pairs: Sequence[tuple[Slice, Text]], dialect: Dialect) -> list[CsvFile]:
    """Split sampled files into records, all after the same number of title lines.

    Lines count as titles only if a header follows: else they are bad records.

    Raises:
        ConfigError: the files have title lines, and not all the same number.
    """
    files = [_take_apart(piece, text, dialect, titles=True) for piece, text in pairs]
    if not any(file.titles for file in files):
        return files
    if not find_header(files, width_of(files[0])):
        return [_take_apart(piece, text, dialect, titles=False) for piece, text in pairs]
    if len({file.titles for file in files}) > 1:
        listed = ", ".join(f"{file.titles} in {file.piece.uri}" for file in files)
        raise ConfigError(
            f"skip_rows: the files have different numbers of lines before their header: {listed}. "
            "A job skips the same number in all. Name files that have as many"
        )
    return files


def _take_apart(piece: Slice, text: Text, dialect: Dialect, *, titles: bool) -> CsvFile:
    """Split a sampled file into records.

    Pieces from the middle of a file may begin inside a quoted value, so they count for nothing
    where values hold line ends.
    """
    skipped = _title_lines(text.pieces[0], dialect) if titles else 0
    head = text.pieces[0].split("\n", skipped)[-1]
    records = records_of(head, dialect)
    if dialect.multiline and not text.whole and len(records) > 1:
        records.pop()  # the cut at a line end may have gone through a quoted value
    middle = () if dialect.multiline else text.pieces[1:]
    later = [record for part in middle for record in records_of(part, dialect)]
    return CsvFile(piece, text, skipped, records, later)


def width_of(file: CsvFile) -> int:
    """Return how many fields most sound records have."""
    widths = Counter(len(record.fields) for record in file.records if record.sound)
    return widths.most_common(1)[0][0] if widths else 1


def find_header(files: Sequence[CsvFile], width: int) -> bool:
    """Say whether the files begin with column names."""
    first = files[0].first
    rows = [one.fields for one in files[0].records[1:] if one.sound and len(one.fields) == width]
    if len(first) != width or not has_header(first, rows):
        return False
    if len(files) == 1 or any(set(file.first) != set(first) for file in files):
        return len(rows) > 0 or len(files) > 1
    return True


def rows_of(files: Sequence[CsvFile], width: int, *, header: bool) -> tuple[list[Row], float]:
    """Return the sound rows, in the first file's order of columns, and the share of bad records.

    The share is that of the worst stretch: the heads of files, where a sample is taken from, or
    all that was looked at.
    """
    rows: list[Row] = []
    worst = bad = total = 0.0
    for file in files:
        body = [*file.records[int(header) :], *file.later]
        sound = [one.sound and len(one.fields) == width for one in body]
        moved = header and file.first != files[0].first
        order = [file.first.index(name) for name in files[0].first] if moved else None
        rows += (
            tuple(one.fields[place] for place in order) if order else one.fields
            for one, fine in zip(body, sound, strict=True)
            if fine
        )
        head = sound[:_HEAD_RECORDS]
        worst = max(worst, head.count(False) / (len(head) or 1))
        bad, total = bad + sound.count(False), total + len(sound)
    return rows, max(worst, bad / (total or 1))


def one_encoding(files: Sequence[CsvFile]) -> str:
    """Return the encoding of all files; plain ASCII goes with any.

    Raises:
        ConfigError: they differ.
    """
    found = {
        file.text.encoding: file.piece.uri
        for file in files
        if file.text.encoding != "utf-8" or not all(map(str.isascii, file.text.pieces))
    }
    if len(found) > 1:
        listed = ", ".join(f"{encoding} ({uri})" for encoding, uri in sorted(found.items()))
        raise ConfigError(
            f"encoding: the files are of several: {listed}. A job reads one. Name the files of "
            "one encoding, or convert the others: iconv -f latin1 -t UTF-8"
        )
    return next(iter(found), "utf-8")


def _title_lines(head: str, dialect: Dialect) -> int:
    """Return how many lines stand before the table: such that are no record of its width."""
    if dialect.comment or dialect.multiline:
        return 0
    lines = head.split("\n", _LOOK_LINES)[:_LOOK_LINES]
    records = [records_of(line, dialect) for line in lines[: _TITLE_LINES + 1]]
    widths = Counter(len(one.fields) for one in records_of("\n".join(lines), dialect) if one.sound)
    width = widths.most_common(1)[0][0] if widths else 1
    fits = [any(one.sound and len(one.fields) == width for one in found) for found in records]
    return fits.index(True) if width > 1 and True in fits else 0
