"""Reading CSV all at once gives what looking at each record gives, and is what clean text gets."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.types import parse_type
from ingest.core.values.texts import parse_texts
from ingest.sources.base import Layout, Read
from ingest.sources.csv import Csv
from ingest.sources.delimited.numbers import is_number
from ingest.sources.delimited.table import TableReader
from ingest.sources.text.dialect import Dialect
from ingest.testing.sources import assert_balanced, pack
from tests.examples import examples
from tests.unit.sources.text.test_source import CarefulCsv, found, is_readable

pytestmark = pytest.mark.usefixtures("reader")

KINDS = (
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64",
    "boolean", "date", "time", "timestamp", "timestamp(us, UTC)", "decimal(10,2)", "string",
    "binary",
)  # fmt: skip
VALUES = (
    "", " ", "5", "-7", "+3", " 5", "5 ", "\t5", "\v5", "\x1f5", "\u00a05", "007", "-0", "1_0",
    "0x1", "+", "-",
    "127", "128", "255", "256", "32768", "65536", "2147483648", "4294967296", "16777217", "-1",
    "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616",
    "9007199254740993", "9007199254740993.0", "1.5", "1.", ".5", ".", "1e3", "1E3", "1e400",
    "-1e400", "1e-400", "0e-400", "1E-400", "1e-50", "0.0", "0." + "0" * 50 + "1",
    "0." + "0" * 330 + "1", "inf", "-inf", "nan", "NaN", "Infinity", "true", "f", "YES",
    "1996-03-13",
    "1996-3-13", " 996-03-13", "1996- 3-13", "+996-03-13", "-996-03-13", "0000-01-01", "0001-01-01",
    "9999-12-31", "1996-02-29", "1997-02-29", "1996-13-01", "1996-00-10", "1996-01-00",
    "1996-04-31", "1996/03/13", "1996-03-13 10:00:00", "1996-03-13T10:00:00Z", "10:30",
    "10:30:59.5",
    "12.345", "NA", "null", "x", "a b", "é", "\ufeff5", "1,5", "e-5", "5e-", "ab-c",
)  # fmt: skip
TOKENS: tuple[tuple[str, ...], ...] = (("",), ("", "NA"), ("NA",), (), ("", "-1", "5"), ("", "a,b"))
FORMS = st.sampled_from(("{}", '"{}"', "{}", '"{}', '{}"', '"{}"x', '""{}', " {}", "{}\r", "\0{}"))
ENDS = st.sampled_from(("\n", "\n", "\n", "\r\n", "\r\r\n", "\n\n", "\r"))


@st.composite
def tables(draw: st.DrawFn) -> tuple[bytes, tuple[str, ...], dict[str, Any]]:
    """Draw records of one, two or three columns, most of them well formed, and the options."""
    kinds = tuple(draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3)))
    delimiter, quote = draw(st.sampled_from(((",", '"'), (";", "'"), ("|", None), ("\t", '"'))))
    forms = st.just("{}") | st.just('"{}"') if draw(st.booleans()) else FORMS
    lines = []
    for _ in range(draw(st.integers(0, 8))):
        width = len(kinds) + draw(st.sampled_from((0, 0, 0, 0, 0, 0, 0, 1, -1)))
        texts = [draw(forms).format(draw(st.sampled_from(VALUES))) for _ in range(width)]
        lines.append(delimiter.join(texts) + (draw(ENDS) if draw(st.booleans()) else "\n"))
    data = "".join(lines).replace('"', quote or '"').encode()
    if draw(st.integers(0, 9)) == 0:
        data = data.replace(b"x", b"\xff").replace("é".encode(), b"\xc3")
    options = {
        "delimiter": delimiter,
        "quote": quote,
        "null_values": draw(st.sampled_from(TOKENS)),
        "max_record_bytes": draw(st.sampled_from((16 * 1024**2, 16 * 1024**2, 12))),
    }
    return data, kinds, options


def both(data: bytes, kinds: tuple[str, ...], options: dict[str, Any]) -> tuple[Read, Read]:
    names = tuple(f"c{place}" for place in range(len(kinds)))
    layout = Layout(
        dict(zip(names, map(parse_type, kinds), strict=True)),
        {"header": list(names), "folder_keys": []},
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(data)
        reads = []
        for kind in (Csv, CarefulCsv):
            source = kind(type="csv", path=str(path), header=names, **options)
            reads.append(source.read(pack(list(source.slices(10**9))), layout))
            assert_balanced(reads[-1])
        return reads[0], reads[1]


@examples(100)
@given(tables().filter(lambda drawn: is_readable(drawn[0])))
def test_all_at_once_and_one_by_one_agree(
    drawn: tuple[bytes, tuple[str, ...], dict[str, Any]],
) -> None:
    fast, slow = both(*drawn)
    assert repr(found(fast)) == repr(found(slow))


@examples(100)
@given(
    tables().filter(lambda drawn: is_readable(drawn[0]) and b"\r" not in drawn[0]),
    st.integers(0, 9),
)
def test_a_few_odd_records_among_many_make_no_difference(
    drawn: tuple[bytes, tuple[str, ...], dict[str, Any]], place: int
) -> None:
    data, kinds, options = drawn
    sound = {"boolean": "t", "date": "2024-02-29", "time": "10:30", "timestamp": "2024-02-29 10:30"}
    zoned = "2024-02-29 10:30Z"
    texts = [zoned if "UTC" in kind else sound.get(kind, "7") for kind in kinds]
    record = options["delimiter"].join(texts).encode() + b"\n"
    fast, slow = both(place * record + data + b"\n" + 30 * record, kinds, options)
    assert repr(found(fast)) == repr(found(slow))


SEMICOLONS = Dialect(";", '"')


def reader(kind: str, dialect: Dialect = SEMICOLONS) -> TableReader:
    schema = {"a": parse_type(kind), "b": pl.String()}
    return TableReader(dialect, ("a", "b"), schema, ("",))


@pytest.mark.parametrize("kind", KINDS)
def test_a_number_that_is_read_as_such_is_what_its_text_says(kind: str) -> None:
    typed = 0
    for text in VALUES:
        for form in ("{}", '"{}"'):
            read = reader(kind).read(f"{form.format(text)};x\n1;y\n".encode())
            if read is None or read[0]["a"].dtype == pl.String:
                continue
            typed += 1
            said = parse_texts(pl.Series("a", [text or None, "1"]), parse_type(kind))
            assert read[0]["a"].equals(said, null_equal=True), (text, form)
            assert said.null_count() == (text == ""), (text, form)
    assert typed > 10 or not is_number(parse_type(kind))


def test_a_field_that_is_no_number_makes_texts_of_its_column_only() -> None:
    schema = {"a": pl.Int64(), "b": pl.Int64(), "c": pl.Float64()}
    spoilt: set[str] = set()
    table = TableReader(SEMICOLONS, tuple(schema), schema, ("",), spoilt=spoilt)
    read = table.read(b"1;2;0.5\nx;3;1\n")
    assert read is not None
    assert read.fields.dtypes == [pl.String, pl.Int64, pl.Float64]
    assert spoilt == {"a"}


def test_rows_with_a_number_that_may_be_wrong_are_left_out_alone() -> None:
    schema = {"a": pl.Int64(), "b": pl.Float64()}
    odd = [b" 1;1", b"1;9007199254740993", b"1;1e-400", b"1;0." + b"0" * 400 + b"1", b"1;nan"]
    read = TableReader(SEMICOLONS, tuple(schema), schema, ("",)).read(
        b"\n".join([*odd, *[b"1;0"] * 20, b""])
    )
    assert read is not None
    assert read.doubts.tolist() == [0, 1, 2, 3, 4]
    assert read.fields.rows() == [(1, 0.0)] * 20


@pytest.mark.parametrize("quote", ["", '"'])
def test_rows_in_doubt_are_told_beside_lines_that_are_no_records(quote: str) -> None:
    schema = {"a": pl.Int64(), "b": pl.Float64()}
    odd = [b"1;2;3", b" 1;1", b"1", b"1;2;3", b"1;0", b"1;1e-400", b'"1"x;1', b"1; 7", b"1"]
    sound = f"{quote}1{quote};0".encode()
    text = b"\n".join([*odd, *[sound] * 40, b" 2;1", b"1;2;3", b""])
    spoilt: set[str] = set()
    read = TableReader(SEMICOLONS, tuple(schema), schema, ("",), spoilt=spoilt).read(text)
    assert read is not None
    assert read.doubts.tolist() == [0, 1, 2, 3, 5, 6, 7, 8, 49, 50]
    assert read.fields.rows() == [(1, 0.0)] * 41
    assert not spoilt
