"""B10: lines that end in a carriage return alone are read with `line_end: cr`, else refused."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from ingest.core.errors import BadRowError, ConfigError
from ingest.sources.csv import Csv
from ingest.sources.jsonl import Jsonl
from ingest.testing.sources import layout_of, pack, plan, records_of, rows_of
from tests.faults.text_job import TextJob

MAC = b"id,name\r1,a\r2,b\r"
JSON = b'{"id":1}\r{"id":2}\r'


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TextJob:
    monkeypatch.chdir(tmp_path)
    return TextJob.at(tmp_path)


@pytest.mark.parametrize("options", [{}, {"header": False}, {"header": ("a", "b")}])
def test_such_a_file_is_refused_with_the_way_out(job: TextJob, options: Any) -> None:
    job.write("a.csv", MAC)
    assert "a.csv: lines end in a carriage return alone. Write line_end: cr" in job.refused(
        **options
    )
    assert job.run(line_end="cr").rows == [("1", "a"), ("2", "b")]


@pytest.mark.parametrize("multiline", [False, True])
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
def test_it_is_read_with_the_option(
    tmp_path: Path, name: str, encoding: str, multiline: bool
) -> None:
    data = MAC.decode().replace("a", "ä").encode(encoding)
    (tmp_path / name).write_bytes(gzip.compress(data, mtime=0) if name.endswith("gz") else data)
    names = ("id", "näme") if encoding != "utf-8" else True
    reader = Csv(
        type="csv", path=str(tmp_path / name), encoding=encoding, line_end="cr",
        multiline=multiline, header=names, skip_rows=int(names is not True),
    )  # fmt: skip
    partition, layout = plan(reader)
    whole = records_of(reader, partition, layout)
    assert rows_of(reader.read(partition, layout)).rows() == [("1", "ä"), ("2", "b")]
    assert [line for _, line, _ in whole] == [2, 3]
    for target in (1, 3, 8):
        assert records_of(reader, pack(list(reader.slices(target))), layout) == whole


def test_line_feeds_within_quotes_are_part_of_values(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b'id,"na\nme"\r1,"a\nb"\r2,"c\rd"\r3,e\nf\r4\r')
    reader = Csv(type="csv", path=str(tmp_path), line_end="cr", multiline=True)
    read = reader.read(*plan(reader))
    assert rows_of(read).columns == ["id", "na\nme"]
    assert rows_of(read).rows() == [("1", "a\nb"), ("2", "c\rd")]
    assert read.rejects is not None
    assert read.rejects.frame.select("line", "reason", "original").rows() == [
        (5, "carriage return outside quotes", "3,e\nf"), (6, "too few fields", "4")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"id,name\n1,a\n", "lines end in a line feed"), (MAC.replace(b"\r", b"\r\n"), None)],
)
def test_the_option_is_refused_where_lines_end_otherwise(
    tmp_path: Path, data: bytes, said: str | None
) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    reader = Csv(type="csv", path=str(tmp_path), line_end="cr")
    if said is not None:
        with pytest.raises(ConfigError, match=said):
            layout_of(reader)
        return
    read = reader.read(*plan(reader))
    assert rows_of(read).is_empty()
    assert read.rejects is not None


def test_a_later_file_is_refused_when_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(MAC.replace(b"\r", b"\n"))
    (tmp_path / "b.csv").write_bytes(MAC)
    reader = Csv(type="csv", path=str(tmp_path))
    slices = list(reader.slices(1000))
    layout = reader.layout(slices[:1], {})
    with pytest.raises(BadRowError, match=r"b\.csv: lines end in a carriage return alone"):
        reader.read(pack(slices), layout)


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"id,name\n1,a\r2,b\n3,c\n", [("3", "c")]),
        (b"id,name\r\n1,a\r2,b\r\n3,c", [("3", "c")]),
        (b"id,name\n1,a\r2,b\r3,c\r", []),
    ],
)
def test_mixed_line_ends_are_rejected(tmp_path: Path, data: bytes, rows: list[Any]) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    reader = Csv(type="csv", path=str(tmp_path))
    read = reader.read(*plan(reader))
    assert rows_of(read).rows() == rows
    assert read.rejects is not None
    assert read.rejects.frame["reason"].to_list() == ["carriage return outside quotes"]


def test_mixed_line_ends_in_the_header_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"id,name\r1,a\n2,b\n")
    with pytest.raises(ConfigError, match="header: carriage return outside quotes"):
        layout_of(Csv(type="csv", path=str(tmp_path)))


def test_in_one_column_no_value_is_made_of_two_lines(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"n\n1\r2\n3\n")
    for quote in ('"', None):
        reader = Csv(type="csv", path=str(tmp_path), quote=quote)
        assert rows_of(reader.read(*plan(reader))).rows() == [("3",)]


def test_json_lines_too(job: TextJob) -> None:
    job.write("a.jsonl", JSON)
    assert "lines end in a carriage return alone" in job.refused("jsonl")
    assert job.run("jsonl", line_end="cr").rows == [(1,), (2,)]


def test_json_lines_keep_what_strings_hold(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"a":"x\\ny\\r"}\r{"a":"z"}\r{"a":\r')
    reader = Jsonl(type="jsonl", path=str(tmp_path), line_end="cr")
    read = reader.read(*plan(reader))
    assert rows_of(read)["a"].to_list() == ["x\ny\r", "z"]
    assert read.rejects is not None
