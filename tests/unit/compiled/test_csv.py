"""What compiled code reads of CSV is what Polars reads; it touches no byte that it may not."""

import math
import shutil
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.compiled import csv
from ingest.compiled.library import SOURCE
from ingest.core.values.texts import parse_texts
from ingest.sources.delimited.certain import Certain, CertainReader
from ingest.sources.text.dialect import Dialect
from tests.examples import examples

COMMAS = Dialect(",", '"')
ANY = 1.0


def read(text: str, *types: pl.DataType, nulls: tuple[str, ...] = ("",)) -> Certain:
    names = [f"c{place}" for place in range(len(types))]
    schema = dict(zip(names, types, strict=True))
    certain = CertainReader(COMMAS, names, schema, nulls).read(text.encode(), ANY)
    assert certain is not None
    return certain


def test_it_was_built_where_there_is_a_compiler() -> None:
    assert csv.is_there() or not shutil.which("cc")


def test_without_it_nothing_is_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_COMPILED", "0")
    assert CertainReader(COMMAS, ["a"], {"a": pl.String()}, ("",)).read(b"x\n", ANY) is None


def test_each_kind_of_value_is_read() -> None:
    line = '-7,0.25,2024-02-29,2024-02-29 23:59:59.5,"a ""quoted"" text, of more than 12",x\r\n'
    types = (pl.Int8(), pl.Float64(), pl.Date(), pl.Datetime("us"), pl.String(), pl.String())
    certain = read(line, *types)
    moment = datetime(2024, 2, 29, 23, 59, 59, 500_000)
    text = 'a "quoted" text, of more than 12'
    assert certain.fields.rows() == [(-7, 0.25, date(2024, 2, 29), moment, text, "x")]
    assert certain.fields.dtypes == list(types)
    assert not len(certain.doubts)


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
@given(st.lists(st.datetimes(), min_size=1), st.sampled_from(("ms", "us")), st.data())
def test_timestamps_are_what_their_texts_say(
    moments: list[datetime], unit: str, data: st.DataObject
) -> None:
    texts = []
    for moment in moments:
        digits = data.draw(st.integers(0, 7))
        fraction = f"{moment.microsecond:06}0"[:digits]
        text = moment.strftime("%m-%d" + data.draw(st.sampled_from("T ")) + "%H:%M:%S")
        texts.append(f"{moment.year:04}-{text}" + (f".{fraction}" if digits else ""))
    dtype = pl.Datetime("ms" if unit == "ms" else "us")
    certain = read("\n".join([*texts, ""]), dtype)
    sure = [text for row, text in enumerate(texts) if row not in set(certain.doubts.tolist())]
    assert certain.fields["c0"].equals(parse_texts(pl.Series("c0", sure, pl.String), dtype))
    places = 3 if unit == "ms" else 6
    assert len(sure) == sum(len(text.partition(".")[2]) <= places for text in texts)


@pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
def test_no_byte_is_touched_that_may_not_be(tmp_path: Path) -> None:
    """Random texts are read by a library that checks each access of memory and each operation."""
    checked = tmp_path / "csv.so"
    flags = ("-std=c11", "-g", "-O1", "-fPIC", "-shared", "-fsanitize=address,undefined")
    strict = ("-fno-sanitize-recover=all", "-Wall", "-Wextra", "-Werror")
    subprocess.run(["cc", *flags, *strict, "-o", checked, SOURCE], check=True)
    found = subprocess.run(
        ["cc", "-print-file-name=libasan.so"], check=True, capture_output=True, text=True
    )
    subprocess.run(
        [sys.executable, Path(__file__).with_name("fuzzing.py"), checked],
        check=True,
        env={"LD_PRELOAD": found.stdout.strip(), "ASAN_OPTIONS": "detect_leaks=0"},
        timeout=100,
    )
