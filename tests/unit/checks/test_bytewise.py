"""Patterns compared byte by byte: what is certain is what the regular expression says."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.checks.bytewise import byte_pattern
from ingest.checks.contract import Contract

TAKEN = (
    "^T[0-9]{3}$",
    "[A-Z]{2}",
    r"\d{3}",
    r"\w-\w{2}",
    "^[a-z ,.].*",
    "AB.*",
    r"A\.b",
    "[a-zA-Z0-9_]{12}",
)
LEFT = (
    "a+",
    "a|b",
    "(ab)",
    "[^a]",
    "[a-Z]",
    r"\s",
    "a?",
    "a{2,3}",
    ".",
    "a{13}",
    "abcde.*",
    "",
    "é",
)
TEXTS = st.text(st.sampled_from("TAZaz09_-. ,b\n\0é٣"), max_size=14)
EDGES = ["", "T123", "T12٣", "AB", "AB\n", "ABC", "A.b", "a-bc", "a" * 12, "a" * 13, "ab\nc" * 9]


@pytest.mark.parametrize("pattern", TAKEN)
@given(texts=st.lists(st.none() | TEXTS | st.sampled_from(EDGES), max_size=40))
def test_matches_says_what_the_regular_expression_says(
    pattern: str, texts: list[str | None]
) -> None:
    column = pl.Series("text", texts, dtype=pl.String)
    column = pl.concat([column.head(3), column, column.tail(2)], rechunk=False).slice(1)
    right = column.str.contains(rf"\A(?:{pattern})\z").fill_null(value=False)
    bytewise = byte_pattern(pattern)
    assert bytewise is not None
    assert not (pl.Series(bytewise.certain(column)) & ~right).any()
    check = {"type": "matches", "column": "text", "pattern": pattern}
    (broken,) = Contract.model_validate({"checks": [check]}).rules({"text": pl.String()}).row
    found = column.to_frame().select(broken.broken.fill_null(value=False)).to_series()
    assert (found == (column.is_not_null() & ~right)).all()


@pytest.mark.parametrize("pattern", LEFT)
def test_what_asks_for_more_than_bytes_is_left_to_the_regular_expression(pattern: str) -> None:
    assert byte_pattern(pattern) is None


def test_most_texts_are_certain_whatever_else_is_among_them() -> None:
    column = pl.Series([f"T{number:03}" for number in range(999)] + ["x"])
    bytewise = byte_pattern("T[0-9]{3}")
    assert bytewise is not None
    assert bytewise.certain(column).tolist() == [True] * 999 + [False]


def test_a_line_feed_far_behind_a_beginning_is_seen() -> None:
    column = pl.Series(["abc" * 100_000, "abc" * 100_000 + "\n"])
    bytewise = byte_pattern("ab.*")
    assert bytewise is not None
    assert bytewise.certain(column).tolist() == [True, False]
