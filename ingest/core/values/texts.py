"""Text to values: one rule per type, for CSV fields, JSON strings, folder keys, steps, contracts.

    int*, uint*   digits with an optional sign; no spaces, point or exponent
    float*        digits only, if a float can represent the number exactly; with a point or an
                  exponent the nearest float, but never infinity or zero by rounding; `inf`, `nan`
    decimal       digits with an optional sign and point; digits beyond the scale must be zeros
    boolean       true false t f yes no y n 1 0, in upper or lower case
    date, time, timestamp   ISO 8601, see `core.moments`; or a format of strftime codes
    string, binary          the text unchanged

Numbers in other notations (`1.234,50`, `12 %`) are converted first: `core.numerals`. SQL's CAST
uses `rounding`: places beyond the scale are rounded, halves away from zero, fractions of seconds
are truncated, and whole numbers become the nearest float.
"""

from typing import Final

import polars as pl

from ingest.core.values.moments import parse_moments
from ingest.core.values.numerals import Numerals

Form = str | Numerals
"""How texts are written: dates and times in strftime codes, or numbers in another notation."""

_TRUE: Final = ("true", "t", "yes", "y", "1")
_FALSE: Final = ("false", "f", "no", "n", "0")
WHOLE_LIMITS: Final = {"Float32": 2.0**24, "Float64": 2.0**53}
"""Below these, every whole number is a float."""


def parse_texts(
    texts: pl.Series, dtype: pl.DataType, form: Form | None = None, *, rounding: bool = False
) -> pl.Series:
    """Return the values of texts; null where a text is null or is not of this type.

    A form that is not for this type says nothing.

    Polars' own leniency is kept out where it changes a value in silence: it rounds decimals, reads
    1e400 as infinity and 9007199254740993 as the float next to it.
    """
    if isinstance(form, Numerals):
        texts, form = form.plain(texts) if dtype.is_numeric() else texts, None
    if dtype.is_float():
        return _floats(texts, dtype, rounding=rounding)
    if isinstance(dtype, pl.Decimal):
        return _decimals(texts, dtype, rounding=rounding)
    if dtype == pl.Boolean:
        return _booleans(texts)
    if dtype.is_temporal():
        return parse_moments(texts, dtype, form, rounding=rounding)
    return texts.cast(dtype, strict=False)


def failed(texts: pl.Series, values: pl.Series) -> pl.Series:
    """Return where a text is no value."""
    return texts.is_not_null() & values.is_null()


def _floats(texts: pl.Series, dtype: pl.DataType, *, rounding: bool) -> pl.Series:
    values = texts.cast(dtype, strict=False)
    doubtful = (values == 0) | (values.abs() >= WHOLE_LIMITS[str(dtype)])
    places = doubtful.fill_null(value=False).arg_true()
    if places.is_empty():
        return values
    few = pl.DataFrame({"text": texts.gather(places), "value": values.gather(places)})
    wrong = places.filter(few.select(_changed(rounding=rounding)).to_series())
    return values.scatter(wrong, None) if len(wrong) else values


def _changed(*, rounding: bool) -> pl.Expr:
    """Say whether `value`, the zero or large float that Polars reads, is not what `text` says."""
    text, value = pl.col("text"), pl.col("value")
    zero = text.str.contains(r"^[+-]?[0.]+(?:[eE]|$)")
    named = text.str.contains("(?i)inf|nan")
    whole = text.str.contains("^[+-]?[0-9]+$")
    exact = value.cast(pl.Int128, strict=False) == text.cast(pl.Int128, strict=False)
    finite = pl.lit(value=False) if rounding else whole & ~exact.fill_null(value=False)
    return (
        pl.when(value == 0)
        .then(~zero)
        .when(value.is_infinite() | value.is_nan())
        .then(~named)
        .otherwise(finite)
    )


def _decimals(texts: pl.Series, dtype: pl.Decimal, *, rounding: bool) -> pl.Series:
    places = "[0-9]*" if rounding else rf"[0-9]{{0,{dtype.scale}}}0*"
    written = texts.str.contains(rf"^[+-]?(?:[0-9]+(?:\.{places})?|\.{places})$")
    good = written & texts.str.contains("[0-9]")
    return texts.set(~good, None).cast(dtype, strict=False)


def _booleans(texts: pl.Series) -> pl.Series:
    lower = texts.str.to_lowercase()
    known = lower.is_in([*_TRUE, *_FALSE])
    return lower.is_in(_TRUE).set(~known, None)
