"""What compiled code says of texts is what Polars says; it touches no byte that it may not."""

from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.checks.contract import Contract

RULES = (
    {"type": "length", "column": "text", "min": 2, "max": 5},
    {"type": "length", "column": "text", "min": 13},
    {"type": "length", "column": "text", "max": 12},
    {"type": "in_set", "column": "text", "values": ["a", "", "éé", "abcdefghijkl"]},
    {"type": "in_set", "column": "text", "values": ["a", "abcdefghijklm"]},
    {"type": "matches", "column": "text", "pattern": "[a-z]{3}"},
    {"type": "matches", "column": "text", "pattern": r"\wb.*"},
)
TEXTS = st.text(st.sampled_from("abcé٣\n\0"), max_size=20) | st.sampled_from(
    ["a", "abcdefghijkl", "abcdefghijklm", "a" * 40, "é" * 6, "é" * 7]
)


def broken(rule: dict[str, object], column: pl.Series) -> list[bool]:
    contract = Contract.model_validate({"checks": [rule]})
    (violation,) = contract.rules({"text": pl.String()}).row
    flags = violation.broken.fill_null(value=False)
    return column.to_frame().select(flags).to_series().to_list()


@pytest.mark.parametrize("rule", RULES, ids=str)
@given(values=st.lists(st.none() | TEXTS, max_size=40))
def test_rules_say_the_same_with_it_and_without(
    rule: dict[str, object], values: list[str | None]
) -> None:
    column = pl.Series("text", values, pl.String)
    column = pl.concat([column.head(3), column, column.tail(2)], rechunk=False).slice(1)
    found = broken(rule, column)
    with pytest.MonkeyPatch.context() as without:
        without.setenv("INGEST_COMPILED", "0")
        assert found == broken(rule, column)


def test_no_byte_is_touched_that_may_not_be(sanitized: Callable[[str], None]) -> None:
    """Random texts are looked at by a library that checks each access of memory."""
    sanitized("looking.py")
