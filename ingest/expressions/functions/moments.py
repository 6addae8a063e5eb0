"""Functions of dates, times, timestamps and durations. Units are written out: 'day', 'month'."""

import re
from collections.abc import Callable
from typing import Final

import polars as pl

from ingest.core.values.casting import converted
from ingest.expressions.catalogue import Build, function
from ingest.expressions.values import Unfit, Value, family, unify

Part = Callable[[pl.Expr], pl.Expr]

_PARTS: Final[dict[str, Part]] = {
    "year": lambda moment: moment.dt.year(),
    "quarter": lambda moment: moment.dt.quarter(),
    "month": lambda moment: moment.dt.month(),
    "week": lambda moment: moment.dt.week(),
    "day": lambda moment: moment.dt.day(),
    "dow": lambda moment: moment.dt.weekday() % 7,
    "isodow": lambda moment: moment.dt.weekday(),
    "doy": lambda moment: moment.dt.ordinal_day(),
    "hour": lambda moment: moment.dt.hour(),
    "minute": lambda moment: moment.dt.minute(),
    "second": lambda moment: moment.dt.second(),
    "millisecond": lambda moment: moment.dt.second() * 1000 + moment.dt.millisecond(),
    "microsecond": lambda moment: (
        moment.dt.second().cast(pl.Int64) * 1_000_000 + moment.dt.microsecond()
    ),
    "epoch": lambda moment: moment.dt.timestamp("us") / 1_000_000,
}
_OF_A_DAY: Final = ("hour", "minute", "second", "millisecond", "microsecond")
_TRUNCATED: Final = {
    "year": "1y",
    "quarter": "1q",
    "month": "1mo",
    "week": "1w",
    "day": "1d",
    "hour": "1h",
    "minute": "1m",
    "second": "1s",
    "millisecond": "1ms",
    "microsecond": "1us",
}
_MICROSECONDS: Final = {
    "hour": 3_600_000_000,
    "minute": 60_000_000,
    "second": 1_000_000,
    "millisecond": 1_000,
    "microsecond": 1,
}


def _unit(value: Value, known: "dict[str, str] | dict[str, Part]") -> str:
    unit = str(value.constant).lower()
    if unit not in known:
        raise Unfit(f'no such unit "{value.constant}". Known units: {", ".join(known)}')
    return unit


@function(
    "date_trunc('text', date|timestamp)",
    "date_trunc('month', DATE '2013-05-17')",
    "DATE '2013-05-01'",
    "datetrunc",
)
def date_trunc(unit: Value, moment: Value) -> pl.Expr:
    """The beginning of the year, quarter, month, week (Monday), day, hour, ...

    A date stays a date.
    """
    name = _unit(unit, _TRUNCATED)
    if moment.dtype == pl.Date() and name in _OF_A_DAY:
        return moment.expr
    return moment.expr.dt.truncate(_TRUNCATED[name])


@function(
    "date_part('text', date|time|timestamp)", "date_part('dow', DATE '2013-12-29')", "0", "datepart"
)
def date_part(unit: Value, moment: Value) -> pl.Expr:
    """A part as a number.

    Year, quarter, month, week (ISO), day, dow (Sunday is 0), isodow (Monday is 1), doy, hour,
    minute, second, millisecond, microsecond, epoch. Also `EXTRACT(year FROM t)`.
    """
    name = _unit(unit, _PARTS)
    kind = family(moment.dtype)
    if kind == "date" and name in _OF_A_DAY:
        raise Unfit(f"date_part: a date has no {name}")
    if kind == "time" and name not in _OF_A_DAY:
        raise Unfit(f"date_part: a time has no {name}")
    number = _PARTS[name](moment.expr)
    return number if name == "epoch" else number.cast(pl.Int64)


def _shorthand(part: str) -> Build:
    def build(moment: Value) -> pl.Expr:
        return date_part(Value(pl.lit(part), pl.String(), literal=True, constant=part), moment)

    build.__doc__ = f"`date_part('{part}', t)`."
    return build


for _name, _unit_name, _kinds, _example, _gives in (
    ("year", "year", "date|timestamp", "year(DATE '2013-05-17')", "2013"),
    ("quarter", "quarter", "date|timestamp", "quarter(DATE '2013-05-17')", "2"),
    ("month", "month", "date|timestamp", "month(DATE '2013-05-17')", "5"),
    ("week", "week", "date|timestamp", "week(DATE '2013-01-01')", "1"),
    ("day", "day", "date|timestamp", "day(DATE '2013-05-17')", "17"),
    ("dayofweek", "dow", "date|timestamp", "dayofweek(DATE '2013-05-17')", "5"),
    ("isodow", "isodow", "date|timestamp", "isodow(DATE '2013-05-19')", "7"),
    ("dayofyear", "doy", "date|timestamp", "dayofyear(DATE '2013-02-01')", "32"),
    ("hour", "hour", "time|timestamp", "hour(TIME '14:25:36')", "14"),
    ("minute", "minute", "time|timestamp", "minute(TIME '14:25:36')", "25"),
    ("second", "second", "time|timestamp", "second(TIME '14:25:36')", "36"),
):
    function(f"{_name}({_kinds})", _example, _gives)(_shorthand(_unit_name))


@function(
    "date_diff('text', date|timestamp, date|timestamp)",
    "date_diff('month', DATE '2013-01-31', DATE '2013-03-01')",
    "2",
    "datediff",
)
def date_diff(unit: Value, start: Value, end: Value) -> pl.Expr:
    """The number of unit boundaries between the first and the second, as in DuckDB.

    From 31 December to 1 January it is one year. `d2 - d1` counts days.
    """
    name = _unit(unit, _TRUNCATED)
    one, two = (value.expr for value in unify([start, end], "date_diff"))
    if name in {"year", "quarter", "month"}:
        return _count(two, name) - _count(one, name)
    if name in {"week", "day"}:
        days = [moment.dt.truncate(_TRUNCATED[name]).cast(pl.Date) for moment in (one, two)]
        return (days[1] - days[0]).dt.total_days() // (7 if name == "week" else 1)
    ticks = [moment.cast(pl.Datetime("us")).dt.timestamp("us") for moment in (one, two)]
    size = _MICROSECONDS[name]
    return ticks[1] // size - ticks[0] // size


def _count(moment: pl.Expr, unit: str) -> pl.Expr:
    """Return how many years, quarters or months lie before a moment."""
    per_year = {"year": 1, "quarter": 4, "month": 12}[unit]
    return moment.dt.year().cast(pl.Int64) * per_year + _PARTS[unit](moment).cast(pl.Int64) * (
        per_year > 1
    )


@function(
    "strptime(text, 'text')",
    "strptime('17/05/2013 14:25', '%d/%m/%Y %H:%M')",
    "TIMESTAMP '2013-05-17 14:25:00'",
    "try_strptime",
)
def strptime(text: Value, pattern: Value) -> pl.Expr:
    """The text as a timestamp, or as a date if the format has no time of day.

    Null if the text does not match the format. With a zone (UTC) if the format contains `%z`.
    """
    written = str(pattern.constant)
    return converted(text.expr, pl.String(), _holds(written), written)


@function(
    "strftime(date|time|timestamp, 'text')", "strftime(DATE '2013-05-17', '%d.%m.%y')", "'17.05.13'"
)
def strftime(moment: Value, pattern: Value) -> pl.Expr:
    """The value as text in the given format."""
    return moment.expr.dt.strftime(str(pattern.constant))


@function("epoch(date|timestamp|duration)", "epoch(TIMESTAMP '1970-01-02 00:00:00')", "86400.0")
def epoch(moment: Value) -> pl.Expr:
    """Seconds since 1970 UTC with their fractions, or the seconds of a duration, as float64."""
    if family(moment.dtype) == "duration":
        return moment.expr.dt.total_microseconds() / 1_000_000
    return _microseconds(moment) / 1_000_000


@function("epoch_ms(date|timestamp)", "epoch_ms(TIMESTAMP '1970-01-01 00:00:01')", "1000")
def epoch_ms(moment: Value) -> pl.Expr:
    """Milliseconds since 1970 UTC, as int64."""
    return _microseconds(moment) // 1000


def _microseconds(moment: Value) -> pl.Expr:
    return moment.expr.cast(
        pl.Datetime("us", getattr(moment.dtype, "time_zone", None))
    ).dt.timestamp("us")


@function(
    "to_timestamp(number)", "to_timestamp(1368800736)", "TIMESTAMP '2013-05-17 14:25:36+00:00'"
)
def to_timestamp(seconds: Value) -> pl.Expr:
    """The timestamp (UTC) for a number of seconds since 1970; null if out of range."""
    if seconds.dtype.is_integer():
        micros = seconds.expr.cast(pl.Int128) * 1_000_000
    else:
        micros = (seconds.expr.cast(pl.Float64) * 1_000_000).round()
    return micros.cast(pl.Int64, strict=False).cast(pl.Datetime("us", "UTC"))


@function("make_date(integer, integer, integer)", "make_date(2013, 5, 17)", "DATE '2013-05-17'")
def make_date(year: Value, month: Value, day: Value) -> pl.Expr:
    """The date of year, month and day; null if there is no such date."""
    digits = ((year, 4), (month, 2), (day, 2))
    parts = [part.expr.cast(pl.String).str.zfill(length) for part, length in digits]
    return converted(pl.concat_str(parts, separator="-"), pl.String(), pl.Date())


@function("last_day(date|timestamp)", "last_day(DATE '2012-02-10')", "DATE '2012-02-29'")
def last_day(moment: Value) -> pl.Expr:
    """The last day of its month."""
    return moment.expr.cast(pl.Date).dt.month_end()


def _holds(pattern: str) -> pl.DataType:
    """Return what a format holds: a date, a time, a timestamp, or one in UTC."""
    parts = pattern.replace("%%", "").split("%")[1:]
    letters = {re.sub(r"^[-_0-9.:#]+", "", part)[:1] for part in parts}
    if letters & set("zs+"):
        return pl.Datetime("us", "UTC")
    if not letters & set("HIkMSfTRXrpPlc"):
        return pl.Date()
    return pl.Datetime("us") if letters & set("YCymbBhdejDxFvcUWGgVu") else pl.Time()
