"""How a delimited text file is written: delimiter, quote, line ends inside values."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from ingest.core.dataclass import dataclass
from ingest.sniffing.kinds import is_typed
from ingest.sniffing.notation import is_number
from ingest.sources.text.grammar import Grammar

DELIMITERS = (",", ";", "\t", "|", "\x01", "^")
_SPARE = ("\x1f", "\x1e", "~")
_LOOK_LINES = 400
_LOOK_FIELDS = 4000
_MOST_COMMENTS = 20
_PREFERENCE = ("'", None, '"')
_UNDECODED = re.compile(r"[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How records and fields are told apart. `quote` is None if quotes mean nothing."""

    delimiter: str
    quote: str | None = '"'
    multiline: bool = False
    comment: str | None = None

    @property
    def grammar(self) -> Grammar:
        """The source's own rules of what is malformed."""
        return Grammar(self.delimiter, self.quote)


@dataclass(frozen=True, slots=True)
class Record:
    """A record: its fields, whether its quotes and bytes are sound, and its text.

    It begins in line `line` of its piece, from 0, and takes so many `lines`.
    """

    fields: tuple[str, ...]
    sound: bool
    text: str = ""
    line: int = 0
    lines: int = 1


def find_dialect(head: str, delimiter: str | None = None) -> Dialect:
    """Return the dialect under which the head of a file falls into the most regular table.

    `delimiter` is what the file itself says that it is.
    """
    lines = _lines(head)[:_LOOK_LINES]
    comment = "#" if _has_comments(lines) else None
    options = [
        Dialect(sign, quote, multiline, comment)
        for quote, multiline in (('"', False), ('"', True), ("'", False), (None, False))
        for sign in ([delimiter] if delimiter else DELIMITERS)
    ]
    best = max(options, key=lambda option: _score(lines, option))
    records = split(lines, best)
    if delimiter is None and (_width(records) == 1 or _are_decimals(records, best)):
        # Of a single column the delimiter must be a sign that does not occur.
        free = next((sign for sign in (*DELIMITERS, *_SPARE) if sign not in head), _SPARE[-1])
        return Dialect(free, best.quote, best.multiline, comment)
    return best


def _are_decimals(records: Sequence[Record], dialect: Dialect) -> bool:
    """Say whether a delimiter is the sign before the fractions of a single column."""
    body = [record for record in records if record.text][1:]
    one = dialect.delimiter == "," and records[:1] and len(records[0].fields) == 1
    return bool(one and body) and all(is_number(record.text) for record in body)


def split(lines: Sequence[str], dialect: Dialect) -> list[Record]:
    """Return the records of some lines; blank and comment lines are none."""
    return list(_joined(lines, dialect) if dialect.multiline else _one_by_one(lines, dialect))


def records_of(piece: str, dialect: Dialect) -> list[Record]:
    """Return the records of a piece of text."""
    return split(_lines(piece), dialect)


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def _has_comments(lines: Sequence[str]) -> bool:
    """Say whether the file begins with remarks: lines with # that are not its header."""
    marked = [line.startswith("#") for line in lines[: _MOST_COMMENTS + 1]]
    leading = marked.index(False) if False in marked else 0
    if not leading or leading > _MOST_COMMENTS:
        return False
    signs = [sign for sign in DELIMITERS if sign in lines[leading]]
    return not any(lines[leading - 1].count(one) == lines[leading].count(one) for one in signs)


def _one_by_one(lines: Sequence[str], dialect: Dialect) -> Iterator[Record]:
    for number, line in enumerate(lines):
        if not _is_no_record(line, dialect):
            yield _record([line], dialect, number)


def _joined(lines: Sequence[str], dialect: Dialect) -> Iterator[Record]:
    """Join lines while a quote is open."""
    quote = dialect.quote or ""
    joined: list[str] = []
    inside = False
    for number, line in enumerate(lines):
        if not inside and _is_no_record(line, dialect):
            continue
        joined.append(line)
        inside ^= line.count(quote) % 2 == 1
        if not inside:
            yield _record(joined, dialect, number + 1 - len(joined))
            joined = []
    if joined:
        yield _record(joined, dialect, len(lines) - len(joined))


def _is_no_record(line: str, dialect: Dialect) -> bool:
    return line in {"", "\r"} or (dialect.comment is not None and line.startswith(dialect.comment))


def _record(lines: Sequence[str], dialect: Dialect, number: int) -> Record:
    text = "\n".join(lines).rstrip("\r")
    sound = True
    fields: list[str] | str = text.split(dialect.delimiter)
    if dialect.quote is not None and dialect.quote in text:
        fields = dialect.grammar.split_one(text)
    if isinstance(fields, str):
        fields, sound = text.split(dialect.delimiter), False
    return Record(tuple(fields), sound and _is_clean(text), text, number, len(lines))


def _is_clean(text: str) -> bool:
    """Say whether all bytes of a text could be decoded and none is NUL."""
    return "\0" not in text and (text.isascii() or _UNDECODED.search(text) is None)


def _width(records: Sequence[Record]) -> int:
    widths = Counter(len(record.fields) for record in records if record.sound)
    return widths.most_common(1)[0][0] if widths else 1


def _is_quoted(value: str) -> bool:
    """Say whether quotes are left around a value."""
    return len(value) > 1 and value[0] == value[-1] and value[0] in {'"', "'"}


def _has_quoted(record: Record) -> bool:
    """Say whether quotes are left around a value of a record."""
    quotes = '"' in record.text or "'" in record.text
    return quotes and any(map(_is_quoted, record.fields))


def _score(lines: Sequence[str], option: Dialect) -> tuple[float, bool, float, int, bool, int]:
    """Rate an option: the share of lines in regular records first, then of plausible fields."""
    records = split(lines, option)
    width = _width(records)
    total = sum(record.lines for record in records) or 1
    regular = [
        record
        for record in records
        if record.sound
        and len(record.fields) == width
        and (option.quote == '"' or not _has_quoted(record))
    ]
    share = sum(record.lines for record in regular) / total
    if width == 1:  # any text is a regular table of one column
        share = min(share, 0.6)
    others = set(DELIMITERS) - {option.delimiter}
    fields = list(islice((value for one in regular for value in one.fields), _LOOK_FIELDS))
    signed = {value for value in fields if not value.isalnum()}
    mixed = {value for value in signed if others.intersection(value) or _is_quoted(value)}
    odd = {value for value in mixed if not is_typed(value)}
    plausible = 1 - sum(value in odd for value in fields) / (len(fields) or 1)
    first = bool(records) and len(records[0].fields) == width
    preference = _PREFERENCE.index(option.quote)
    return round(share, 2), first, round(plausible, 2), preference, not option.multiline, width
