"""Rows as JSON: what Python's own encoder would write, to the letter."""
# ruff: noqa: DTZ001 - timestamps without a zone are among what is tested

import json
from datetime import date, datetime
from decimal import Decimal

import polars as pl
from hypothesis import given, settings
from polars.testing.parametric import dataframes

from ingest.core.json_rows import json_rows

KINDS = [
    pl.Int8, pl.Int64, pl.UInt64, pl.Float32, pl.Float64, pl.String, pl.Boolean, pl.Date,
    pl.Datetime("us"), pl.Datetime("ms"), pl.Datetime("ns"), pl.Time, pl.Decimal(12, 3), pl.Binary,
    pl.List(pl.Float64), pl.Struct({"a": pl.String, "b": pl.Float64}), pl.Null,
]  # fmt: skip


def written(rows: pl.DataFrame) -> list[str]:
    return [json.dumps(row, default=str) for row in rows.to_dicts()]


@settings(max_examples=60, deadline=None)
@given(dataframes(allowed_dtypes=KINDS, max_cols=5, max_size=8, allow_time_zones=False))
def test_any_row_is_written_as_python_writes_it(rows):
    try:
        expected = written(rows)
    except (ValueError, OverflowError):  # a year that Python has no name for
        return
    assert json_rows(rows).to_list() == expected


def test_floats_have_pythons_digits():
    floats = [0.1, -0.0, 1e16, 9999999999999998.0, 1e-4, 0.00009, 5e-324, 1.5e300, float("nan")]
    rows = pl.DataFrame({"f": floats, "narrow": pl.Series(floats).cast(pl.Float32)})
    assert json_rows(rows).to_list() == written(rows)


def test_texts_are_escaped():
    rows = pl.DataFrame({'the "name"': [*map(chr, range(0x250)), 'a"b\\c', "a\nb", "", None]})
    assert json_rows(rows).to_list() == written(rows)


def test_what_json_does_not_know_is_text():
    rows = pl.DataFrame(
        {
            "at": [
                datetime(1, 1, 1),
                datetime(2013, 1, 1, 5, 15),
                datetime(1969, 1, 1, 0, 0, 0, 7),
            ],
            "day": [date(999, 1, 1), date(2013, 1, 1), None],
            "money": [Decimal("1.10"), None, Decimal("0.00")],
            "raw": [b"\xff", b"", None],
        }
    )
    assert json_rows(rows).to_list() == written(rows)


def test_rows_without_columns_are_empty_objects():
    assert json_rows(pl.DataFrame(height=2)).to_list() == ["{}", "{}"]
