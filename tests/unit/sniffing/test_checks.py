"""Checks that a sample suggests."""

from decimal import Decimal

import polars as pl
import pytest

from ingest.sniffing.checks import never_null, suggest
from ingest.sniffing.columns import describe
from ingest.sniffing.typed import describe_values


def checks(texts: list[str]) -> list[dict[str, object]]:
    suggestions = suggest([describe("x", texts, [""])])
    return [one.check for one in suggestions if one.check["type"] in {"in_set", "range"}]


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


def test_a_key_and_what_is_never_null_are_suggested() -> None:
    suggestions = suggest([describe("x", [f"x{number}" for number in range(200)], [""])])
    assert [one.check["type"] for one in suggestions] == ["not_null", "unique_in_partition"]


def test_bounds_are_values_of_the_type() -> None:
    numbers = [Decimal(number) / 4 for number in range(300)]
    narrow = describe_values("x", pl.Decimal(5, 3), numbers)
    checks = [one.check for one in suggest([narrow]) if one.check["type"] == "range"]
    assert checks == [{"type": "range", "column": "x", "min": 0}]


def test_few_rows_do_not_show_that_nulls_never_come() -> None:
    assert never_null(describe("x", ["1"] * 100, [""]))
    assert not never_null(describe("x", ["1"] * 99, [""]))
    assert not never_null(describe("x", ["1"] * 100 + [""], [""]))


def test_a_sorted_column_has_no_bound_where_it_tends_to() -> None:
    rising = [str(number // 2) for number in range(200)]
    assert checks(rising) == [{"type": "range", "column": "x", "min": 0}]
    assert checks(rising[::-1]) == [{"type": "range", "column": "x", "max": 1000}]
