"""Numbers of one shape read alike in each notation, so that one of them tells of all."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.core.values.numerals import Numerals
from ingest.sniffing.notation import signs_of
from ingest.sniffing.readings import Readings

NOTATIONS = (
    Numerals(),
    Numerals(decimal_separator=".", thousands_separator=","),
    Numerals(decimal_separator=",", thousands_separator="."),
    Numerals(decimal_separator=",", thousands_separator=" "),
    Numerals(decimal_separator=".", thousands_separator="'"),
    Numerals(decimal_separator=".", thousands_separator=",", grouping="indian"),
)
NUMBERS = st.from_regex(r"[+-]?[0-9]{1,4}(?:[., '][0-9]{1,4}){0,2}(?:e[0-9])?", fullmatch=True)


@given(numbers=st.lists(NUMBERS, min_size=1, max_size=20))
@settings(max_examples=200, deadline=None)
def test_a_notation_fits_the_examples_where_it_fits_all(numbers: list[str]) -> None:
    known = Readings(NOTATIONS).of(numbers)
    for place, notation in enumerate(NOTATIONS):
        plain = notation.plain(pl.Series(numbers))
        assert all(each[place] is not None for each in known) is not plain.has_nulls()


def test_a_leading_zero_is_a_shape_of_its_own() -> None:
    by_points = Readings([Numerals(decimal_separator=",", thousands_separator=".")])
    assert by_points.of(["1.234", "9.050"]) == [("9050",)]
    assert by_points.of(["0.234"]) == [(None,)]


def test_usual_numbers_have_no_signs_and_codes_are_no_numbers() -> None:
    usual = signs_of(["1", "-2.5", "0", "3,4", "1e5"])
    assert usual is not None
    assert usual.options == {}
    assert signs_of(["1", "007"]) is None
