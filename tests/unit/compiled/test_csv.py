"""What compiled code reads of CSV is what Polars reads; it touches no byte that it may not."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.values.texts import parse_texts
from ingest.sources.delimited.certain import Certain, CertainReader
from ingest.sources.text.bits import positions
from ingest.sources.text.dialect import Dialect
from tests.examples import examples

COMMAS = Dialect(",", '"')
ANY = 1.0
MOMENTS = [
    pl.Datetime(unit, zone) for unit in ("ms", "us") for zone in (None, "UTC", "America/New_York")
]
ZONES = ("Z", "Z", "+00:00", "-11:30", "+05:45", "+0100", "-09")


def read(text: str, *types: pl.DataType, nulls: tuple[str, ...] = ("",)) -> Certain:
    names = [f"c{place}" for place in range(len(types))]
    schema = dict(zip(names, types, strict=True))
    certain = CertainReader(COMMAS, names, schema, nulls).read(text.encode(), ANY)
    assert certain is not None
    return certain


def in_doubt(texts: list[str], dtype: pl.DataType) -> list[str]:
    """Return the texts that are in doubt; all others are the values that `core.texts` says."""
    certain = read("\n".join([*texts, ""]), dtype)
    doubts = set(certain.doubts.tolist())
    sure = [text for row, text in enumerate(texts) if row not in doubts]
    assert certain.fields["c0"].equals(parse_texts(pl.Series("c0", sure, pl.String), dtype))
    return [text for row, text in enumerate(texts) if row in doubts]


def test_without_it_nothing_is_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_COMPILED", "0")
    assert CertainReader(COMMAS, ["a"], {"a": pl.String()}, ("",)).read(b"x\n", ANY) is None


def test_each_kind_of_value_is_read() -> None:
    line = (
        "-7,0.25,-1.5,YES,2024-02-29,2024-02-29 23:59:59.5,2024-02-29T00:30+02:00,"
        '"a ""quoted"" text, of more than 12",x\r\n'
    )
    types = (
        pl.Int8(), pl.Float64(), pl.Decimal(9, 2), pl.Boolean(), pl.Date(), pl.Datetime("us"),
        pl.Datetime("ms", "UTC"), pl.String(), pl.String(),
    )  # fmt: skip
    certain = read(line, *types)
    moment = datetime(2024, 2, 29, 23, 59, 59, 500_000)
    zoned = datetime(2024, 2, 28, 22, 30, tzinfo=UTC)
    text = 'a "quoted" text, of more than 12'
    row = (-7, 0.25, Decimal("-1.50"), True, date(2024, 2, 29), moment, zoned, text, "x")
    assert certain.fields.rows() == [row]
    assert certain.fields.dtypes == list(types)
    assert not len(certain.doubts)


def test_quoted_fields_may_hold_line_ends() -> None:
    text = '1,"a\nb"\r\n2,"c\r\n""d"",\n\n"\n3,"x"y\n4,z"\n"5",",\n"\n6,"z"\n"7\n",z\n'
    types = {"n": pl.Int8(), "t": pl.String()}
    reader = CertainReader(COMMAS, ["n", "t"], types, ("",), multiline=True)
    certain = reader.read(text.encode(), ANY)
    assert certain is not None
    expected = [(1, "a\nb"), (2, 'c\r\n"d",\n\n'), (5, ",\n"), (6, "z")]
    assert certain.fields.rows() == expected
    assert certain.doubts.tolist() == [2, 3, 6]
    assert certain.ends is not None
    records = [text[:end].count("\n") for end in (positions(certain.ends) + 1).tolist()]
    assert records == [2, 6, 7, 8, 10, 11, 13]
    assert reader.read(f'{text}8,"open\n'.encode(), ANY) is None
    lines = reader.read(b'1,"x"\n2,y\n', ANY)
    assert lines is not None
    assert lines.ends is None


@pytest.mark.parametrize(
    ("line", "odd"),
    [
        ("1,x,y", 0), ("1", 0), ("", 0), ("z,x", 0), ("1000,x", 0), ("1 ,x", 0), ("+1,x", 0),
        ('1,"x', 1), ('1,x"', 1), ('1,"x"y', 0), ('1,"x""', 1), ("1,x\ry", 0), ('"",x', 0),
        ('1,"x\ry"', 0), ("1,x\r\r", 0),
    ],
)  # fmt: skip
def test_other_records_are_in_doubt_and_leave_nothing_behind(line: str, odd: int) -> None:
    certain = read(f",before\n{line}\n3,\n", pl.Int8(), pl.String())
    assert certain.fields.rows() == [(None, "before"), (3, None)]
    assert certain.doubts.tolist() == [1]
    assert certain.odd.tolist() == [1] * odd


def test_null_tokens_are_nulls_of_what_is_no_text() -> None:
    certain = read('NA,NA\n"NA",x\n-1,NA\n1,\n', pl.Int64(), pl.String(), nulls=("NA", "-1"))
    assert certain.fields.rows() == [(None, "NA"), (None, "x"), (None, "NA"), (1, None)]
    assert read(",x\n1,\n", pl.Int64(), pl.String(), nulls=("NA",)).doubts.tolist() == [0]


def test_moments_that_leave_too_much_in_doubt_are_read_as_texts_from_then_on() -> None:
    spoilt: set[str] = set()
    types = {"a": pl.Date(), "b": pl.Int64()}
    reader = CertainReader(COMMAS, ["a", "b"], types, ("",), spoilt)
    certain = reader.read(b"2024-02-29,2\n" * 4 + b"29.2.2024,2\n" * 4, 0.25)
    assert certain is not None
    assert certain.fields.rows() == [("2024-02-29", 2)] * 4 + [("29.2.2024", 2)] * 4
    assert spoilt == {"a"}
    assert reader.read(b"2024-02-29,x\n" * 4, 0.25) is None
    assert reader.read(b"1\n" * 4, 0.25) is None


@examples(200)
@given(st.lists(st.integers(0, 10**19) | st.integers(0, 2**53), min_size=1), st.data())
def test_floats_are_the_nearest(numbers: list[int], data: st.DataObject) -> None:
    texts = []
    for number in numbers:
        places = data.draw(st.integers(0, 18))
        digits = str(number).zfill(places + 1)
        sign = data.draw(st.sampled_from(("", "-")))
        exponent = data.draw(st.sampled_from(("", "", "e5", "E-7", "e+05", "e-30")))
        text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
        texts.append(sign + text + exponent)
    for dtype in (pl.Float64(), pl.Float32()):
        certain = read("\n".join([*texts, ""]), dtype)
        sure = [text for row, text in enumerate(texts) if row not in set(certain.doubts.tolist())]
        expected = parse_texts(pl.Series("c0", sure, pl.String), dtype)
        assert certain.fields["c0"].to_list() == expected.to_list()
        signs = [math.copysign(1, value) for value in certain.fields["c0"]]
        assert signs == [-1 if text.startswith("-") else 1 for text in sure]


def test_floats_as_python_writes_them_are_hardly_ever_in_doubt() -> None:
    values = np.random.default_rng(7).random(100_000) * 10.0 ** np.arange(-9, 11).repeat(5_000)
    certain = read("\n".join([*map(repr, values.tolist()), ""]), pl.Float64())
    assert certain.fields.height > 0.995 * len(values)
    rows = np.delete(values, certain.doubts)
    assert certain.fields["c0"].to_numpy().tobytes() == rows.tobytes()


def test_each_day_of_the_calendar_is_read_and_no_other() -> None:
    days = [date(1, 1, 1) + timedelta(days=7 * week) for week in range(521_000)]
    certain = read("\n".join([*map(str, days), ""]), pl.Date())
    assert certain.fields["c0"].equals(pl.Series("c0", days))
    texts = [f"{year:04}-{month:02}-{day:02}" for year in (0, 1900, 1999, 2000, 2024)
             for month in range(14) for day in range(33)]  # fmt: skip
    certain = read("\n".join([*texts, ""]), pl.Date())
    known = parse_texts(pl.Series("c0", texts), pl.Date())
    assert certain.fields["c0"].equals(known.drop_nulls())
    assert certain.doubts.tolist() == known.is_null().arg_true().to_list()


@examples(200)
@given(st.lists(st.datetimes(), min_size=1), st.sampled_from(MOMENTS), st.data())
def test_timestamps_are_what_their_texts_say(
    moments: list[datetime], dtype: pl.Datetime, data: st.DataObject
) -> None:
    texts, certain = [], []
    for moment in moments:
        clock = data.draw(st.sampled_from(("T%H:%M:%S.", " %H:%M:%S.", " %H:%M", "T%H:%M:%S", "")))
        digits = data.draw(st.integers(1, 7))
        fraction = f"{moment.microsecond:06}0"[:digits]
        zone = data.draw(st.sampled_from(ZONES)) if dtype.time_zone else ""
        text = f"{moment.year:04}-" + moment.strftime("%m-%d" + clock)
        texts.append(text + (fraction if clock.endswith(".") else "") + zone)
        sound = digits <= (3 if dtype.time_unit == "ms" else 6) or not clock.endswith(".")
        if sound and zone in {"", "Z"} and (clock or not dtype.time_zone):
            certain.append(texts[-1])
    assert not set(in_doubt(texts, dtype)) & set(certain)


@examples(200)
@given(
    st.lists(st.tuples(st.integers(0, 10**20), st.integers(0, 8)), min_size=1),
    st.sampled_from((pl.Decimal(10, 2), pl.Decimal(18, 0), pl.Decimal(38, 6))),
    st.sampled_from(("", "-")),
)
def test_decimals_are_what_their_texts_say(
    numbers: list[tuple[int, int]], dtype: pl.Decimal, sign: str
) -> None:
    texts = []
    for number, places in numbers:
        digits = str(number).zfill(places + 1)
        texts.append(sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits))
    for text in in_doubt(texts, dtype):
        value = abs(Decimal(text)).scaleb(dtype.scale)
        assert value >= 10 ** min(dtype.precision, 18) or value % 1


def test_booleans_are_the_words_that_are_known() -> None:
    words = ["true", "FALSE", "t", "F", "Yes", "nO", "y", "N", "1", "0"]
    others = ["truex", "2", "yess", "on", "[", "\x7f", "é", "trues!"]
    assert in_doubt([*words, *others], pl.Boolean()) == others


def test_no_byte_is_touched_that_may_not_be(sanitized: Callable[[str], None]) -> None:
    """Random texts are read by a library that checks each access of memory and each operation."""
    sanitized("fuzzing.py")
