"""Counting and taking out."""

import polars as pl

from ingest.workers.observe import Counter, Diversion

ROWS = pl.DataFrame({"a": range(10), "b": ["x"] * 10})


def test_a_counter_says_how_many_and_when():
    one, other = Counter.of(ROWS), Counter.of(ROWS.head(3))
    assert (one.rows, other.rows) == (10, 3)
    assert one.at <= other.at


def test_marked_rows_are_taken_out_whole_and_the_mark_goes():
    diversion = Diversion("mark")
    marked = ROWS.with_columns(mark=pl.when(pl.col("a") % 5 == 0).then(pl.lit("bad")))
    good = diversion.divert(marked)
    assert good.columns == ["a", "b"]
    assert good.height == 8
    assert diversion.rows == 2
    assert diversion.taken.to_dicts() == [
        {"a": 0, "b": "x", "mark": "bad"},
        {"a": 5, "b": "x", "mark": "bad"},
    ]


def test_good_rows_alone_leave_nothing_behind():
    diversion = Diversion("mark")
    rows = ROWS.with_columns(mark=pl.lit(None, dtype=pl.String), why=pl.lit(None, dtype=pl.String))
    assert diversion.divert(rows, "why").columns == ["a", "b"]
    assert diversion.rows == 0


def test_rows_without_a_mark_pass():
    assert Diversion("mark").divert(ROWS) is ROWS
