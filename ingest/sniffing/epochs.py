"""Whole numbers that may count seconds or parts of them since 1970."""

import re
from datetime import UTC, datetime

from ingest.sniffing.writing import flow

_FIRST_S, _LAST_S = 946_684_800, 4_102_444_800  # the years 2000 to 2099
_UNITS = {"epoch_s": 1, "epoch_ms": 1_000, "epoch_us": 1_000_000}
_NAMED = re.compile(
    r"(?i)(?:^|_)(?:ts|at|on|dt)(?:_|$)|[a-z]At$|time|date|epoch|stamp|created|updated|modified|when"
)
_CODES = re.compile(r"(?i)ean|gtin|isbn|barcode|phone|tel|(?:^|_)id$|number|nummer")


def epoch_note(name: str, least: int, most: int, *, text: bool) -> str:
    """Say as which moments whole numbers could be read, and how; nothing if that is unlikely.

    Seconds look like many other numbers, so that the column's name must speak of time. Of a `text`
    format the source must be told first that they are numbers.
    """
    source = f" and in source: columns: {flow({name: 'int64'})}," if text else ""
    for form, unit in _UNITS.items():
        within = _FIRST_S * unit <= least and most < _LAST_S * unit
        likely = _NAMED.search(name) or (unit > 1 and not _CODES.search(name))
        if within and likely:
            first, last = (f"{_moment(number, unit):%Y-%m-%d %H:%M:%S}" for number in (least, most))
            step = {
                "type": "cast",
                "columns": {name: {"type": "timestamp(us, UTC)", "format": form}},
            }
            return (
                f"may be {form}: then {first} to {last} UTC. To read it this way, set the type "
                f'"timestamp(us, UTC)" in contract.columns,{source} and add the step '
                f"{flow(step)}"
            )
    return ""


def _moment(number: int, unit: int) -> datetime:
    return datetime.fromtimestamp(number // unit, UTC)
