"""Formats: a text must be exactly of its format, and a format must hold what the type needs."""

from datetime import UTC, date, datetime, time

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.errors import ConfigError
from ingest.core.types import parse_type
from ingest.core.values.formats import check_format
from ingest.core.values.texts import parse_texts


def read(kind: str, form: str, *texts: str) -> list[object]:
    check_format(form, parse_type(kind))
    return parse_texts(pl.Series(texts, dtype=pl.String), parse_type(kind), form).to_list()


AT = datetime(2024, 3, 5, 14, 7)


@pytest.mark.parametrize(
    ("kind", "form", "text", "expected"),
    [
        ("date", "%d/%m/%Y", "5/3/2024", date(2024, 3, 5)),
        ("date", "%d.%m.%y", "05.03.24", date(2024, 3, 5)),
        ("date", "%Y%m%d", "20240305", date(2024, 3, 5)),
        ("date", "%d %B %Y", "5 March 2024", date(2024, 3, 5)),
        ("date", "%d/%m/%Y %H:%M:%S", "05/03/2024 00:00:00", date(2024, 3, 5)),
        ("date", "%Y/%j", "2024/065", date(2024, 3, 5)),
        ("time", "%I:%M %p", "2:07 pm", time(14, 7)),
        ("timestamp", "%F %R", "2024-03-05 14:07", AT),
        ("timestamp", "%d.%m.%Y", "05.03.2024", AT.replace(hour=0, minute=0)),
        ("timestamp", "%Y-%m-%d %H:%M:%S%.f", "2024-03-05 14:07:00.1234560",
         AT.replace(microsecond=123456)),
        ("timestamp", "%Y-%m-%d %H:%M:%S,%3f", "2024-03-05 14:07:00,250",
         AT.replace(microsecond=250_000)),
        ("timestamp(us, UTC)", "%Y-%m-%dT%H:%M%z", "2024-03-05T16:07+0200", AT.replace(tzinfo=UTC)),
        ("timestamp(us, UTC)", "%s", "1709647620", AT.replace(tzinfo=UTC)),
    ],
)  # fmt: skip
def test_what_a_format_says(kind, form, text, expected):
    assert read(kind, form, text, text + " ", " " + text, text + "x") == [expected, *[None] * 3]


@pytest.mark.parametrize(
    ("kind", "form", "text"),
    [
        ("date", "%Y-%m-%d", "-024-01-05"),
        ("date", "%Y-%m-%d", "24-01-05"),
        ("date", "%Y-%m-%d", "+2024-01-05"),
        ("date", "%Y-%m-%d", "2024- 1-05"),
        ("date", "%Y%m%d", "2024111"),
        ("date", "%d/%m/%Y %H:%M:%S", "05/03/2024 10:00:00"),
        ("time", "%H:%M:%S", "10:00:60"),
        ("timestamp", "%Y-%m-%d %H:%M:%S", "2024-01-05 10:00:60"),
        ("timestamp", "%Y-%m-%d %H:%M:%S%.f", "2024-01-05 10:00:00.1234567"),
        ("timestamp(ms)", "%Y-%m-%d %H:%M:%S%.6f", "2024-01-05 10:00:00.123456"),
        ("timestamp(ns)", "%Y-%m-%d", "3000-01-05"),
        ("timestamp(us, UTC)", "%Y-%m-%d %H:%M%z", "0001-01-01 00:00+0100"),
        ("timestamp(us, Europe/Berlin)", "%Y-%m-%d %H:%M", "2024-10-27 02:30"),
        ("timestamp(us, Europe/Berlin)", "%Y-%m-%d %H:%M", "2024-03-31 02:30"),
    ],
)
def test_what_polars_would_change_in_silence(kind, form, text):
    assert read(kind, form, text) == [None]


@pytest.mark.parametrize(
    ("kind", "form", "reason"),
    [
        ("date", "%Q", "no such code %Q. Known codes: %F, "),
        ("date", "%Y-%m", "does not describe a complete date"),
        ("timestamp", "%H:%M", "does not describe a complete timestamp"),
        ("timestamp", "%Y-%m-%d %I:%M", "does not describe a complete timestamp"),
        ("timestamp", "%Y-%m-%d %H:%M:%S.%f", "For a fraction with its decimal point, write %.f"),
        ("timestamp(us, UTC)", "%Y-%m-%d %H:%M %Z", "Write %z for an offset"),
        ("timestamp", "%Y-%m-%d %H:%M%z", "the time zone would be lost"),
        ("date", "%Y-%m-%d%z", "the time zone would be lost"),
        ("time", "%Y-%m-%d %H:%M", "the date would be lost"),
        ("int64", "%d", "a format is for dates, times and timestamps"),
    ],
)
def test_formats_that_could_only_lose_something_are_refused(kind, form, reason):
    with pytest.raises(ConfigError) as caught:
        check_format(form, parse_type(kind))
    assert reason in str(caught.value)


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)))
def test_what_a_format_writes_it_reads(value):
    form = "%d.%m.%Y %H:%M:%S%.6f"
    text = pl.Series([value]).dt.strftime(form).item()
    assert read("timestamp", form, text) == [value]
