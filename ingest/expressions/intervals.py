"""Read INTERVAL '1 day 2 hours'."""

import re
from typing import Final

from ingest.expressions.nodes import Interval

_UNITS: Final = {
    "year": Interval(months=12),
    "quarter": Interval(months=3),
    "month": Interval(months=1),
    "week": Interval(days=7),
    "day": Interval(days=1),
    "hour": Interval(microseconds=3_600_000_000),
    "minute": Interval(microseconds=60_000_000),
    "second": Interval(microseconds=1_000_000),
    "millisecond": Interval(microseconds=1_000),
    "microsecond": Interval(microseconds=1),
}
_PART = re.compile(r"([+-]?\d+)\s*([a-z]+)")


def parse_interval(text: str) -> Interval:
    """Return the length of time that is written as numbers and units.

    Raises:
        ValueError: a part is no whole number followed by a unit.
    """
    written = text.strip().lower()
    parts = _PART.findall(written)
    if not parts or _PART.sub("", written).strip(" ,"):
        raise ValueError(f"write numbers and units ({', '.join(_UNITS)}), as in '1 day 2 hours'")
    months = days = microseconds = 0
    for number, word in parts:
        unit = _UNITS.get(word.removesuffix("s"))
        if unit is None:
            raise ValueError(f'no such unit "{word}". Known units: {", ".join(_UNITS)}')
        months += int(number) * unit.months
        days += int(number) * unit.days
        microseconds += int(number) * unit.microseconds
    return Interval(months, days, microseconds)
