"""Hidden columns: where a row came from, and why it must not go on."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.rows import (
    REJECT,
    REJECT_COLUMN,
    aligned,
    position,
    record_of,
    reject,
    slice_of,
)


@given(st.integers(0, 2**24 - 1), st.integers(0, 2**40 - 1))
def test_a_position_holds_slice_and_record(piece, record):
    column = pl.lit(position(piece, record), dtype=pl.UInt64)
    assert pl.select(slice_of(column)).item() == piece
    assert pl.select(record_of(column)).item() == record


def test_the_first_reason_stays():
    rows = pl.LazyFrame({"n": [1, 2, None]})
    once = reject(rows, pl.col("n") == 1, "one", "n")
    twice = reject(once, pl.col("n") > 0, "positive", None).collect()
    assert twice[REJECT].to_list() == ["one", "positive", None]
    assert twice[REJECT_COLUMN].to_list() == ["n", None, None]


def test_columns_in_other_chunks_than_the_rest_are_given_the_same():
    cut = pl.concat([pl.Series("a", [1, 2]), pl.Series("a", [3])], rechunk=False)
    rows = pl.DataFrame([cut, pl.Series("b", ["x", "y", "z"])])
    assert rows.n_chunks("all") == [2, 1]

    assert aligned(rows).n_chunks("all") == [1, 1]
    assert aligned(rows).equals(rows)
    same = rows.select("a")
    assert aligned(same) is same
