"""B7: a first line `sep=;`, by which Excel is told the delimiter, is no header and no record."""

import gzip
from pathlib import Path

import pytest

from ingest.core.errors import BadRowError, ConfigError
from ingest.sources.csv import Csv
from ingest.testing.sources import layout_of, pack, plan, rows_of
from tests.faults.text_job import TextJob

TEXT = "sep=;\nid;name\n1;a\n"


def source(folder: Path, data: bytes, **options: object) -> Csv:
    path = folder / "a.csv"
    path.write_bytes(data)
    return Csv(type="csv", path=str(path), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("sep=;", '"sep=;"').encode(),
        TEXT.replace("sep", "SEP").encode(),
    ],
)
def test_the_line_is_skipped(tmp_path: Path, data: bytes) -> None:
    reader = source(tmp_path, data, delimiter=";")
    partition, layout = plan(reader)
    read = reader.read(partition, layout)
    assert rows_of(read).rows() == [("1", "a")]
    assert rows_of(read).columns == ["id", "name"]
    assert read.records == 1
    cut = pack(list(reader.slices(5)))
    assert rows_of(reader.read(cut, layout)).rows() == [("1", "a")]


@pytest.mark.parametrize("text", ["sep=\t\na\tb\n1\t2\n", "sep=\\t\na\tb\n1\t2\n"])
def test_a_tabulator_is_written_as_such_or_as_a_backslash_and_t(tmp_path: Path, text: str) -> None:
    reader = source(tmp_path, text.encode("utf-16"), delimiter="\t", encoding="utf-16")
    assert rows_of(reader.read(*plan(reader))).to_dicts() == [{"a": "1", "b": "2"}]


def test_it_is_one_of_the_lines_to_skip(tmp_path: Path) -> None:
    reader = source(tmp_path, b"sep=;\ntitle\nid;name\n1;a\n", delimiter=";", skip_rows=2)
    assert rows_of(reader.read(*plan(reader))).to_dicts() == [{"id": "1", "name": "a"}]


def test_files_without_a_header_have_it_too(tmp_path: Path) -> None:
    for header in (False, ("x", "y")):
        reader = source(tmp_path, b"sep=;\n1;a\n", delimiter=";", header=header)
        assert rows_of(reader.read(*plan(reader))).rows() == [("1", "a")]


def test_a_name_that_only_looks_like_it_is_a_name(tmp_path: Path) -> None:
    reader = source(tmp_path, b"sep=a,b\n1,2\n")
    assert rows_of(reader.read(*plan(reader))).columns == ["sep=a", "b"]


def test_another_delimiter_than_that_of_the_job_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    job = TextJob.at(tmp_path)
    job.write("a.csv", TEXT)
    assert 'says that fields are separated by ";"' in job.refused()
    assert 'Write delimiter: ";"' in job.refused(header=False)
    output = job.run(skip_rows=1, delimiter=",")
    assert output.columns == ["id;name"]


def test_a_later_file_with_another_delimiter_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a;b\n1;2\n")
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b"sep=,\na,b\n1,2\n", mtime=0))
    reader = Csv(type="csv", path=str(tmp_path), delimiter=";")
    slices = list(reader.slices(1000))
    layout = reader.layout(slices[:1], {})
    with pytest.raises(BadRowError, match=r"b\.csv\.gz: first line: sep=,"):
        reader.read(pack(slices), layout)
    with pytest.raises(ConfigError, match="first line: sep=,"):
        layout_of(reader)
