"""Dates and times as text, whatever their years: without Python's dates, and without a panic.

Python knows the years 1 to 9999, and Polars panics when it writes one 262,143 years away; databases
write `infinity` as a date in the year 294,247. Years of more than four digits have a sign before
them, as ISO 8601 wants: `+294247-01-10 04:00:54.775807`.
"""

from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from polars._typing import TimeUnit

FIRST_DAY: Final = -719_162
"""1 January of the year 1, in days since 1970."""
LAST_DAY: Final = 2_932_896
"""31 December of the year 9999."""
_CALENDAR: Final = (-96_465_292, 95_026_236)
"""The first and last day that Polars has a date for: others are numbers that it panics on."""
_PER_SECOND: Final = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_DAY_S: Final = 86_400


def iso_texts(values: pl.Series) -> pl.Series:
    """Return dates, times, timestamps and durations as text, with every digit that they have.

    A timestamp has a space between date and time, and a fraction of 6 or 9 digits unless that is
    zero. With a zone it is the instant in UTC, and ends in Z: the offset of a clock may be one that
    no text has room for.
    """
    texts = values.to_frame().select(near_texts(pl.first(), values.dtype)).to_series()
    if texts.null_count() == values.null_count():
        return texts
    places = (texts.is_null() & values.is_not_null()).arg_true()
    return texts.scatter(places, far_texts(values.gather(places)))


def near_texts(values: pl.Expr, kind: pl.DataType) -> pl.Expr:
    """Return what `iso_texts` does, null for dates and timestamps outside the years 1 to 9999."""
    if isinstance(kind, pl.Duration):
        return values.dt.to_string("iso")
    if isinstance(kind, pl.Time):
        return _shortened(values.dt.to_string("%H:%M:%S%.9f"), "ns")
    counts = values.to_physical()
    if not isinstance(kind, pl.Datetime):
        near = counts.is_between(FIRST_DAY, LAST_DAY)
        return pl.when(near).then(values).dt.to_string("%Y-%m-%d")
    unit = kind.time_unit
    if unit != "ns":  # those all lie between 1677 and 2262
        per_day = _DAY_S * _PER_SECOND[unit]
        near = counts.is_between(FIRST_DAY * per_day, (LAST_DAY + 1) * per_day - 1)
        counts = pl.when(near).then(counts)
    digits = 9 if unit == "ns" else 6
    texts = counts.cast(pl.Datetime(unit)).dt.to_string(f"%Y-%m-%d %H:%M:%S%.{digits}f")
    texts = _shortened(texts, unit)
    return texts + "Z" if kind.time_zone else texts


def beyond(values: pl.Series) -> pl.Series:
    """Return which dates or timestamps lie outside the years 1 to 9999, in UTC; null for null."""
    days = _days(values)
    return (days < FIRST_DAY) | (days > LAST_DAY)


def in_calendar(values: pl.Expr, kind: pl.DataType) -> pl.Expr:
    """Return dates or timestamps, null where Polars would panic when it works on them."""
    if isinstance(kind, pl.Datetime) and kind.time_unit != "ns":
        per_day = _DAY_S * _PER_SECOND[kind.time_unit]
    elif isinstance(kind, pl.Date):
        per_day = 1
    else:
        return values
    first, last = _CALENDAR
    counts = values.to_physical().cast(pl.Int64)
    return pl.when(counts.is_between(first * per_day, (last + 1) * per_day - 1)).then(values)


def outside(values: pl.Series) -> pl.Series:
    """Return which dates or timestamps Polars panics on when it writes them."""
    first, last = _CALENDAR
    days = _days(values)
    return (days < first) | (days > last)


def clipped(values: pl.Series) -> pl.Series:
    """Return dates and timestamps as near as Python's years come to them; others as they are."""
    if not isinstance(values.dtype, pl.Date | pl.Datetime):
        return values
    days = _days(values)
    per_day = 1
    if isinstance(values.dtype, pl.Datetime):
        per_day = _DAY_S * _PER_SECOND[values.dtype.time_unit]
    least, most = (FIRST_DAY + 1) * per_day, LAST_DAY * per_day  # a zone may be hours apart
    counts = values.to_physical()
    counts = counts.set(days <= FIRST_DAY, least).set(days >= LAST_DAY, most)
    return counts.cast(values.dtype) if beyond(values).any() else values


def _shortened(texts: pl.Expr, unit: "TimeUnit") -> pl.Expr:
    """Leave out the fraction of the second where it is zero, and nanoseconds where there are none.

    To write all digits first takes a third of what asking for the fraction takes.
    """
    texts = texts.str.strip_suffix("000") if unit == "ns" else texts
    return texts.str.strip_suffix(".000000")


def _days(values: pl.Series) -> pl.Series:
    counts = values.to_physical().cast(pl.Int64)
    if isinstance(values.dtype, pl.Datetime):
        return counts // (_DAY_S * _PER_SECOND[values.dtype.time_unit])
    return counts


def far_texts(values: pl.Series) -> pl.Series:
    """Return what `iso_texts` does, by the rules of the Gregorian calendar alone.

    This is Howard Hinnant's algorithm, which knows no first and no last year.
    """
    frame = pl.DataFrame({"days": _days(values)})
    shifted = pl.col("days") + 719_468
    era = shifted // 146_097
    day_of_era = shifted - era * 146_097
    year_of_era = (
        day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    place = (5 * day_of_year + 2) // 153
    month = pl.when(place < 10).then(place + 3).otherwise(place - 9)
    year = year_of_era + era * 400 + (month <= 2)
    sign = pl.when(year > 9_999).then(pl.lit("+")).when(year < 0).then(pl.lit("-"))
    date = pl.concat_str(
        sign.otherwise(pl.lit("")),
        year.abs().cast(pl.String).str.zfill(4),
        pl.lit("-"),
        month.cast(pl.String).str.zfill(2),
        pl.lit("-"),
        (day_of_year - (153 * place + 2) // 5 + 1).cast(pl.String).str.zfill(2),
    )
    if not isinstance(values.dtype, pl.Datetime):
        return frame.select(date).to_series()
    unit = values.dtype.time_unit
    clock = (values.to_physical() % (_DAY_S * _PER_SECOND[unit])) * (10**9 // _PER_SECOND[unit])
    times = iso_texts(clock.cast(pl.Time))
    texts = frame.select(pl.concat_str(date, pl.lit(" "), times)).to_series()
    return texts + "Z" if values.dtype.time_zone else texts
