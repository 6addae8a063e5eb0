"""Checks that a sample suggests."""

import pytest

from ingest.sniffing.checks import never_null, suggest
from ingest.sniffing.columns import describe


def checks(texts: list[str]) -> list[dict[str, object]]:
    return [one.check for one in suggest([describe("x", texts, [""])]) if one.sure]


def test_values_that_come_again_and_again_are_a_set() -> None:
    assert checks(["b", "a"] * 60) == [{"type": "in_set", "column": "x", "values": ["a", "b"]}]


@pytest.mark.parametrize(
    "texts",
    [
        ["a"] * 100 + ["b"] * 100,  # sorted: the next value may be new
        ["a", "b"] * 10,  # too few rows
        ["a"] * 200,
        ["a", "b", "???"] * 60,  # what a job cannot hold
    ],
)
def test_other_values_are_not(texts: list[str]) -> None:
    assert checks(texts) == []


def test_ranges_leave_room() -> None:
    assert checks(["7", "12"] * 60) == [{"type": "range", "column": "x", "min": 0, "max": 1000}]
    assert checks(["-7", "12"] * 60) == [
        {"type": "range", "column": "x", "min": -1000, "max": 1000}
    ]


def test_a_number_that_names_things_may_grow() -> None:
    assert checks([str(number) for number in range(200)]) == [
        {"type": "range", "column": "x", "min": 0}
    ]


def test_years_of_two_digits_are_kept_out_of_dates() -> None:
    assert checks(["31/12/2013", "01/02/2012"] * 60) == [
        {"type": "range", "column": "x", "min": "1900-01-01"}
    ]


def test_a_key_is_only_suggested() -> None:
    found = suggest([describe("x", [f"x{number}" for number in range(200)], [""])])
    assert [(one.check["type"], one.sure) for one in found] == [("unique_in_partition", False)]


def test_few_rows_do_not_show_that_nulls_never_come() -> None:
    assert never_null(describe("x", ["1"] * 100, [""]))
    assert not never_null(describe("x", ["1"] * 99, [""]))
    assert not never_null(describe("x", ["1"] * 100 + [""], [""]))


def test_a_sorted_column_has_no_bound_where_it_tends_to() -> None:
    rising = [str(number // 2) for number in range(200)]
    assert checks(rising) == [{"type": "range", "column": "x", "min": 0}]
    assert checks(rising[::-1]) == [{"type": "range", "column": "x", "max": 1000}]
