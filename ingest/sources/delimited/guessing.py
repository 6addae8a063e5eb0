"""Guessing the types of CSV columns from a sample, when the plan is made."""

import polars as pl

from ingest.core.values.numerals import Numerals
from ingest.core.values.texts import failed, parse_texts

_GUESSES: tuple[pl.DataType, ...] = (
    pl.Int64(),
    pl.Float64(),
    pl.Date(),
    pl.Datetime("us"),
    pl.Datetime("us", "UTC"),
)
_LEADING_ZERO = r"^[+-]?0\d"


def guess_type(texts: pl.Series, numerals: Numerals | None = None) -> pl.DataType:
    """Return the narrowest type that all texts of a sample have; string if there is none.

    `numerals` says how numbers are written, if not plainly. Only `true` and `false` make a boolean.
    Numbers with leading zeros are strings: they are codes.
    """
    known = texts.drop_nulls()
    if known.is_empty():
        return pl.String()
    if known.str.to_lowercase().is_in(["true", "false"]).all():
        return pl.Boolean()
    if known.str.contains(_LEADING_ZERO).any():
        return _first(known, _GUESSES[2:], None)
    return _first(known, _GUESSES, numerals)


def _first(
    known: pl.Series, guesses: tuple[pl.DataType, ...], numerals: Numerals | None
) -> pl.DataType:
    for guess in guesses:
        if not failed(known, parse_texts(known, guess, numerals)).any():
            return guess
    return pl.String()
