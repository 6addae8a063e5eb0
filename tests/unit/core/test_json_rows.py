"""Rows as JSON: from which every value can be read back, and the calendar's own arithmetic."""

import base64
import json
import math
import re
from datetime import date, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing.parametric import dataframes

from ingest.core.json_rows import Written, json_columns, json_rows
from ingest.core.showing import showable
from ingest.core.values.iso import beyond, clipped, iso_texts

KINDS = [
    pl.Int8, pl.Int64, pl.UInt64, pl.Float32, pl.Float64, pl.String, pl.Boolean, pl.Date,
    pl.Datetime("us"), pl.Datetime("ms"), pl.Datetime("ns"), pl.Datetime("us", "Asia/Tokyo"),
    pl.Time, pl.Decimal(12, 3), pl.Binary, pl.List(pl.Float64), pl.Duration("us"), pl.Null,
    pl.Struct({"a": pl.String, "b": pl.Float64}), pl.List(pl.List(pl.Int8)),
    pl.Array(pl.Int16, 2), pl.List(pl.Struct({"d": pl.Date, "b": pl.Binary})),
]  # fmt: skip
PER_SECOND = {"ms": 10**3, "us": 10**6, "ns": 10**9}
MOST = 2**63 - 1


def no_constants(text):
    raise ValueError(f"{text} is no JSON")


def days_of(year, month, day):
    """Count days by the calendar's rules, one year's length after the other in blocks of 400."""
    era, rest = divmod(year, 400)
    before = [y % 4 == 0 and (y % 100 != 0 or y % 400 == 0) for y in range(rest)]
    leap = rest % 4 == 0 and (rest % 100 != 0 or rest % 400 == 0)
    months = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    days = era * 146_097 + 365 * rest + sum(before) + sum(months[: month - 1]) + day - 1
    return days - 719_528


def count_of(text, unit):
    """Read a timestamp's or date's text back as its number."""
    pattern = r"([+-]?\d{4,})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{6}|\d{9}))?Z?)?"
    year, month, day, *clock, fraction = re.fullmatch(pattern, text).groups()
    days = days_of(int(year), int(month), int(day))
    if unit is None:
        return days
    hour, minute, second = map(int, clock)
    rest = int((fraction or "0").ljust(9, "0")) // (10**9 // PER_SECOND[unit])
    return (days * 86_400 + hour * 3_600 + minute * 60 + second) * PER_SECOND[unit] + rest


def assert_same(found, values: pl.Series):
    """Compare a parsed JSON value with the one value of a column."""
    kind = values.dtype
    if values.null_count():
        assert found is None
    elif isinstance(kind, pl.Struct):
        for field in kind.fields:
            assert_same(found[field.name], values.struct.field(field.name))
    elif isinstance(kind, pl.List | pl.Array):
        elements = values.explode()
        assert not found or len(found) == len(elements)
        for place, element in enumerate(found):
            assert_same(element, elements.slice(place, 1))
    elif kind.is_temporal():
        assert_same_moment(found, values)
    else:
        assert found == plain(values.item(), kind)
        assert type(found) is type(plain(values.item(), kind))


def assert_same_moment(found, values: pl.Series):
    kind = values.dtype
    if isinstance(kind, pl.Duration):
        assert found == values.dt.to_string("iso").item()
    elif isinstance(kind, pl.Time):
        assert nanos_of(found) == values.to_physical().item()
    else:
        unit = kind.time_unit if isinstance(kind, pl.Datetime) else None
        assert count_of(found, unit) == values.to_physical().item()
        assert found.endswith("Z") == (getattr(kind, "time_zone", None) is not None)


def nanos_of(clock):
    time, _, fraction = clock.partition(".")
    hour, minute, second = map(int, time.split(":"))
    return (hour * 3_600 + minute * 60 + second) * 10**9 + int((fraction or "0").ljust(9, "0"))


def plain(value, kind):
    """Return what a value is in JSON."""
    if isinstance(kind, pl.Binary):
        return base64.b64encode(value).decode()
    if isinstance(kind, pl.Decimal):
        return f"{value:.{kind.scale}f}"
    if kind.is_float() and not math.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    return value


@settings(max_examples=80, deadline=None)
@given(dataframes(allowed_dtypes=KINDS, max_cols=5, max_size=6))
def test_every_value_of_any_row_can_be_read_back(rows):
    for place, text in enumerate(json_rows(rows)):
        found = json.loads(text, parse_constant=no_constants)
        assert list(found) == rows.columns
        for name in rows.columns:
            assert_same(found[name], rows[name].slice(place, 1))


@given(st.integers(-(2**63), MOST), st.sampled_from(["ms", "us", "ns"]))
def test_any_timestamp_is_written_and_read_back(number, unit):
    values = pl.Series([number], dtype=pl.Int64).cast(pl.Datetime(unit))
    assert count_of(iso_texts(values).item(), unit) == number


@given(st.integers(-(2**31), 2**31 - 1))
def test_any_date_is_written_and_read_back(number):
    values = pl.Series([number], dtype=pl.Int32).cast(pl.Date)
    assert count_of(iso_texts(values).item(), None) == number


def test_the_names_of_far_years():
    micros = [253_402_300_800_000_000, MOST, -62_135_596_800_000_001, -MOST - 1, None]
    assert iso_texts(pl.Series(micros, dtype=pl.Int64).cast(pl.Datetime("us"))).to_list() == [
        "+10000-01-01 00:00:00",
        "+294247-01-10 04:00:54.775807",
        "0000-12-31 23:59:59.999999",
        "-290308-12-21 19:59:05.224192",
        None,
    ]


def test_floats_have_pythons_digits():
    floats = [0.1, -0.0, 1e16, 9999999999999998.0, 1e-4, 0.00009, 5e-324, 1.5e300, float("nan")]
    rows = pl.DataFrame({"f": floats, "narrow": pl.Series(floats).cast(pl.Float32)})
    for text, row in zip(json_rows(rows), rows.to_dicts(), strict=True):
        assert text == json.dumps(row).replace("NaN", '"NaN"').replace("Infinity", '"Infinity"')


def test_texts_are_escaped():
    rows = pl.DataFrame({'the "name"': [*map(chr, range(0x250)), 'a"b\\c', "a\nb", "", None]})
    assert json_rows(rows).to_list() == [json.dumps(row) for row in rows.to_dicts()]


def test_rows_without_columns_are_empty_objects():
    assert json_rows(pl.DataFrame(height=2)).to_list() == ["{}", "{}"]


@pytest.mark.parametrize(
    "far",
    [
        pl.Series([MOST]).cast(pl.Datetime("us")),
        pl.Series([MOST]).cast(pl.Datetime("ms", "Europe/Berlin")),
        pl.Series([2**31 - 1], dtype=pl.Int32).cast(pl.Date),
        pl.Series([MOST]).cast(pl.Duration("ms")),
        pl.Series([[MOST]]).cast(pl.List(pl.Datetime("us"))),
        pl.Series([{"a": [MOST]}]).cast(pl.Struct({"a": pl.List(pl.Datetime("us"))})),
    ],
)
def test_what_polars_cannot_print_and_python_cannot_hold_is_shown_as_text(far):
    shown = showable(far.to_frame("far"))
    assert shown.schema["far"] == pl.String
    assert shown.rows()
    assert str(shown)
    near = pl.Series("near", [0], dtype=pl.Int64).cast(pl.Datetime("us")).to_frame()
    assert showable(near) is near or showable(near).equals(near)


def test_values_beyond_python_are_clipped_for_describing_them():
    values = pl.Series([MOST, 0, -MOST, None]).cast(pl.Datetime("us"))
    assert beyond(values).to_list() == [True, False, True, None]
    assert clipped(values).to_list() == [
        datetime(9999, 12, 31), datetime(1970, 1, 1), datetime(1, 1, 2), None,
    ]  # fmt: skip
    days = pl.Series([2**31 - 1, -(2**31)], dtype=pl.Int32).cast(pl.Date)
    assert clipped(days).to_list() == [date(9999, 12, 31), date(1, 1, 2)]


def test_a_column_that_was_written_is_not_written_again():
    values = pl.Series("a", [1.5, None, math.nan, 0.0])
    known = {"a": Written(values, pl.Series(["w", None, "x", "y"]))}
    again = pl.DataFrame({"a": values.clone(), "b": [1, 2, 3, 4]})
    assert json_columns(again, known)["a"].to_list() == ["w", None, "x", "y"]


@pytest.mark.parametrize(
    "values",
    [
        pl.Series("a", [1.5, None, math.nan, -0.0]),
        pl.Series("a", [1.5, 2.5, math.nan, 0.0]),
        pl.Series("a", [1.5, None, math.nan, 0.0], dtype=pl.Float32),
        pl.Series("b", [1.5, None, math.nan, 0.0]),
        pl.Series("a", [1.5, None, math.nan]),
    ],
    ids=["sign of zero", "null", "type", "name", "number"],
)
def test_a_column_that_is_not_the_same_is_written(values):
    before = pl.Series("a", [1.5, None, math.nan, 0.0])
    known = {"a": Written(before, pl.Series(["w", None, "x", "y"]))}
    rows = values.to_frame()
    assert json_rows(rows, known).equals(json_rows(rows))
