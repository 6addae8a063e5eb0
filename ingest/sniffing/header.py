"""Whether a first record names the columns, and how sure that is."""

import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from ingest.core.dataclass import dataclass
from ingest.sniffing.kind import NULLS
from ingest.sniffing.kinds import are_typed, is_typed
from ingest.sniffing.notation import is_number

_LOOK_ROWS = 500
_LOOK_VALUES = 100
_LEAST_ROWS = 3
_FOOTERS = 2
_ENOUGH_VALUES = 10
_YEAR = re.compile(r"(?:19|20)\d\d")
_UNIT = re.compile(
    r"(?i)[\[(]?(?:%|[€$£]|eur|usd|chf|gbp|[a-z\u00b5°]{1,3}[²³]?(?:/[a-z]{1,3})?)[\])]?"
)
_WHOLE = re.compile(r"-?\d+")


@dataclass(frozen=True, slots=True)
class Header:
    """Whether there is one, and a sentence on why that is not sure; empty if it is."""

    there: bool
    doubt: str = ""


def judge_header(first: Sequence[str], rows: Sequence[Sequence[str]]) -> Header:
    """Say whether a first record names the columns of the rows below, which are as wide.

    Each column votes: for a name if it stands over numbers or dates and is none itself, or is a
    year over what are none; against one if it is a number over numbers, or a text that comes again
    below. Undecided, it is a header. A record that is the first one once more has no vote.
    """
    shown = ", ".join(first)[:60]
    if not rows:
        return _alone(first, shown)
    rows = _telling(first, rows)
    votes = [
        _vote(value, column) for value, column in zip(first, _columns(rows, first), strict=True)
    ]
    if sum(votes) < 0 and not _are_years(first):
        doubt = f'the first line "{shown}" is read as a record, but parts of it may be column names'
        return Header(there=False, doubt=doubt if max(votes) > 0 else "")
    sure = any(vote > 0 and not is_typed(value) for vote, value in zip(votes, first, strict=True))
    if _are_years(first) or (sure and min(votes) >= 0):
        return Header(there=True)
    return Header(
        there=True,
        doubt=(
            f'the first line "{shown}" is read as column names, but this is not certain. If it is '
            "a record, write header: false"
        ),
    )


def votes_for(first: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Return how many columns vote for names, less those against."""
    columns = _columns(_telling(first, rows), first)
    return sum(_vote(value, column) for value, column in zip(first, columns, strict=True))


def is_second_line(record: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Say whether a record below a header belongs to it: units, or the names once more.

    It is a text over columns of numbers and dates, in all of them where it says anything. Over one
    such column alone it must be a unit: else it may be what stands there for an unknown value.
    """
    if len(rows) < 2:
        return False
    over = []
    for value, column in zip(record, _columns(rows[:_LOOK_ROWS], record), strict=True):
        if value.strip() and value not in NULLS and column and are_typed(column):
            if is_typed(value):
                return False
            over.append(value)
    return len(over) > 1 or (len(over) == 1 and _UNIT.fullmatch(over[0]) is not None)


def joined(first: Sequence[str], second: Sequence[str]) -> list[str]:
    """Return the names that two header lines make: `length` over `cm` is `length cm`.

    A name that stands over several columns is written over the first of them only.
    """
    names, above = [], ""
    for upper, lower in zip(first, second, strict=True):
        above = upper.strip() or above
        below = lower.strip()
        names.append(above if below in {"", above} else f"{above} {below}".strip())
    return names


def _telling(first: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """Return the rows that say something of the first record: not it again, nor a footer's."""
    above = rows[: min(_LOOK_ROWS, max(_LEAST_ROWS, len(rows) - _FOOTERS))]
    return [row for row in above if list(row) != list(first)]


def _alone(first: Sequence[str], shown: str) -> Header:
    """Judge the only record of a file."""
    typed = any(map(is_typed, first)) and not _are_years(first)
    if typed or not all(value.strip() for value in first):
        doubt = (
            f'the only line "{shown}" is read as a record, because it contains numbers, dates or '
            "empty fields"
        )
        return Header(there=False, doubt=doubt)
    if len(set(first)) < len(first):
        return Header(there=False, doubt=f'the only line "{shown}" is read as a record')
    return Header(
        there=True,
        doubt=(
            f'the only line "{shown}" is read as column names. There are no records to infer types '
            "from, so all columns are strings"
        ),
    )


def _columns(rows: Sequence[Sequence[str]], first: Sequence[str]) -> Iterator[list[str]]:
    """Yield a few known values of each column, in order of their first appearance."""
    columns = zip(*rows, strict=True) if rows else itertools.repeat((), len(first))
    for texts in columns:
        yield [text for text in dict.fromkeys(texts) if text not in NULLS]


def _vote(value: str, below: Collection[str]) -> int:
    known = list(below)[:_LOOK_VALUES]
    if not value.strip() or not known:
        return 0
    if value in below:
        return -1
    if not are_typed(known):
        return int(is_typed(value) and not any(map(is_typed, known)))
    if not is_typed(value):
        return 1
    return _vote_of_number(value, known)


def _vote_of_number(value: str, known: Sequence[str]) -> int:
    """Judge a number or date over such: a year over others may be a name, as in `2019,2020`."""
    if is_number(value) is not is_number(known[0]):
        return 1  # a date over numbers, or a number over dates
    if _YEAR.fullmatch(value):
        return -1 if all(map(_YEAR.fullmatch, known)) else 1
    other = _WHOLE.fullmatch(value) and not any(map(_WHOLE.fullmatch, known))
    return 1 if other and len(known) >= _ENOUGH_VALUES else -1


def _are_years(first: Sequence[str]) -> bool:
    """Say whether all that is typed in a record are years, each once, and more than one."""
    typed = Counter(value for value in first if is_typed(value))
    return len(typed) > 1 and max(typed.values()) == 1 and all(map(_YEAR.fullmatch, typed))
