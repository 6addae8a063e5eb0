"""Checks that a sample suggests, for an author to take over: a next file may break any of them."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from ingest.core.dataclass import dataclass
from ingest.sniffing.columns import Column
from ingest.sniffing.private import names_people

ENOUGH_ROWS = 100
"""Fewer rows than this say nothing about what may come."""
_OFTEN = 3
_LARGEST_BOUND = 10**15  # fits decimal(18,2), and is exact as a float64
_SMALL_INTEGERS = {"int8": 127, "int16": 32767, "int32": 2**31 - 1}
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_MOST_KEYS = 3
_LONGEST_CODE = 20
_CODE = re.compile(r"[A-Z0-9_./+-]*|[a-z0-9_./+-]+(?: [a-z0-9_./+-]+)?")
"""A code in capitals, or one or two words in small letters: `DE`, `in progress`, but not `Anna`."""
_CODED = re.compile(
    r"(?i)status|state|type|kind|categor|class|level|mode|gender|sex|currency|countr|region|priority"
    r"|grade|unit|code|flag|typ(?:e)?$|art$|stufe|waehrung|land$"
)
"""Names of columns whose values are codes, however they are written."""
_MISSING = "???"  # a value that cannot be written in a job: it stands for "not given yet"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A check, and what of the sample speaks for it."""

    check: dict[str, Any]
    why: str


def suggest(columns: Sequence[Column]) -> list[Suggestion]:
    """Return checks that all rows of the sample pass."""
    always = [column.name for column in columns if never_null(column)]
    rows = max((column.rows for column in columns), default=0)
    why = f"no nulls in {rows:,} sampled rows"
    filled = [Suggestion({"type": "not_null", "columns": always}, why)] if always else []
    return [*filled, *(one for column in columns for one in _of_column(column)), *_keys(columns)]


def never_null(column: Column) -> bool:
    """Say whether enough rows show no nulls in a column."""
    return column.nulls == 0 and column.rows >= ENOUGH_ROWS


def _of_column(column: Column) -> Iterator[Suggestion]:
    if column.rows - column.nulls < ENOUGH_ROWS:
        return
    if column.type == "string" and _is_set(column):
        values = sorted(column.values)
        yield Suggestion(
            {"type": "in_set", "column": column.name, "values": values},
            f"the only values in {column.rows:,} sampled rows",
        )
    elif bounds := _bounds(column):
        yield Suggestion(
            {"type": "range", "column": column.name, **bounds},
            f"wider than the sample, which has {column.least} to {column.most}",
        )


def _is_set(column: Column) -> bool:
    """Say whether a few codes come again and again: later rows bring none that is new.

    Names are no codes, of people or of things: tomorrow there is another one.
    """
    values = column.values
    often = all(count >= _OFTEN for count in values.values())
    if len(values) < 2 or not column.settled or not often or _MISSING in values:
        return False
    coded = _CODED.search(column.name) is not None
    return not names_people(column.name) and all(
        len(value) <= _LONGEST_CODE and (coded or _CODE.fullmatch(value)) for value in values
    )


def _bounds(column: Column) -> dict[str, int]:
    """Return bounds for a number: more than ten times as wide as what was seen.

    None on a side to which the numbers tend, and no upper one for a number that names things.
    """
    if not isinstance(column.least, int | float | Decimal) or isinstance(column.least, bool):
        return {}
    largest = max(abs(column.least), abs(column.most))
    if column.least == column.most or not largest < _LARGEST_BOUND / 100:
        return {}
    bound = 10 ** (len(str(int(largest))) + 1)
    positive = column.least >= 0
    low = {} if column.falls else {"min": 0 if positive else -bound}
    high = {} if column.grows or column.unique else {"max": bound}
    return {
        side: value for side, value in {**low, **high}.items() if abs(value) <= _limit(column.type)
    }


def _limit(kind: str) -> int:
    """Return the largest bound that is a value of a type."""
    if match := _DECIMAL.fullmatch(kind):
        return int(min(_LARGEST_BOUND, 10 ** (int(match[1]) - int(match[2])) - 1))
    return _SMALL_INTEGERS.get(kind, _LARGEST_BOUND)


def _keys(columns: Sequence[Column]) -> Iterator[Suggestion]:
    """Yield columns whose values never come twice, as keys to think about."""
    unique = [column for column in columns if column.unique and column.rows >= ENOUGH_ROWS]
    named = [column for column in unique if column.type in {"int64", "string"}]
    for column in named[:_MOST_KEYS]:
        yield Suggestion(
            {"type": "unique_in_partition", "columns": [column.name]},
            f"no duplicates in {column.rows:,} sampled rows. Is it a key?",
        )
