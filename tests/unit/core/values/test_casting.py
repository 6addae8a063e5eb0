"""Casting: a value means the same in the new type, or is null."""

import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.types import parse_type
from ingest.core.values.casting import converted, lost


def cast(value: object, source: pl.DataType, target: pl.DataType, **options: object) -> object:
    rows = pl.DataFrame({"x": pl.Series([value], dtype=source)})
    return rows.select(converted(pl.col("x"), source, target, **options)).item()


NUMBERS = tuple(
    map(parse_type, ("int8", "uint16", "int64", "uint64", "float32", "float64", "decimal(12,3)"))
)
EDGES = [2**bits + near for bits in (24, 31, 53, 62) for near in (-1, 0, 1)]


@given(
    st.one_of(st.integers(-(2**63), 2**63 - 1), st.sampled_from(EDGES)), st.sampled_from(NUMBERS)
)
def test_an_integer_that_survives_is_the_same(value, target):
    found = cast(value, pl.Int64(), target)
    assert found is None or Fraction(found) == value
    if target == pl.Float64():
        assert (found is None) == (int(float(value)) != value or float(value) == 2.0**63)


@given(st.floats(allow_nan=False), st.sampled_from(NUMBERS))
def test_a_float_is_never_cut(value, target):
    found = cast(value, pl.Float64(), target)
    if target == pl.Float32() and found is not None:
        assert math.isinf(found) == math.isinf(value)
        assert (found == 0) == (value == 0)
    else:
        assert found is None or float(found) == value


@given(st.decimals(-(10**8), 10**8, places=3), st.sampled_from(NUMBERS))
def test_a_decimal_that_survives_has_the_same_digits(value, target):
    found = cast(value, pl.Decimal(20, 3), target)
    if target.is_float():
        written = pl.Series([found], dtype=target).cast(pl.String).item()
        assert found is None or Decimal(written) == value
        assert target == pl.Float32() or found is not None
    else:
        assert found is None or Decimal(found) == value


@pytest.mark.parametrize(
    ("value", "target", "expected"),
    [
        (0.1, "decimal(38,30)", Decimal("0.1")),
        (0.3, "decimal(9,2)", Decimal("0.30")),
        (0.1 + 0.2, "decimal(9,2)", None),
        (1e22, "decimal(38,0)", Decimal(10**22)),
        (1e-7, "decimal(38,10)", Decimal("1E-7")),
        (1e-11, "decimal(38,10)", None),
        (math.nan, "decimal(9,2)", None),
        (math.inf, "int64", None),
        (1e-60, "float32", None),
    ],
)
def test_floats(value, target, expected):
    assert cast(value, pl.Float64(), parse_type(target)) == expected


@given(st.decimals(-999, 999, places=4), st.integers(0, 4))
def test_a_decimal_text_is_never_rounded(value, scale):
    found = cast(str(value), pl.String(), pl.Decimal(20, scale))
    assert (found == value) if round(value, scale) == value else (found is None)


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)))
def test_what_python_writes_is_read_back(value):
    assert cast(value.isoformat(), pl.String(), pl.Datetime("us")) == value
    assert cast(value.date().isoformat(), pl.String(), pl.Date()) == value.date()
    assert cast(value.time().isoformat(), pl.String(), pl.Time()) == value.time()
    assert time.fromisoformat(cast(value.time(), pl.Time(), pl.String())) == value.time()


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)), st.sampled_from(["ms", "ns"]))
def test_a_timestamp_keeps_all_digits_in_another_unit(value, unit):
    found = cast(value, pl.Datetime("us"), pl.Datetime(unit))
    assert found in {None, value}
    if unit == "ms":
        assert (found is None) == bool(value.microsecond % 1000)
    else:
        assert (found is None) == (not 1678 <= value.year < 2262) or value.year in {1677, 2262}


def test_a_date_is_a_midnight_on_the_clocks_of_its_zone():
    berlin = pl.Datetime("us", "Europe/Berlin")
    midnight = datetime(2013, 7, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    assert cast(midnight, berlin, pl.Date()) == date(2013, 7, 1)
    assert cast(midnight + timedelta(hours=2), berlin, pl.Date()) is None


@pytest.mark.parametrize(
    ("value", "format", "target", "expected"),
    [
        (1_500, "epoch_ms", "timestamp(ms)", datetime(1970, 1, 1, 0, 0, 1, 500_000)),
        (1_500, "epoch_us", "timestamp(ms)", None),
        (-1, "epoch_s", "timestamp(us, UTC)", datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (32_503_680_000, "epoch_s", "timestamp(ns)", None),
        (253_402_300_800, "epoch_s", "timestamp", None),
        (2**62, "epoch_s", "timestamp", None),
    ],
)
def test_numbers_that_count_from_1970(value, format, target, expected):  # noqa: A002 - the option
    assert cast(value, pl.Int64(), parse_type(target), format=format) == expected


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (1.5, "float64", "int64", 2),
        (-2.5, "float64", "int64", -3),
        (2**53 + 1, "int64", "float64", 2.0**53),
        ("9007199254740993", "string", "float64", 2.0**53),
        ("1.235", "string", "decimal(9,2)", Decimal("1.24")),
        ("10:00:00.1234567891", "string", "time", time(10, 0, 0, 123_456)),
        ("2013-01-01 10:00", "string", "timestamp(us, UTC)", datetime(2013, 1, 1, 10, tzinfo=UTC)),
        (datetime(2013, 1, 1, 5), "timestamp", "date", date(2013, 1, 1)),
        (7, "int64", "boolean", True),
        (300, "int64", "int8", None),
        ("1e400", "string", "float64", None),
    ],
)
def test_rounding_is_for_those_who_ask(value, source, target, expected):
    assert cast(value, parse_type(source), parse_type(target), rounding=True) == expected
    assert cast(value, parse_type(source), parse_type(target)) is None


def test_one_is_no_decimal_below_one():
    assert cast(True, pl.Boolean(), pl.Decimal(1, 1)) is None


def test_lost_tells_a_null_from_a_failure():
    rows = pl.DataFrame({"x": ["1", "y", None]})
    after = converted(pl.col("x"), pl.String(), pl.Int64())
    assert rows.select(lost(pl.col("x"), after)).to_series().to_list() == [False, True, False]
