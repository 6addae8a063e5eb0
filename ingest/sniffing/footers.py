"""Lines of a table that are no records: totals, and notes below it."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction

import polars as pl

from ingest.core.dataclass import dataclass
from ingest.sniffing.dialect import Record
from ingest.sniffing.kind import NULLS
from ingest.sniffing.kinds import are_typed, is_typed
from ingest.sniffing.notation import UNTOLD, signs_of

_TOTAL = re.compile(
    r"(?i)\W*(?:grand |sub)?(?:total(?:s|e|i|es)?|sums?|summe|gesamt\w*|insgesamt|zusammen|somme"
    r"|suma|ensemble|zwischensumme|average|mean|durchschnitt|mittelwert)\b.*"
)
_NOTE = re.compile(
    r"(?i)\W*(?:\*|©|\d\)|(?:sources?|quellen?|fuente|fonte|notes?|anmerkung(?:en)?|hinweis|fußnote"
    r"|stand|last updated?|generated|erstellt|copyright|disclaimer|end of (?:file|report))\b).*"
)
_LAST_RECORDS = 10
_LOOK_ROWS = 1000
_LONGEST_PREFIX = 30
_SPECIAL = re.compile(r"([.^$*+?()\[\]{}|\\])")


@dataclass(frozen=True, slots=True)
class Footer:
    """A record that is none: what it is, and how the lines that are like it begin, as a pattern.

    `sure` says that nothing else is likely.
    """

    record: Record
    what: str
    pattern: str
    sure: bool


@dataclass(frozen=True, slots=True)
class _Table:
    """What the ordinary rows show: which columns are typed, and which are never empty."""

    rows: list[tuple[str, ...]]
    typed: list[bool]
    full: list[bool]

    @property
    def width(self) -> int:
        return len(self.typed)


def find_footers(records: Sequence[Record], width: int, *, ended: bool) -> list[Footer]:
    """Return the records that are totals, and the notes at the end, if the end is among them."""
    if width < 2:
        return []
    last = set(map(id, records[-_LAST_RECORDS:])) if ended and len(records) > 2 else set()
    fitting = [one for one in records if one.sound and len(one.fields) == width]
    named = [one for one in fitting if _TOTAL.fullmatch(_first(one)[1])]
    apart = {id(one) for one in named} | {id(one) for one in records[-1:] if id(one) in last}
    table = _table([one.fields for one in fitting if id(one) not in apart][:_LOOK_ROWS], width)
    if not table.rows:
        return []
    totals = [found for one in fitting if id(one) in apart and (found := _total(one, table, last))]
    words = Counter(_first(one)[1] for one in named)  # a word that comes again is a category
    totals = [one for one in totals if one.sure or words[_first(one.record)[1]] == 1]
    lines = {id(total.record) for total in totals}
    notes = _notes([one for one in records if id(one) not in lines], table, last)
    return [*totals, *notes]


def _table(rows: list[tuple[str, ...]], width: int) -> _Table:
    columns = list(zip(*rows, strict=True)) or [()] * width
    known = [[text for text in dict.fromkeys(texts) if text not in NULLS] for texts in columns]
    return _Table(
        rows,
        [bool(texts) and are_typed(texts) for texts in known],
        [all(map(str.strip, texts)) for texts in columns],
    )


def _total(record: Record, table: _Table, last: set[int]) -> Footer | None:
    """Judge a record whose first value may be the word for a total."""
    place, word = _first(record)
    if word in NULLS or is_typed(word):
        return None
    gaps = sum(
        full and not value.strip() for full, value in zip(table.full, record.fields, strict=True)
    )
    blank = sum(not value.strip() for value in record.fields)
    named = _TOTAL.fullmatch(word) is not None
    odd = table.typed[place]
    mostly = blank * 2 >= table.width - 1
    sure = (named and (gaps > 0 or odd)) or (odd and gaps > 0 and mostly)
    if not sure and not (named and id(record) in last):
        return None
    sure = sure or _sums_up(record, table)
    return Footer(record, "a total", _beginning(record, word), sure and _is_apart(record, table))


def _notes(records: Sequence[Record], table: _Table, last: set[int]) -> Iterator[Footer]:
    """Yield the notes at the end, from the last one upwards."""
    for record in reversed(records):
        if id(record) not in last or not _is_note(record, table):
            return
        yield Footer(record, "a note", _note_pattern(record.text), sure=True)


def _is_note(record: Record, table: _Table) -> bool:
    """Say whether a record is a text below the table: it begins as notes do, or is all there is."""
    place, text = _first(record)
    if is_typed(text):
        return False
    columns = zip(table.full, table.typed, record.fields, strict=False)
    odd = any(
        (full and not value.strip()) or (typed and value.strip() and not is_typed(value))
        for full, typed, value in columns
    )
    odd = odd or not record.sound or len(record.fields) != table.width
    alone = place == 0 and sum(bool(value.strip()) for value in record.fields) == 1
    return odd and (_NOTE.fullmatch(text) is not None or (alone and " " in text))


def _sums_up(record: Record, table: _Table) -> bool:
    """Say whether a number of a record is the sum of those above."""
    for place, value in enumerate(record.fields):
        if not (table.typed[place] and value.strip()):
            continue
        texts = [row[place] for row in table.rows if row[place] not in NULLS]
        numbers = _numbers([*texts, value])
        if len(texts) > 1 and numbers and sum(numbers[:-1]) == numbers[-1] != 0:
            return True
    return False


def _numbers(texts: list[str]) -> list[Fraction]:
    """Return the numbers that texts are; none if it is not sure of all."""
    signs = signs_of(texts)
    notation = signs and UNTOLD.of_column(texts, signs)
    if not signs or not notation:
        return []
    plain = notation.numerals(signs).plain(pl.Series(texts, dtype=pl.String))
    return [Fraction(text) for text in plain]


def _first(record: Record) -> tuple[int, str]:
    """Return the first value of a record that is not blank, and its place."""
    for place, value in enumerate(record.fields):
        if value.strip():
            return place, value.strip()
    return 0, ""


def _is_apart(record: Record, table: _Table) -> bool:
    """Say whether no ordinary row begins with the same value."""
    place, word = _first(record)
    return not any(row[place].strip() == word for row in table.rows)


def _beginning(record: Record, word: str) -> str:
    """Return the pattern of lines that begin as a record does, up to behind its first value."""
    end = record.text.find(word) + len(word)
    rest = record.text[end : end + 2]
    more = 2 if rest[:1] in {'"', "'"} else 1
    return "^" + escaped(record.text[: end + min(more, len(rest))])


def _note_pattern(text: str) -> str:
    """Return the pattern of lines that begin as a note does, up to its first digits."""
    if match := re.match(r"\W*\d+\)", text):
        return "^" + escaped(match[0]).replace(re.sub(r"\D", "", match[0]), "[0-9]+")
    start = re.split(r"\d", text, maxsplit=1)[0][:_LONGEST_PREFIX]
    colon = start.find(":")
    return "^" + escaped(start[: colon + 1] if colon >= 0 else start)


def escaped(text: str) -> str:
    """Return a pattern for a text itself, in signs that all engines read alike."""
    return _SPECIAL.sub(r"\\\1", text)
