"""Which texts are values, and of what."""

import math
import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.casting import not_a
from ingest.core.texts import failed, parse_texts
from ingest.core.types import parse_type

NUMBERISH = st.one_of(
    st.text(alphabet="0123456789+-.eE_ xinfa", max_size=12),
    st.integers().map(str),
    st.floats().map(str),
)
IMPOSSIBLE = "impossible"


def values(kind: str, *texts: str | None, form: str | None = None) -> list[Any]:
    column = pl.Series(texts, dtype=pl.String)
    parsed = parse_texts(column, parse_type(kind), form)
    assert parsed.dtype == parse_type(kind)
    wrong = failed(column, parsed)
    return [IMPOSSIBLE if bad else value for bad, value in zip(wrong, parsed, strict=True)]


@given(st.lists(NUMBERISH, min_size=1, max_size=20), st.sampled_from(["int8", "uint16", "int64"]))
def test_integers_are_digits_with_a_sign_that_fit(texts: list[str], kind: str) -> None:
    low, high = {"int8": (-128, 127), "uint16": (0, 65535), "int64": (-(2**63), 2**63 - 1)}[kind]

    def expected(text: str) -> Any:
        sign = r"\+?" if low == 0 else "[+-]?"
        if re.fullmatch(sign + r"[0-9]+", text, re.ASCII) and low <= int(text) <= high:
            return int(text)
        return IMPOSSIBLE

    assert values(kind, *texts) == [expected(text) for text in texts]


@given(st.lists(NUMBERISH, min_size=1, max_size=20))
def test_floats_are_what_python_reads_and_never_overflow_in_silence(texts: list[str]) -> None:
    for text, value in zip(texts, values("float64", *texts), strict=True):
        if value is IMPOSSIBLE:
            continue
        assert text == text.strip()
        assert "_" not in text
        assert value == float(text) or (math.isnan(value) and math.isnan(float(text)))
        assert not math.isinf(value) or "inf" in text.lower()
    plain = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d{1,2})?")
    for text, value in zip(texts, values("float64", *texts), strict=True):
        assert not (plain.fullmatch(text) and value is IMPOSSIBLE)


@given(st.lists(NUMBERISH, min_size=1, max_size=20))
def test_decimals_are_exact_or_refused(texts: list[str]) -> None:
    for text, value in zip(texts, values("decimal(6,2)", *texts), strict=True):
        if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text, re.ASCII):
            number = Decimal(text)
            fits = abs(number) < 10**4 and number == round(number, 2)
            assert value == (number if fits else IMPOSSIBLE)
        else:
            assert value is IMPOSSIBLE


def test_numbers_too_large_for_a_float_are_refused() -> None:
    assert values("float64", "1e400", "-1e400", "inf", "-inf") == [
        IMPOSSIBLE, IMPOSSIBLE, math.inf, -math.inf
    ]  # fmt: skip
    assert values("float32", "1e39", "1.5") == [IMPOSSIBLE, 1.5]


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
    expected = [time(12, 30), time(12, 30, 0, 250_000), *[IMPOSSIBLE] * 3]
    assert values("time", *texts) == expected


def test_timestamps_keep_all_digits_or_are_refused() -> None:
    good = ("2024-01-05 12:00:01", "2024-01-05T12:00:01.5", "2024-01-05 12:00:01.123456")
    bad = (
        "2024-01-05 12:00:01.1234567", "2024-01-05 12:00:60", "2024-01-05 12:00",
        "2024-01-05", "2024-01-05 12:00:01Z", "2024-01-05  12:00:01",
    )  # fmt: skip
    at = datetime(2024, 1, 5, 12, 0, 1)  # noqa: DTZ001 - without a zone
    found = [at, at.replace(microsecond=500_000), at.replace(microsecond=123_456)]
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
