"""Counting, taking out, and cutting into portions."""

import polars as pl

from ingest.work.observe import PORTION_BYTES, Tallies, divert, portions

ROWS = pl.DataFrame({"a": range(10), "b": ["x"] * 10})


def test_rows_and_seconds_add_up_over_the_portions():
    tallies = Tallies()
    for rows in (3, 4):
        tallies.passed("filter", rows)
        tallies.passed("contract", rows - 1)
    assert {name: tally.rows for name, tally in tallies.places.items()} == {
        "filter": 7,
        "contract": 5,
    }
    assert all(taken > 0 for taken in tallies.seconds.values())
    assert tallies.cpu.keys() == tallies.seconds.keys()


def test_marked_rows_are_taken_out_whole_and_the_mark_goes():
    marked = ROWS.with_columns(mark=pl.when(pl.col("a") % 5 == 0).then(pl.lit("bad")))
    good, taken = divert(marked, "mark")
    assert good.columns == ["a", "b"]
    assert good["a"].to_list() == [1, 2, 3, 4, 6, 7, 8, 9]
    assert taken.to_dicts() == [
        {"a": 0, "b": "x", "mark": "bad"},
        {"a": 5, "b": "x", "mark": "bad"},
    ]


def test_good_rows_alone_leave_nothing_behind():
    rows = ROWS.with_columns(mark=pl.lit(None, dtype=pl.String), why=pl.lit(None, dtype=pl.String))
    good, taken = divert(rows, "mark", "why")
    assert good.columns == ["a", "b"]
    assert taken.is_empty()


def test_rows_without_a_mark_pass():
    good, taken = divert(ROWS, "mark")
    assert good is ROWS
    assert taken.is_empty()


def test_portions_are_even_and_together_the_rows():
    rows = pl.DataFrame({"a": pl.int_range(PORTION_BYTES // 3, eager=True)})
    parts = list(portions(rows))
    assert [part.height for part in parts] == [rows.height // 3] * 3
    assert pl.concat(parts).equals(rows)


def test_long_texts_in_few_rows_make_portions_small():
    long = "x" * 10_000
    texts = [long if number % 8 == 0 else "" for number in range(64 * 1024)]
    parts = list(portions(pl.DataFrame({"a": texts})))
    needed = 8 * 1024 * len(long) / PORTION_BYTES
    assert needed / 1.5 < len(parts) < needed * 1.5
    assert sum(part.height for part in parts) == len(texts)


def test_no_rows_are_one_portion():
    (part,) = portions(ROWS.clear())
    assert part.schema == ROWS.schema
