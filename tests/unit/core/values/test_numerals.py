"""Numbers as people write them."""

from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ingest.core.types import parse_type
from ingest.core.values.numerals import Numerals
from ingest.core.values.texts import parse_texts

GERMAN = {"decimal_separator": ",", "thousands_separator": "."}
NO_NUMBER = None


def read(kind: str, texts: list[str], **options: Any) -> list[Any]:
    column = pl.Series(texts, dtype=pl.String)
    return parse_texts(column, parse_type(kind), Numerals(**options)).to_list()


def decimals(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


@pytest.mark.parametrize(
    ("options", "texts"),
    [
        (GERMAN, ["1.234,50", "1234,50", "1.234,5", "+1234,500"]),
        ({"thousands_separator": ","}, ["1,234.50", "1234.5"]),
        (
            {"decimal_separator": ",", "thousands_separator": " "},
            ["1 234,5", "1\u00a0234,5", "1\u202f234,50"],
        ),
        ({"thousands_separator": "'"}, ["1'234.50", "1\u2019234.5"]),
        ({"thousands_separator": ",", "grouping": "indian"}, ["1,234.50"]),
        ({**GERMAN, "currency": "€"}, ["€ 1.234,50", "1.234,50\u00a0€", "1234,5€", "1234,50"]),
        ({"currency": "CHF", "thousands_separator": "'"}, ["CHF 1'234.50", "1'234.50 CHF"]),
    ],
)
def test_notations(options: dict[str, Any], texts: list[str]) -> None:
    assert read("decimal(12,2)", texts, **options) == decimals("1234.50") * len(texts)


def test_whole_numbers_have_thousands_too() -> None:
    assert read("int64", ["1.234", "1.234.567", "5", "-1.000"], **GERMAN) == [
        1234,
        1234567,
        5,
        -1000,
    ]
    texts = ["12,34,567", "1,00,000", "99,999"]
    assert read("int64", texts, thousands_separator=",", grouping="indian") == [
        1234567,
        100000,
        99999,
    ]


@pytest.mark.parametrize(
    "text",
    ["1.23", "1.2345", "12.34.567", "1234.567", "0.123", ".123", "1.234,5.6", "1,2,3", "1 234"],
)
def test_thousands_are_parted_in_groups_of_three_or_not_at_all(text: str) -> None:
    assert read("float64", [text], **GERMAN) == [NO_NUMBER]


def test_an_indian_group_is_of_two_digits_but_for_the_last() -> None:
    wrong = ["1,234,567", "123,456", "12,3,456"]
    found = read("decimal(12,2)", wrong, thousands_separator=",", grouping="indian")
    assert found == [NO_NUMBER] * 3


def test_a_percentage_is_a_hundredth_to_the_last_digit() -> None:
    texts = ["12,5 %", "100%", "0,01\u00a0%", "-7%", "1.234,5%", ",5%"]
    found = read("decimal(8,4)", texts, percent=True, **GERMAN)
    assert found == decimals("0.125", "1", "0.0001", "-0.07", "12.345", "0.005")
    assert read("float64", ["33.3%", "29%", "1e2%"], percent=True) == [0.333, 0.29, NO_NUMBER]


def test_a_number_without_its_percent_sign_is_refused() -> None:
    assert read("float64", ["12", "12 % ", "% 12"], percent=True) == [NO_NUMBER] * 3


def test_digits_beyond_the_scale_are_never_dropped() -> None:
    assert read("decimal(6,2)", ["1,005", "1,500"], **GERMAN) == [NO_NUMBER, Decimal("1.50")]
    assert read("decimal(6,2)", ["12,345 %"], percent=True, **GERMAN) == [NO_NUMBER]


def test_another_currency_is_refused() -> None:
    found = read("float64", ["$5", "5 $", "EUR 5", "€ 5 €", "€5", "-€5", "€-5"], currency="€")
    assert found == [NO_NUMBER] * 4 + [5, -5, -5]


@pytest.mark.parametrize(
    ("form", "texts"),
    [
        ("minus", {"-5": -5, "5-": NO_NUMBER, "(5)": NO_NUMBER}),
        ("trailing_minus", {"5-": -5, "-5": -5, "(5)": NO_NUMBER, "-5-": NO_NUMBER, "5- €": -5}),
        ("parentheses", {"(5)": -5, "-5": -5, "5-": NO_NUMBER, "(€5)": -5, "€ (5)": -5}),
        ("parentheses", {"(-5)": NO_NUMBER, "((5))": NO_NUMBER}),
    ],
)
def test_negative_numbers_are_read_as_told(form: str, texts: dict[str, int | None]) -> None:
    assert read("float64", list(texts), negative=form, currency="€") == list(texts.values())


def test_floats_keep_their_exponents_and_names() -> None:
    assert read("float64", ["1,5E3", "1.5"], decimal_separator=",") == [1500, NO_NUMBER]
    assert read("float64", ["-inf"], decimal_separator=",") == [float("-inf")]


@given(st.decimals(-(10**12), 10**12, places=2), st.sampled_from([".", ",", "'", " ", "_"]))
def test_what_is_written_so_is_read_so(number: Decimal, sign: str) -> None:
    point = "," if sign == "." else "."
    text = f"{number:,.2f}".replace(",", "~").replace(".", point).replace("~", sign)
    options = {"decimal_separator": point, "thousands_separator": sign}
    assert read("decimal(16,2)", [text], **options) == [number]


@given(st.text("0123456789.,-+ ", max_size=9))
def test_plain_numbers_and_those_of_a_notation_never_differ_by_accident(text: str) -> None:
    """Either notation refuses, or the two readings agree, or thousands are parted."""
    plain = read("float64", [text], thousands_separator="_")[0]
    german = read("float64", [text], **GERMAN)[0]
    grouped = text.lstrip("+-").count(".") > 0 and "," not in text
    assert plain is None or german is None or plain == german or grouped


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"thousands_separator": "."}, 'thousands_separator: "." is also the decimal separator'),
        ({"decimal_separator": ",", "thousands_separator": ","}, "is also the decimal separator"),
        ({"currency": "5"}, "a currency must not contain digits"),
        ({"currency": " €"}, "a currency must not contain digits"),
        ({"grouping": "indian"}, "needs a thousands_separator"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Numerals(**options)
