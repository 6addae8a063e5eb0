"""Text to dates, times and timestamps: in ISO 8601, or in a format of strftime codes.

    date        YYYY-MM-DD, from year 0001 to 9999
    time        HH:MM or HH:MM:SS, the seconds with an optional fraction
    timestamp   a date (midnight), or a date, T or a space, and a time; a type with a zone needs
                Z, ±HH or ±HH:MM (the colon is optional) at the end, a type without one forbids it

A fraction must not be finer than the type's unit, except for zeros. Precision is never lost: text
with a time of day becomes a date only if the time is midnight.
"""

from datetime import time
from typing import Final

import polars as pl

from ingest.core.values.days import parse_days
from ingest.core.values.formats import CLOCKS, YEAR, fraction, shape, spells

_DAY: Final = rf"{YEAR}-[0-9]{{2}}-[0-9]{{2}}"
_ZONE: Final = r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)"
_PLACES: Final = {"ms": 3, "us": 6, "ns": 9}
_CUT: Final = 99
"""So many places that no fraction has more."""
_FIRST: Final = -62_135_596_800_000_000
_LAST: Final = 253_402_300_799_999_999


def parse_moments(
    texts: pl.Series, dtype: pl.DataType, form: str | None = None, *, rounding: bool = False
) -> pl.Series:
    """Return the dates, times or timestamps that texts say; null where one says none.

    Without a zone in the format, a zoned type means the clocks of its zone; a time that they skip
    or show twice is null. With `rounding`, as in SQL's CAST, fractions are cut, and texts without a
    zone are read so too, of a time shown twice the second.
    """
    if form is not None:
        return _formatted(texts, dtype, form)
    if isinstance(dtype, pl.Datetime):
        return _timestamps(texts, dtype, rounding=rounding)
    if dtype == pl.Date:
        return parse_days(texts)
    kept = _kept(texts, _clock(_CUT if rounding else _PLACES["ns"]))
    return kept.str.replace("^(.{5})$", "${1}:00").str.to_time("%H:%M:%S%.f", strict=False)


def in_years(microseconds: pl.Expr) -> pl.Expr:
    """Say whether microseconds since 1970 lie in the years 1 to 9999.

    Polars has room for more; Python, and many a reader of files, fails on them.
    """
    return microseconds.is_between(_FIRST, _LAST)


def _clock(places: int) -> str:
    return rf"[0-9]{{2}}:[0-9]{{2}}(?::[0-5][0-9]{fraction(places)})?"


def _kept(texts: pl.Series, pattern: str) -> pl.Series:
    """Return the texts of this form; Polars would also read `-024-1-1` and second 60."""
    return texts.set(~texts.str.contains(f"^(?:{pattern})$"), None)


def _timestamps(texts: pl.Series, dtype: pl.Datetime, *, rounding: bool) -> pl.Series:
    clock = _clock(_CUT if rounding else _PLACES[dtype.time_unit])
    plain = rf"{_DAY}(?:[T ]{clock})?"
    if dtype.time_zone is None:
        return _read_iso(_kept(texts, plain), dtype, "")
    zoned = _kept(texts, rf"{_DAY}[T ]{clock}{_ZONE}")
    values = _in_years(_read_iso(zoned, dtype, "%#z")).dt.convert_time_zone(dtype.time_zone)
    if rounding and values.null_count() > texts.null_count():
        local = _read_iso(_kept(texts, plain), dtype, "")
        here = local.dt.replace_time_zone(dtype.time_zone, ambiguous="latest", non_existent="null")
        return values.zip_with(values.is_not_null(), here)
    return values


def _read_iso(texts: pl.Series, dtype: pl.Datetime, zone: str) -> pl.Series:
    form = f"%Y-%m-%d %H:%M:%S%.f{zone}"
    spaced = texts.str.replace("T", " ", literal=True)
    values = _strptime(spaced, dtype, form)
    if values.null_count() == texts.null_count():
        return values
    short = (spaced.is_not_null() & values.is_null()).arg_true()
    longer = spaced.gather(short).str.replace("^(.{10})$", "${1} 00:00")
    longer = longer.str.replace("^(.{16})([Z+-].*)?$", "${1}:00${2}")
    return values.scatter(short, _strptime(longer, dtype, form))


def _strptime(texts: pl.Series, dtype: pl.Datetime, form: str) -> pl.Series:
    """Read timestamps, in UTC if the format holds a zone.

    Before 1678 and after 2261 Polars wraps nanoseconds around: 3000 becomes 1830.
    """
    values = texts.str.to_datetime(form, time_unit=dtype.time_unit, strict=False)
    if dtype.time_unit != "ns":
        return values
    coarse = texts.str.to_datetime(form, time_unit="ms", strict=False)
    wrapped = (values.dt.epoch("ms") - coarse.dt.epoch("ms")).abs() > 1
    return values.set(wrapped, None)


def _formatted(texts: pl.Series, dtype: pl.DataType, form: str) -> pl.Series:
    if isinstance(dtype, pl.Datetime):
        values = _strptime(_kept(texts, shape(form, _PLACES[dtype.time_unit])), dtype, form)
        if spells(form, "s"):
            values = _in_years(values).dt.replace_time_zone("UTC")
        return _in_zone_of(dtype, values)
    if dtype == pl.Time:
        return _kept(texts, shape(form, _PLACES["ns"])).str.to_time(form, strict=False)
    kept = _kept(texts, shape(form, 0))
    if not spells(form, CLOCKS):
        return kept.str.to_date(form, strict=False)
    moments = kept.str.to_datetime(form, time_unit="ms", strict=False)
    return moments.set(moments.dt.time() != time(0), None).cast(pl.Date)


def _in_years(moments: pl.Series) -> pl.Series:
    """Return timestamps without those that an offset moved out of the years."""
    micros = moments.dt.epoch("us").alias("x")
    return moments.set(~micros.to_frame().select(in_years(pl.col("x"))).to_series(), None)


def _in_zone_of(dtype: pl.Datetime, values: pl.Series) -> pl.Series:
    zoned = getattr(values.dtype, "time_zone", None) is not None
    if dtype.time_zone is None:
        return values.dt.replace_time_zone(None)
    if zoned:
        return _in_years(values).dt.convert_time_zone(dtype.time_zone)
    return values.dt.replace_time_zone(dtype.time_zone, ambiguous="null", non_existent="null")
