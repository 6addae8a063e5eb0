"""Sampled CSV files, taken apart: title lines, header, records, and what is none of these."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError
from ingest.core.partition import Slice
from ingest.sniffing.dialect import Dialect, Record, records_of
from ingest.sniffing.header import Header, is_second_line, joined, judge_header, votes_for
from ingest.sniffing.kinds import is_typed
from ingest.sniffing.text import Text

_TITLE_RECORDS = 10
_LOOK_ROWS = 500
_MOST_HEADER_LINES = 3
_LOOK_BELOW = 20
_MOST = 0.7

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Top:
    """What stands above the rows of a file.

    `titles` are the lines of no record before the header, `end` those up to its end. `names` are
    its fields, of several lines joined; there are none without a header. `joined` says that they
    are of several. `short` says in which way it has one field less than the rows: it lacks the
    name of the first column, `row names`, or all rows end in a delimiter, `trailing`.
    """

    header: Header
    names: Row = ()
    titles: int = 0
    end: int = 0
    joined: bool = False
    short: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class CsvFile:
    """A sampled file: its first line, what stands above its rows, and its records.

    `later` are those from further on; `repeated` counts those that are the header once more.
    `width` is how many fields the sound records have, most of them.
    """

    piece: Slice
    text: Text
    start: str
    top: Top
    records: list[Record]
    later: list[Record]
    repeated: int
    width: int

    @property
    def body(self) -> list[Record]:
        """All its sampled records."""
        return [*self.records, *self.later]

    @property
    def trails(self) -> bool:
        """Whether each of its lines ends in a delimiter, but for the header maybe."""
        if self.width == 1 or (self.top.short != "trailing" and self.top.names[-1:] != ("",)):
            return False
        rows = [one.fields for one in self.body if one.sound and len(one.fields) == self.width]
        return bool(rows) and not any(row[-1] for row in rows)


def take_all_apart(pairs: Sequence[tuple[Slice, Text]], dialect: Dialect) -> list[CsvFile]:
    """Split sampled files into records; all of them have a header, or none has.

    What the largest shows decides; a first line that all share is a header.

    Raises:
        ConfigError: the files have title lines, and not all the same number.
    """
    files = [take_apart(piece, text, dialect) for piece, text in pairs]
    largest = max(files, key=lambda file: len(file.body))
    alike = len(files) > 1 and len({file.start for file in files}) == 1
    there = largest.top.header.there or (alike and len(largest.body) > 0)
    files = [
        file
        if file.top.header.there is there
        else take_apart(file.piece, file.text, dialect, header=there)
        for file in files
    ]
    if len({file.top.titles for file in files if file.body}) > 1:
        listed = ", ".join(f"{file.top.titles} in {file.piece.uri}" for file in files)
        raise ConfigError(
            "skip_rows: the files have different numbers of lines before their header: "
            f"{listed}. A job skips the same number in all files. Name only files with the "
            "same number"
        )
    return files


def take_apart(
    piece: Slice, text: Text, dialect: Dialect, *, header: bool | None = None
) -> CsvFile:
    """Split a sampled file into what stands above its rows, and records.

    Pieces from the middle of a file may begin inside a quoted value, so they count for nothing
    where values hold line ends.
    """
    records = records_of(text.pieces[0], dialect)
    if dialect.multiline and not text.whole and len(records) > 1:
        records.pop()  # the cut at a line end may have gone through a quoted value
    middle = () if dialect.multiline else text.pieces[1:]
    later = [record for part in middle for record in records_of(part, dialect)]
    start = records[0].text if records else ""
    top, first = _top_of(records, header)
    body, further = _without(records[first:], top.names), _without(later, top.names)
    repeated = len(records) - first - len(body) + len(later) - len(further)
    width = width_of([*body, *further]) or len(top.names) or 1
    return CsvFile(piece, text, start, top, body, further, repeated, width)


def _without(records: Sequence[Record], names: Row) -> list[Record]:
    return [record for record in records if not names or record.fields != names]


def width_of(records: Sequence[Record]) -> int:
    """Return how many fields most sound records have; 0 if there is none."""
    widths = Counter(len(record.fields) for record in records if record.sound)
    return widths.most_common(1)[0][0] if widths else 0


def one_encoding(files: Sequence[CsvFile]) -> str:
    """Return the encoding of all files; plain ASCII goes with any.

    Raises:
        ConfigError: they differ.
    """
    encodings = {
        file.text.encoding: file.piece.uri
        for file in files
        if file.text.encoding != "utf-8" or any(file.text.foreign_words)
    }
    if len(encodings) > 1:
        listed = ", ".join(f"{encoding} ({uri})" for encoding, uri in sorted(encodings.items()))
        raise ConfigError(
            f"encoding: the files have different encodings: {listed}. A job reads one "
            "encoding. Name only files with the same encoding, or convert the others: iconv -f "
            "latin1 -t UTF-8"
        )
    return next(iter(encodings), "utf-8")


def _top_of(records: Sequence[Record], there: bool | None) -> tuple[Top, int]:
    """Return what stands above the rows, and the number of the first record that is a row.

    Lines count as titles only if a header follows: else they are bad records. `there` says whether
    there is a header, if that is known.
    """
    width = width_of(records)
    if not width:
        return Top(Header(there=False)), 0
    start = _first_of_table(records, width)
    short = _short_header(records, start, width)
    if short:
        above = records[start - 1]
        top = Top(Header(there=True), above.fields, end=above.line + above.lines, short=short)
        return replace(top, titles=above.line if start > 1 else 0), start
    header = _judged(records, start, width, there)
    padded = start > 0 and len(records[start - 1].fields) == width == 2
    if start and (not header.there or (padded and header.doubt)):
        start, header = 0, _judged(records, 0, width, there)
    if not header.there:
        return Top(header), 0
    return _with_more_lines(records, start, width, header)


def _judged(records: Sequence[Record], start: int, width: int, there: bool | None) -> Header:
    if len(records[start].fields) != width:
        return Header(there=False)
    header = judge_header(records[start].fields, _rows(records[start + 1 :], width))
    return header if there in {None, header.there} else Header(there=bool(there))


def _with_more_lines(
    records: Sequence[Record], start: int, width: int, header: Header
) -> tuple[Top, int]:
    """Return a header with the lines below that belong to it."""
    first, end = records[start], start + 1
    names = first.fields
    while end < len(records) and end - start < _MOST_HEADER_LINES:
        again = records[end].fields == first.fields and end == start + 1 and _is_twice(records, end)
        below = records[end]
        if not again and not (
            len(below.fields) == width
            and below.fields != first.fields
            and is_second_line(below.fields, _rows(records[end + 1 :], width))
        ):
            break
        names, end = tuple(joined(names, below.fields)), end + 1
    last, several = records[end - 1], end - start > 1
    if several:
        doubt = f'{end - start} lines are read as the header: "{", ".join(names)[:60]}"'
        header = Header(there=True, doubt=doubt)
    titles = first.line if start else 0
    return Top(header, names, titles, last.line + last.lines, several), end


def _is_twice(records: Sequence[Record], end: int) -> bool:
    """Say whether the record right below the header is its only repetition."""
    return not any(one.fields == records[end].fields for one in records[end + 1 :])


def _first_of_table(records: Sequence[Record], width: int) -> int:
    """Return the number of the first record that is no title: of the table's width, and filled."""
    for number, record in enumerate(records[:_TITLE_RECORDS]):
        if record.sound and len(record.fields) == width and not _is_title(records, number):
            return number
    return 0


def _is_title(records: Sequence[Record], number: int) -> bool:
    """Say whether a record is a title padded with delimiters: one text, above filled records."""
    filled = [value for value in records[number].fields if value.strip()]
    if len(records[number].fields) < 2 or len(filled) > 1 or any(map(is_typed, filled)):
        return False
    below = [one.fields for one in records[number + 1 : number + _LOOK_BELOW] if one.sound]
    fuller = [sum(bool(value.strip()) for value in row) > len(filled) for row in below]
    return len(fuller) > 1 and sum(fuller) >= _MOST * len(fuller)


def _short_header(records: Sequence[Record], start: int, width: int) -> str:
    """Say in which way the record above the table is a header with one field less, if it is."""
    if not start or len(records[start - 1].fields) != width - 1 or not records[start - 1].sound:
        return ""
    names = records[start - 1].fields
    if any(map(is_typed, names)) or not all(map(str.strip, names)) or len(set(names)) < len(names):
        return ""
    rows = _rows(records[start:], width)
    if not any(row[-1] for row in rows):
        return "trailing"
    as_header = votes_for(records[start].fields, rows[1:])
    named = len(names) > 1 or len(rows) > 1
    return "row names" if named and votes_for(names, [row[1:] for row in rows]) > as_header else ""


def _rows(records: Sequence[Record], width: int) -> list[Row]:
    sound = (one.fields for one in records if one.sound and len(one.fields) == width)
    return [fields for fields, _ in zip(sound, range(_LOOK_ROWS), strict=False)]
