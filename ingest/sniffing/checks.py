"""Checks that a sample suggests: wide enough for what the sample does not show."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ingest.sniffing.columns import Column

ENOUGH_ROWS = 100
"""Fewer rows than this say nothing about what may come."""
_OFTEN = 3
_LARGEST_BOUND = 10**15  # fits decimal(18,2), and is exact as a float64
_SMALL_INTEGERS = {"int8": 127, "int16": 32767, "int32": 2**31 - 1}
_MOST_KEYS = 3
_MISSING = "???"  # a value that cannot be written in a job: it stands for "not given yet"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A check and the reason for it. One that is not `sure` is written as a comment."""

    check: dict[str, Any]
    why: str
    sure: bool = True


def suggest(columns: Sequence[Column]) -> list[Suggestion]:
    """Return checks for the columns, those that are sure first."""
    found = [one for column in columns for one in _of_column(column)]
    return sorted([*found, *_keys(columns)], key=lambda one: not one.sure)


def never_null(column: Column) -> bool:
    """Say whether a column may be held not to have nulls: enough rows show none."""
    return column.nulls == 0 and column.rows >= ENOUGH_ROWS


def _of_column(column: Column) -> Iterator[Suggestion]:
    if column.rows - column.nulls < ENOUGH_ROWS:
        return
    if column.type == "string" and _is_set(column):
        values = sorted(column.values)
        yield Suggestion(
            {"type": "in_set", "column": column.name, "values": values},
            f"all values of {column.rows:,} sampled rows",
        )
    elif column.kind.format and "%Y" in column.kind.format and column.least.year >= 1900:
        yield Suggestion(
            {"type": "range", "column": column.name, "min": "1900-01-01"},
            "%Y also reads years of two digits: 13 would be the year 13",
        )
    elif bounds := _bounds(column):
        yield Suggestion(
            {"type": "range", "column": column.name, **bounds},
            f"the sample has {column.least} to {column.most}",
        )


def _is_set(column: Column) -> bool:
    """Say whether a few values come again and again: later rows bring none that is new."""
    often = all(count >= _OFTEN for count in column.values.values())
    return len(column.values) > 1 and column.settled and often and _MISSING not in column.values


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
    limit = _SMALL_INTEGERS.get(column.type, _LARGEST_BOUND)
    return {side: value for side, value in {**low, **high}.items() if abs(value) <= limit}


def _keys(columns: Sequence[Column]) -> Iterator[Suggestion]:
    """Yield columns whose values never come twice, as keys to think about."""
    unique = [column for column in columns if column.unique and column.rows >= ENOUGH_ROWS]
    named = [column for column in unique if column.type in {"int64", "string"}]
    for column in named[:_MOST_KEYS]:
        yield Suggestion(
            {"type": "unique_in_partition", "columns": [column.name]},
            f"no value came twice in {column.rows:,} rows. Is it a key?",
            sure=False,
        )
