"""Hidden columns: where a row came from, and why it must not go on."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.rows import REJECT, REJECT_COLUMN, position, record_of, reject, slice_of


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
