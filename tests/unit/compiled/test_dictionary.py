"""Values of texts are numbered as they come first; no byte is touched that may not be."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.compiled.dictionary import Numbered, numbered
from ingest.compiled.library import is_there
from ingest.core.views import arrow_views, views_of

pytestmark = pytest.mark.skipif(not is_there(), reason="needs compiled code")

TEXTS = st.text(st.sampled_from("abé٣\n\0"), max_size=18) | st.sampled_from(
    ["", "abcdefghijkl", "abcdefghijklm", "abcdefghijkln", "a" * 40, "a" * 39 + "b"]
)


def numbers_of(column: pl.Series, most: int = 64) -> Numbered | None:
    arrays = [arrow_views(chunk) for chunk in column.get_chunks()]
    return numbered([views_of(array) for array in arrays], most)


@given(values=st.lists(st.none() | TEXTS, max_size=60))
def test_each_value_has_the_number_of_its_first_row(values: list[str | None]) -> None:
    column = pl.Series("text", values, pl.String)
    column = pl.concat([column.head(3), column, column.tail(2)], rechunk=False).slice(1)
    known = numbers_of(column, 128)
    assert known is not None
    first: dict[str, int] = {}
    for row, value in enumerate(column):
        if value is not None:
            first.setdefault(value, row)
    assert known.rows.tolist() == list(first.values())
    order = {value: number for number, value in enumerate(first)}
    assert known.numbers.tolist() == [0 if text is None else order[text] for text in column]


def test_more_values_than_asked_for_are_not_numbered() -> None:
    assert numbers_of(pl.Series([str(number) for number in range(64)])) is not None
    assert numbers_of(pl.Series([str(number) for number in range(65)])) is None


def test_values_that_hash_alike_take_no_longer() -> None:
    """It gives up on values that were chosen to stand at one place of its table."""
    texts = np.array([f"{number:08}" for number in range(2_000_000)], "S8")
    tails = texts.view("u4").reshape(-1, 2)[:, 1].astype(np.uint64)
    heads = texts.view("u4").reshape(-1, 2)[:, 0].astype(np.uint64) << np.uint64(32) | np.uint64(8)
    mix, half = np.uint64(0x9E3779B97F4A7C15), np.uint64(32)
    hashes = (heads ^ (tails << half | tails >> half)) * mix
    places = ((hashes ^ hashes >> np.uint64(29)) + tails) * mix >> half
    alike = texts[places % 2048 == 5].astype(str).tolist()
    assert len(alike) > 500
    assert numbers_of(pl.Series(alike), 1024) is None
    apart = texts[: len(alike)].astype(str).tolist()
    assert numbers_of(pl.Series(apart), 1024) is not None


def test_no_byte_is_touched_that_may_not_be(sanitized: Callable[[str], None]) -> None:
    """Random texts are numbered by a library that checks each access of memory."""
    sanitized("numbering.py")
