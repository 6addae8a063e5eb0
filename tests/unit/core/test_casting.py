"""Casting: a value means the same in the new type, or is null."""

from datetime import datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.casting import converted, lost


def cast(value: object, source: pl.DataType, target: pl.DataType, **options: bool) -> object:
    rows = pl.DataFrame({"x": pl.Series([value], dtype=source)})
    return rows.select(converted(pl.col("x"), source, target, **options)).item()


NUMBERS = (pl.Int8(), pl.UInt16(), pl.Int64(), pl.UInt64(), pl.Float64(), pl.Decimal(12, 3))


@given(st.integers(-(10**6), 10**6), st.sampled_from(NUMBERS))
def test_a_number_that_survives_is_the_same(value, target):
    found = cast(value, pl.Int64(), target)
    assert found is None or found == value


@given(st.floats(allow_nan=False), st.sampled_from(NUMBERS))
def test_a_float_is_never_cut(value, target):
    found = cast(value, pl.Float64(), target)
    assert found is None or float(found) == value


@given(st.decimals(-999, 999, places=4), st.integers(0, 4))
def test_a_decimal_text_is_never_rounded(value, scale):
    found = cast(str(value), pl.String(), pl.Decimal(20, scale))
    assert (found == value) if round(value, scale) == value else (found is None)


@given(st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)))  # noqa: DTZ001 - plain ones
def test_what_python_writes_is_read_back(value):
    assert cast(value.isoformat(), pl.String(), pl.Datetime("us")) == value
    assert cast(value.date().isoformat(), pl.String(), pl.Date()) == value.date()
    assert cast(value.time().isoformat(), pl.String(), pl.Time()) == value.time()


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (1.5, pl.Float64(), pl.Int64(), 2),
        (-2.5, pl.Float64(), pl.Int64(), -3),
        (datetime(2013, 1, 1, 5), pl.Datetime("us"), pl.Date(), datetime(2013, 1, 1).date()),  # noqa: DTZ001
        (7, pl.Int64(), pl.Boolean(), True),
        (300, pl.Int64(), pl.Int8(), None),
    ],
)
def test_rounding_is_for_those_who_ask(value, source, target, expected):
    assert cast(value, source, target, rounding=True) == expected
    assert cast(value, source, target) is None


def test_lost_tells_a_null_from_a_failure():
    rows = pl.DataFrame({"x": ["1", "y", None]})
    after = converted(pl.col("x"), pl.String(), pl.Int64())
    assert rows.select(lost(pl.col("x"), after)).to_series().to_list() == [False, True, False]
