"""Texts to values: one rule per type, the same for CSV fields, JSON strings and folder keys.

    int*, uint*   digits with an optional sign; no spaces, no point, no exponent
    float*        decimal or scientific notation, `inf`, `nan`, as the nearest float; a number too
                  large for one is refused
    decimal       digits with an optional sign and point; more places than the scale are refused
    boolean       true false t f yes no y n 1 0, in upper or lower case
    date          YYYY-MM-DD
    time          HH:MM:SS with an optional fraction
    timestamp     YYYY-MM-DD, then T or a space, then HH:MM:SS with an optional fraction no finer
                  than the type's unit; with a zone the text ends in Z or ±HH:MM, without one not
    string, binary  the text as it is

A `format` (strftime codes) takes the place of the last forms for dates, times and timestamps.
"""

import polars as pl

from ingest.core.types import type_name

_TRUE = ("true", "t", "yes", "y", "1")
_FALSE = ("false", "f", "no", "n", "0")
_DATE = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"\d{2}:\d{2}:[0-5]\d"
_PLACES = {"ms": 3, "us": 6, "ns": 9}


def parse_texts(  # noqa: PLR0911 - one return for each type
    texts: pl.Series, dtype: pl.DataType, form: str | None = None
) -> pl.Series:
    """Return the values of texts; null where a text is null or is not of this type.

    Polars' own leniency is kept out where it changes a value in silence: it rounds decimals, reads
    year 24 out of "24-01-05", second 60 as the next minute and 1e400 as infinity.
    """
    if dtype == pl.String:
        return texts
    if dtype.is_float():
        values = texts.cast(dtype, strict=False)
        infinite = values.is_infinite().fill_null(value=False)
        if infinite.any():
            overflow = infinite & ~texts.str.contains("(?i)inf")
            values = values.zip_with(~overflow, pl.Series([None], dtype=dtype))
        return values
    if isinstance(dtype, pl.Decimal):
        return _decimals(texts, dtype)
    if dtype == pl.Boolean:
        return _booleans(texts)
    if dtype == pl.Date:
        return _kept(texts, _DATE, form).str.to_date(form or "%Y-%m-%d", strict=False)
    if dtype == pl.Time:
        kept = _kept(texts, rf"{_CLOCK}(?:\.\d{{1,9}})?", form)
        return kept.str.to_time(form or "%H:%M:%S%.f", strict=False)
    if isinstance(dtype, pl.Datetime):
        return _timestamps(texts, dtype, form)
    return texts.cast(dtype, strict=False)


def failed(texts: pl.Series, values: pl.Series) -> pl.Series:
    """Return where a text is no value."""
    return texts.is_not_null() & values.is_null()


def not_a(dtype: pl.DataType) -> str:
    """Return the reason for which a text of the wrong form is rejected."""
    name = type_name(dtype)
    return f"not {'an' if name[0] in 'aeio' else 'a'} {name}"


def _kept(texts: pl.Series, pattern: str, form: str | None) -> pl.Series:
    """Return the texts that have the exact default form; all of them if a format is given."""
    if form is not None:
        return texts
    return texts.set(~texts.str.contains(f"^(?:{pattern})$"), None)


def _decimals(texts: pl.Series, dtype: pl.Decimal) -> pl.Series:
    whole = dtype.precision - dtype.scale
    pattern = rf"^[+-]?(?:0*\d{{0,{whole}}}(?:\.\d{{0,{dtype.scale}}}0*)?)$"
    good = texts.str.contains(pattern) & texts.str.contains(r"\d")
    return texts.set(~good, None).cast(dtype, strict=False)


def _booleans(texts: pl.Series) -> pl.Series:
    lower = texts.str.to_lowercase()
    known = lower.is_in([*_TRUE, *_FALSE])
    return lower.is_in(_TRUE).set(~known, None)


def _timestamps(texts: pl.Series, dtype: pl.Datetime, form: str | None) -> pl.Series:
    unit = dtype.time_unit
    if form is None:
        zone = r"(?:Z|[+-]\d{2}:?\d{2})" if dtype.time_zone else ""
        fraction = rf"(?:\.\d{{1,{_PLACES[unit]}}})?"
        texts = _kept(texts, rf"{_DATE}[T ]{_CLOCK}{fraction}{zone}", None)
        texts = texts.str.replace("T", " ", literal=True)
        form = "%Y-%m-%d %H:%M:%S%.f" + ("%#z" if dtype.time_zone else "")
    values = texts.str.to_datetime(form, time_unit=unit, strict=False)
    if dtype.time_zone is None:
        return values.dt.replace_time_zone(None)
    if values.dtype == pl.Datetime(unit):  # the format has no zone: local times of the type's zone
        return values.dt.replace_time_zone(dtype.time_zone, ambiguous="null", non_existent="null")
    return values.dt.convert_time_zone(dtype.time_zone)
