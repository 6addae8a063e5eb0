"""F14: delimiters of several characters, escapes, spaces, short rows: each has its option."""

import csv
import io
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ingest.sources.csv import Csv
from ingest.testing.sources import pack, plan, records_of, rows_of
from tests.examples import examples
from tests.faults.text_job import TextJob
from tests.unit.sources.text.test_source import CarefulCsv, found

TEXTS = [
    "",
    "a",
    "é",
    " x ",
    '"',
    'a"b',
    ",",
    "||",
    "|",
    "\\",
    "a\\",
    '\\"',
    "\t",
    "5",
    "\x1f",
    "NA",
]


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TextJob:
    monkeypatch.chdir(tmp_path)
    return TextJob.at(tmp_path)


def read(folder: Path, text: str, **options: Any) -> tuple[list[Any], list[Any]]:
    """Return rows and reasons: the same by the fast way and the slow, and however it is cut."""
    path = folder / "a.csv"
    path.write_text(text, newline="")
    reader = Csv(type="csv", path=str(path), **options)
    careful = CarefulCsv(type="csv", path=str(path), **options)
    partition, layout = plan(reader)
    whole = records_of(reader, partition, layout)
    read = reader.read(partition, layout)
    assert repr(found(careful.read(partition, layout))) == repr(found(read))
    for target in (1, 6, 11):
        assert records_of(reader, pack(list(reader.slices(target))), layout) == whole, target
    rejects = [] if read.rejects is None else read.rejects.frame.select("line", "reason").rows()
    return rows_of(read).rows(), rejects


def test_a_delimiter_of_two_characters(job: TextJob) -> None:
    job.write("a.csv", 'id||name\n1||a|b\n2||"c||""d"\n3||\n4||e||f\n')
    output = job.run(delimiter="||", columns={"id": "int64"})
    assert output.rows == [(1, "a|b"), (2, 'c||"d'), (3, None)]
    assert output.reasons == [(5, "too many fields")]


@pytest.mark.parametrize(
    "delimiter", ["||", "\t\t", ", ", "\\t", "§", "¦¦", "::", "e", "\x01", "\x1f"]
)
def test_delimiters_of_all_kinds(tmp_path: Path, delimiter: str) -> None:
    lines = [["n", "x"], ["1", "a"], ["2", ""], ["3", f'"b{delimiter}c"'], ["4", "\x1f\x01d"]]
    text = "".join(delimiter.join(line) + "\n" for line in lines)
    rows, _ = read(tmp_path, text, delimiter=delimiter, columns={"n": "int64"})
    expected = [(1, "a"), (2, None), (3, f"b{delimiter}c"), (4, "\x1f\x01d")]
    assert rows == [row for row in expected if row[0] < 4 or delimiter not in "\x1f\x01"]


def test_backslash_escapes(job: TextJob) -> None:
    text = r"""id,name
1,"a\"b"
2,"c\\"
3,d\,e
4,"f""g"
5,C:\temp\new
6,\N
7,"h\\",i
8,"j\"
9,k
"""
    job.write("a.csv", text)
    output = job.run(escape="\\", null_values=["", "\\N"], columns={"id": "int64"})
    assert output.rows == [
        (1, 'a"b'), (2, "c\\"), (3, "d,e"), (4, 'f"g'), (5, "C:\\temp\\new"), (6, None)
    ]  # fmt: skip
    assert output.reasons == [
        (8, "too many fields"), (9, "unclosed quote"), (10, "inside an unclosed quote")
    ]  # fmt: skip


def test_without_the_option_a_backslash_is_a_backslash(tmp_path: Path) -> None:
    rows, rejects = read(tmp_path, 'a,b\n1,"x\\"\n2,"y\\"z"\n')
    assert rows == [("1", "x\\")]
    assert rejects == [(3, "text after a closing quote")]


def test_spaces_behind_delimiters(job: TextJob) -> None:
    job.write("a.csv", 'id, name,  n\n1, "a, b",   5\n  2,c d , 6\n3,"  e",\n4, f" , 7\n')
    assert job.run().reasons[0] == (2, "quote inside an unquoted field")
    output = job.run(skip_space=True, columns={"n": "int64"})
    assert output.columns == ["id", "name", "n"]
    assert output.rows == [("1", "a, b", 5), ("2", "c d ", 6), ("3", "  e", None)]
    assert output.reasons == [(5, "quote inside an unquoted field")]


def test_columns_apart_by_any_number_of_spaces(tmp_path: Path) -> None:
    for quote in ('"', None):
        rows, _ = read(
            tmp_path, "n  x\n1    a\n22 b\n   3   c\n", delimiter=" ", skip_space=True, quote=quote,
            columns={"n": "int64"},
        )  # fmt: skip
        assert rows == [(1, "a"), (22, "b"), (3, "c")]


def test_short_rows(job: TextJob) -> None:
    job.write("a.csv", 'a,b,c\n1,2,3\n4\n5,6\n\n7,8,9,10\n"x,y"\n,\n')
    assert [line for line, _ in job.run().reasons] == [3, 4, 5, 6, 7, 8]
    output = job.run(short_rows=None)
    assert output.rows == [
        ("1", "2", "3"), ("4", None, None), ("5", "6", None), ("x,y", None, None),
        (None, None, None),
    ]  # fmt: skip
    assert output.reasons == [(5, "blank line"), (6, "too many fields")]


def test_a_missing_field_is_null_where_an_empty_one_is_not(tmp_path: Path) -> None:
    rows, rejects = read(
        tmp_path, "a,b,n\n1,,2\n3\n,x\n4,y,\n", short_rows=None, null_values=(),
        columns={"n": "int64"},
    )  # fmt: skip
    assert rows == [("1", "", 2), ("3", None, None), ("", "x", None)]
    assert rejects == [(5, "not an int64")]


def test_short_rows_among_numbers(tmp_path: Path) -> None:
    types = {"a": "int64", "b": "float64", "c": "date"}
    rows, rejects = read(
        tmp_path, "a,b,c\n1, 2\n3,4.5\n5\n6,7,2024-01-01\n", short_rows=None, columns=types
    )
    assert [row[:2] for row in rows] == [(3, 4.5), (5, None), (6, 7.0)]
    assert rejects == [(2, "not a float64")]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"delimiter": 'x"'}, 'quote: """ is also in the delimiter'),
        ({"delimiter": "\\", "escape": "\\"}, "is also in the delimiter"),
        ({"delimiter": "a\n"}, "which cannot separate fields"),
        ({"delimiter": "\ue003"}, "private-use characters"),
        ({"delimiter": ""}, "at least 1 character"),
        ({"escape": '"'}, "Leave escape out"),
        ({"escape": "ab"}, "match pattern"),
        ({"short_rows": "fill"}, "reject"),
    ],
)
def test_what_cannot_be_told_apart_is_refused(options: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=said.replace("(", r"\(")):
        Csv(type="csv", path="in", **options)


DIALECTS: list[dict[str, Any]] = [
    {"delimiter": delimiter, "quote": quote, "escape": escape, "skip_space": skip_space}
    for delimiter in (",", "||", ", ", "\t")
    for quote in ('"', "'", None)
    for escape in (None, "\\")
    for skip_space in (False, True)
]


@examples(60)
@given(
    st.lists(st.lists(st.sampled_from(TEXTS), min_size=2, max_size=2), max_size=6),
    st.sampled_from(DIALECTS),
    st.booleans(),
)
def test_what_is_written_by_the_rules_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[list[str]],
    dialect: dict[str, Any],
    quoted: bool,
) -> None:
    signs = {key: dialect[key] for key in ("delimiter", "quote", "escape")}
    written = [[field(text, quoted=quoted, **signs) for text in row] for row in rows]
    good = [(texts, line) for texts, line in zip(rows, written, strict=True) if None not in line]
    if dialect["skip_space"] and not (quoted and dialect["quote"]):
        good = [(texts, line) for texts, line in good if not any(t.startswith(" ") for t in texts)]
    space = " " if dialect["skip_space"] and dialect["delimiter"] == "," else ""
    text = "".join(
        (dialect["delimiter"] + space).join(line) + "\n"  # type: ignore[arg-type]
        for _, line in good
    )
    folder = tmp_path_factory.mktemp("written")
    (folder / "a.csv").write_text(text, newline="")
    reader = Csv(type="csv", path=str(folder), header=("p", "q"), null_values=(), **dialect)
    assert rows_of(reader.read(*plan(reader))).rows() == [tuple(texts) for texts, _ in good]


def field(
    text: str, *, delimiter: str, quote: str | None, escape: str | None, quoted: bool
) -> str | None:
    """Return a field as it is written; None if it cannot be."""
    if escape is not None:
        text = text.replace(escape, escape * 2)
        for sign in (quote, delimiter):
            text = text.replace(sign, escape + sign) if sign else text
    if quote is not None and quoted:
        return quote + (text if escape else text.replace(quote, quote * 2)) + quote
    bare = text if escape is None else text.replace(escape * 2, "")
    if escape is None and (delimiter in text or (quote and quote in text)):
        return None
    return None if len(delimiter) > 1 and any(sign in bare for sign in delimiter) else text


@pytest.mark.slow
def test_python_s_csv_module_agrees_on_escapes(tmp_path: Path) -> None:
    chance = random.Random(5)
    words = ["a", 'b"c', "d\\", ",", "", "e\\\\f", '"', "\\,"]
    rows = [[chance.choice(words) for _ in range(3)] for _ in range(300)]
    text = io.StringIO()
    style: dict[str, Any] = {"escapechar": "\\", "doublequote": False, "lineterminator": "\n"}
    csv.writer(text, quoting=csv.QUOTE_ALL, **style).writerows([["x", "y", "z"], *rows])
    assert read(tmp_path, text.getvalue(), escape="\\")[0] == [tuple(row) for row in rows]
