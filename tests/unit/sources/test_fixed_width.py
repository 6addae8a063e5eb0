"""Fixed width: each field at its place, and what is no record is rejected."""

import gzip
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from ingest.core.errors import ConfigError
from ingest.sources.base import Read
from ingest.sources.fixed_width import FixedWidth
from ingest.testing.sources import layout_of, pack, plan, records_of, rows_of
from tests.faults.text_job import TextJob

COLUMNS: dict[str, Any] = {
    "id": {"width": 4, "type": "int64"},
    "name": {"width": 6},
    "day": {"start": 12, "width": 8, "type": "date", "format": "%Y%m%d"},
}
TEXT = "   1anna  x20240131\n  22björn  20240229\n\n 333carl  y20240230\n4444\n"


def source(path: Path, **options: Any) -> FixedWidth:
    return FixedWidth(type="fixed_width", path=str(path), **{"columns": COLUMNS, **options})


def read(folder: Path, text: str | bytes, **options: Any) -> Read:
    """Read a file, which must give the same records however it is cut."""
    path = folder / "a.txt"
    encoding = options.get("encoding", "utf-8")
    path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
    reader = source(path, **options)
    partition, layout = plan(reader)
    whole = records_of(reader, partition, layout)
    for target in (1, 7, 30):
        assert records_of(reader, pack(list(reader.slices(target))), layout) == whole
    return reader.read(partition, layout)


def reasons(found: Read) -> list[Any]:
    if found.rejects is None:
        return []
    return found.rejects.frame.select("line", "column", "reason").rows()


def test_a_job_over_fixed_width_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    job = TextJob.at(tmp_path)
    job.write("a.txt", TEXT)
    job.write("b.dat.gz", gzip.compress(b"title\n" * 0 + b"   5dora  z20240101\n", mtime=0))
    output = job.run("fixed_width", columns=COLUMNS)
    assert output.columns == ["id", "name", "day"]
    assert [row[:2] for row in output.rows] == [(1, "anna"), (22, "björn"), (5, "dora")]
    assert output.rejects == [
        (3, "blank line", ""),
        (4, "day: not a date", " 333carl  y20240230"),
        (5, "line too short", "4444"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
def test_places_count_characters(tmp_path: Path, encoding: str) -> None:
    found = read(tmp_path, TEXT, encoding=encoding)
    assert rows_of(found)["name"].to_list() == ["anna", "björn"]


def test_columns_stand_behind_each_other_or_where_they_are_told(tmp_path: Path) -> None:
    columns = {"b": {"start": 5, "width": 2}, "c": {"width": 1}, "a": {"start": 1, "width": 2}}
    found = read(tmp_path, "1234567\n", columns=columns)
    assert rows_of(found).to_dicts() == [{"b": "56", "c": "7", "a": "12"}]


@pytest.mark.parametrize(
    ("trim", "value"), [("both", "x y"), ("left", "x y "), ("right", " x y"), ("none", " x y ")]
)
def test_spaces_are_trimmed_as_told(tmp_path: Path, trim: str, value: str) -> None:
    columns = {"a": {"width": 5}, "b": {"width": 2}}
    found = read(tmp_path, " x y   \n", columns=columns, trim=trim)
    assert rows_of(found).rows() == [(value, None)]


def test_nulls_are_what_the_options_say(tmp_path: Path) -> None:
    columns = {"a": {"width": 2, "type": "int64"}, "b": {"width": 2}}
    found = read(tmp_path, " 1NA\n--  \n", columns=columns, null_values=("", "NA", "--"))
    assert rows_of(found).rows() == [(1, None), (None, None)]
    bare = read(tmp_path, " 1NA\n    \n", columns=columns, null_values=())
    assert rows_of(bare).rows() == [(1, "NA")]
    assert reasons(bare) == [(2, "a", "not an int64")]


def test_short_lines_are_rejected_unless_told(tmp_path: Path) -> None:
    columns = {"a": {"width": 3}, "b": {"width": 3}, "c": {"width": 3}}
    text = "aaabbbccc\naaabbbc\naaab\naaa\na\nxxxyyyzzz  \nxxxyyyzzz w\n"
    strict = read(tmp_path, text, columns=columns)
    assert rows_of(strict).rows() == [("aaa", "bbb", "ccc"), ("xxx", "yyy", "zzz")]
    assert reasons(strict) == [
        *((line, None, "line too short") for line in range(2, 6)),
        (7, None, "text behind the last column"),
    ]
    told = read(tmp_path, text, columns=columns, short_rows=None)
    assert rows_of(told).rows()[1:5] == [
        ("aaa", "bbb", "c"), ("aaa", "b", None), ("aaa", None, None), ("a", None, None)
    ]  # fmt: skip


def test_types_come_from_the_columns_or_the_contract(tmp_path: Path) -> None:
    (tmp_path / "a.fwf").write_text("1 2 \n")
    reader = source(tmp_path, columns={"a": {"width": 2}, "b": {"width": 2, "type": "string"}})
    types = {"a": pl.Int8(), "b": pl.Int8()}
    layout = reader.layout(list(reader.slices(100)), types)
    assert layout.columns == {"a": pl.Int8(), "b": pl.String()}
    assert layout.notes == {"a": "contract", "b": "source.columns"}


def test_lines_that_are_no_records(tmp_path: Path) -> None:
    columns = {"a": {"width": 1}}
    text = "title\nsep=;\n1\nTotal\n2\n\nend\n"
    found = read(
        tmp_path, text, columns=columns, skip_rows=2, skip_footer=1, ignore_rows="^Total",
        blank_lines="skip",
    )  # fmt: skip
    assert rows_of(found)["a"].to_list() == ["1", "2"]
    assert found.filtered == {"footer": 1, "matches ignore_rows": 1}


def test_old_macs_wrote_it_too(tmp_path: Path) -> None:
    found = read(tmp_path, "1\n\r2 \r", columns={"a": {"width": 2}}, line_end="cr")
    assert rows_of(found)["a"].to_list() == ["1\n", "2"]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "at least 1"),
        ({"a": {}}, "width"),
        ({"a": {"width": 0}}, "greater than or equal to 1"),
        ({"a": {"width": 1, "start": 0}}, "greater than or equal to 1"),
        ({"a": "int64"}, "valid dictionary"),
        ({"*": {"width": 1}}, "is a pattern"),
    ],
)
def test_what_is_no_column_is_refused(columns: Any, said: str) -> None:
    with pytest.raises((ValidationError, ConfigError), match=said):
        FixedWidth(type="fixed_width", path="in", columns=columns)


def test_folder_keys_and_files_are_columns_too(tmp_path: Path) -> None:
    (tmp_path / "d=2024").mkdir()
    (tmp_path / "d=2024" / "a.prn").write_text("1\n")
    reader = source(tmp_path, columns={"a": {"width": 1}}, include_file_columns=True)
    row = rows_of(reader.read(*plan(reader))).to_dicts()[0]
    assert (row["a"], row["d"], row["_file_name"]) == ("1", "2024", "a.prn")
    with pytest.raises(ConfigError, match='"d" is also a column'):
        layout_of(source(tmp_path, columns={"d": {"width": 1}}))


def test_an_input_that_cannot_be_read_is_refused_when_the_plan_is_made(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1\n", encoding="utf-16")
    with pytest.raises(ConfigError, match="byte-order mark of UTF-16"):
        layout_of(source(tmp_path, columns={"a": {"width": 1}}))
