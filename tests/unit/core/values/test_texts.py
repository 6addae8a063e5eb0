"""Which texts are values, and of what."""

import math
from datetime import UTC, date, datetime, time
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.types import parse_type
from ingest.core.values.casting import not_a
from ingest.core.values.texts import failed, parse_texts
from tests.examples import examples
from tests.unit.core.written import IMPOSSIBLE, KINDS, TEXTS, value_of


def values(kind: str, *texts: str | None, form: str | None = None) -> list[Any]:
    column = pl.Series(texts, dtype=pl.String)
    parsed = parse_texts(column, parse_type(kind), form)
    assert parsed.dtype == parse_type(kind)
    wrong = failed(column, parsed)
    return [IMPOSSIBLE if bad else value for bad, value in zip(wrong, parsed, strict=True)]


@examples(100)
@given(st.lists(TEXTS, min_size=1, max_size=20), st.sampled_from(KINDS))
def test_a_text_is_what_python_says_or_is_refused(texts: list[str], kind: str) -> None:
    expected = [value_of(text, kind) for text in texts]
    for text, found, value in zip(texts, plain_values(kind, texts), expected, strict=True):
        assert means(found, value, kind), (text, found, value)


def plain_values(kind: str, texts: list[str]) -> list[Any]:
    """Return values that Python can hold whole: times and timestamps as nanoseconds."""
    column = pl.Series(texts, dtype=pl.String)
    parsed = parse_texts(column, parse_type(kind))
    wrong, found = failed(column, parsed), parsed.to_list()
    if parsed.dtype == pl.Time:
        found = parsed.cast(pl.Int64).to_list()
    elif isinstance(parsed.dtype, pl.Datetime):
        scale = {"ms": 10**6, "us": 10**3, "ns": 1}[parsed.dtype.time_unit]
        found = [None if value is None else value * scale for value in parsed.cast(pl.Int64)]
    return [IMPOSSIBLE if bad else value for bad, value in zip(wrong, found, strict=True)]


def means(found: Any, value: Any, kind: str) -> bool:
    if IMPOSSIBLE in (found, value) or not isinstance(value, Fraction | float):
        return bool(found == value)
    if isinstance(value, float):
        return found == value or (math.isnan(found) and math.isnan(value))
    spare = Fraction(1, 2 ** (23 if kind == "float32" else 52)) * abs(value)
    least = Fraction(1, 2 ** (149 if kind == "float32" else 1074))
    return bool(abs(Fraction(found) - value) <= max(spare, least))


def test_numbers_too_large_for_a_float_are_refused() -> None:
    assert values("float64", "1e400", "-1e400", "inf", "-inf") == [
        IMPOSSIBLE, IMPOSSIBLE, math.inf, -math.inf
    ]  # fmt: skip
    assert values("float32", "1e39", "1.5") == [IMPOSSIBLE, 1.5]


def test_numbers_too_small_for_a_float_are_not_zero() -> None:
    assert values("float64", "1e-400", "-0.0", "0e-400", "5e-324") == [IMPOSSIBLE, 0, 0, 5e-324]
    assert values("float32", "1e-60", "0.00") == [IMPOSSIBLE, 0]


def test_an_offset_leads_out_of_no_year_that_is_written() -> None:
    texts = ("0001-01-01 00:00:00+01:00", "9999-12-31T23:59:59-01", "0001-01-01T00:00:00Z")
    first = datetime(1, 1, 1, tzinfo=UTC)
    assert values("timestamp(us, UTC)", *texts) == [IMPOSSIBLE, IMPOSSIBLE, first]


def test_booleans() -> None:
    texts = ("true", "T", "Yes", "y", "1", "FALSE", "f", "no", "N", "0", "on", "2", "", None)
    expected = [True] * 5 + [False] * 5 + [IMPOSSIBLE] * 3 + [None]
    assert values("boolean", *texts) == expected


def test_dates_are_iso_or_of_the_format() -> None:
    texts = ("2024-02-29", "2023-02-29", "24-01-05", "2024-1-5", " 2024-01-05", "2024-01-05 ", "")
    assert values("date", *texts) == [date(2024, 2, 29), *[IMPOSSIBLE] * 6]
    assert values("date", "31.01.2024", "2024-01-31", form="%d.%m.%Y") == [
        date(2024, 1, 31),
        IMPOSSIBLE,
    ]


def test_times() -> None:
    texts = ("12:30:00", "12:30:00.25", "12:30", "24:00:00", "12:30:60")
    expected = [time(12, 30), time(12, 30, 0, 250_000), time(12, 30), *[IMPOSSIBLE] * 2]
    assert values("time", *texts) == expected


def test_timestamps_keep_all_digits_or_are_refused() -> None:
    good = (
        "2024-01-05 12:00:01", "2024-01-05T12:00:01.5", "2024-01-05 12:00:01.1234560",
        "2024-01-05 12:00", "2024-01-05",
    )  # fmt: skip
    bad = (
        "2024-01-05 12:00:01.1234567", "2024-01-05 12:00:60", "2024-01-05 12",
        "2024-01-05 12:00:01Z", "2024-01-05  12:00:01", "2024-01-05T",
    )  # fmt: skip
    at = datetime(2024, 1, 5, 12, 0, 1)
    found = [
        at, at.replace(microsecond=500_000), at.replace(microsecond=123_456),
        at.replace(second=0), at.replace(hour=0, second=0),
    ]  # fmt: skip
    assert values("timestamp", *good, *bad) == [*found, *[IMPOSSIBLE] * len(bad)]


def test_timestamps_with_a_zone_need_theirs_written() -> None:
    texts = ("2024-01-05T12:00:01Z", "2024-01-05 14:00:01+02:00", "2024-01-05 12:00:01")
    at = datetime(2024, 1, 5, 12, 0, 1, tzinfo=UTC)
    assert values("timestamp(us, UTC)", *texts) == [at, at, IMPOSSIBLE]


def test_a_format_without_a_zone_means_local_times() -> None:
    texts = ("05.07.2024 12:00", "31.03.2024 02:30")
    found = values("timestamp(us, Europe/Berlin)", *texts, form="%d.%m.%Y %H:%M")
    assert found[0].astimezone(UTC) == datetime(2024, 7, 5, 10, 0, tzinfo=UTC)
    assert found[1] is IMPOSSIBLE, "clocks skipped this hour"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("int64", "not an int64"), ("uint8", "not a uint8"), ("date", "not a date")],
)
def test_reasons(kind: str, reason: str) -> None:
    assert not_a(parse_type(kind)) == reason
