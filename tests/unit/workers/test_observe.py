"""Counting and taking out, in one lazy plan."""

import polars as pl

from ingest.workers.observe import Counter, Diversion

ROWS = pl.LazyFrame({"a": range(10), "b": ["x"] * 10})


def test_each_counter_sees_the_rows_of_its_place():
    before, after = Counter(), Counter()
    frame = after.observe(before.observe(ROWS).filter(pl.col("a") > 6))
    assert frame.collect().height == 3
    assert (before.rows, after.rows) == (10, 3)
    assert before.at <= after.at


def test_a_filter_is_not_moved_before_a_counter():
    counter = Counter()
    counter.observe(ROWS).filter(pl.col("a") == 0).collect()
    assert counter.rows == 10


def test_unused_columns_are_dropped_before_a_counter():
    plan = Counter().observe(ROWS).select("a").explain()
    assert 'PROJECT["a"]' in plan


def test_marked_rows_are_taken_out_whole_and_the_mark_goes():
    diversion = Diversion("mark")
    marked = ROWS.with_columns(mark=pl.when(pl.col("a") % 5 == 0).then(pl.lit("bad")))
    good = diversion.observe(marked).select("b").collect()
    assert good.height == 8
    assert diversion.rows == 2
    assert pl.concat(diversion.taken).to_dicts() == [
        {"a": 0, "b": "x", "mark": "bad"},
        {"a": 5, "b": "x", "mark": "bad"},
    ]


def test_good_rows_alone_leave_nothing_behind():
    diversion = Diversion("mark")
    frame = ROWS.with_columns(mark=pl.lit(None, dtype=pl.String), why=pl.lit(None, dtype=pl.String))
    assert diversion.observe(frame, "why").collect().columns == ["a", "b"]
    assert diversion.taken == []
