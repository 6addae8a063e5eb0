"""Cron expressions, as Kubernetes and KubeRay read them."""

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, MONTHS),
    ("day of the week", 0, 6, DAYS),
)
LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""How many days each month may have."""
NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_DAYS_BACK = 8 * 366
"""A day of February 29 was at most eight years ago."""
FORM = 'Write five fields, such as "30 2 * * *" for 02:30 every day, or one of ' + ", ".join(
    NICKNAMES
)
_PART = re.compile(r"(\*|\?|(?P<first>\w+)(-(?P<last>\w+))?)(/(?P<step>\d+))?")


def mistake(cron: str) -> str:
    """Say what is wrong with a cron expression; empty if nothing is."""
    if cron.startswith(("TZ=", "CRON_TZ=")):
        return f'"{cron}": a time zone is a setting of its own: timezone'
    if cron.startswith("@"):
        return "" if cron in NICKNAMES else f'"{cron}": is unknown. {FORM}'
    fields = cron.split()
    if len(fields) != len(FIELDS):
        return f'"{cron}": has {len(fields)} fields. {FORM}'
    for text, (name, least, most, names) in zip(fields, FIELDS, strict=True):
        for part in text.split(","):
            if wrong := _wrong(part, least, most, names):
                return f'"{cron}": {name}: "{part}" {wrong}'
    if _is_never(*fields[2:]):
        return (
            f'"{cron}": never runs: no such month has a day {fields[2]}. Write a day that there is'
        )
    return ""


def unknown_zone(timezone: str) -> str:
    """Say what is wrong with the name of a time zone; empty if nothing is."""
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return (
            f'"{timezone}": there is no such time zone. Write a name of the IANA database, such as '
            "Europe/Berlin or UTC"
        )
    return ""


def last_due(cron: str, timezone: str, now: datetime) -> datetime | None:
    """Return the last moment up to `now` that an expression without mistakes means, in UTC.

    A time that a change of the clocks leaves out is not meant, as Kubernetes has it.
    """
    zone, fields = ZoneInfo(timezone), NICKNAMES.get(cron, cron).split()
    minutes, hours, _, months, _ = (
        _values(text, *field[1:]) for text, field in zip(fields, FIELDS, strict=True)
    )
    here = now.astimezone(zone)
    for back in range(_DAYS_BACK):
        day = here.date() - timedelta(days=back)
        if day.month not in months or not _is_meant(fields, day.day, day.isoweekday() % 7):
            continue
        for hour in sorted(hours, reverse=True):
            for minute in sorted(minutes, reverse=True):
                there = datetime.combine(day, time(hour, minute), zone)
                due = there.astimezone(UTC)
                if due <= now and due.astimezone(zone).hour == hour:
                    return due
    return None


def _is_meant(fields: list[str], day: int, weekday: int) -> bool:
    """Whether a day is meant. Where both kinds of days are limited, one of them is enough."""
    limits = [not fields[number].startswith(("*", "?")) for number in (2, 4)]
    kept = [
        number in _values(fields[place], *FIELDS[place][1:])
        for place, number in ((2, day), (4, weekday))
    ]
    return any(kept) if all(limits) else all(kept)


def _wrong(part: str, least: int, most: int, names: tuple[str, ...]) -> str:
    match = _PART.fullmatch(part)
    if match is None:
        return "cannot be read. Write *, a number, a range 1-5, or a step */15"
    if match["step"] is not None and int(match["step"]) == 0:
        return "has the step 0. Write a step from 1"
    values = []
    for text in (match["first"], match["last"]):
        if text is not None:
            value = _number(text, least, names)
            if value is None or not least <= value <= most:
                return f"is out of range. Write {least} to {most}"
            values.append(value)
    return "ends before it begins" if values != sorted(values) else ""


def _is_never(days: str, months: str, weekdays: str) -> bool:
    """Whether no date is meant. Where both kinds of days are limited, one of them is enough."""
    if not weekdays.startswith(("*", "?")):
        return False
    longest = max(LONGEST[month - 1] for month in _values(months, *FIELDS[3][1:]))
    return min(_values(days, *FIELDS[2][1:])) > longest


def _values(field: str, least: int, most: int, names: tuple[str, ...]) -> set[int]:
    """Return the numbers that a field stands for; it is without mistakes."""
    values: set[int] = set()
    for part in field.split(","):
        match = _PART.fullmatch(part)
        assert match is not None, "it has been checked"
        numbers = [_number(text, least, names) for text in match.group("first", "last") if text]
        first, *last = [number for number in numbers if number is not None] or [least]
        open_end = match["step"] or not match["first"]  # a number with a step: all from there on
        last = last or [most if open_end else first]
        values.update(range(first, last[0] + 1, int(match["step"] or 1)))
    return values


def _number(text: str, least: int, names: tuple[str, ...]) -> int | None:
    if text.isdecimal():
        return int(text)
    return least + names.index(text.lower()) if text.lower() in names else None
