"""B9: a record that repeats the header is rejected, or counted as filtered; it is never a row."""

import gzip
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ingest.sources.base import Read
from ingest.sources.csv import Csv
from ingest.testing.sources import pack, plan, records_of, rows_of
from tests.faults.text_job import TextJob

TWICE = "id,name\n1,a\nid,name\n3,c\n"
CUTS = (1, 4, 9, 10**6)


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TextJob:
    monkeypatch.chdir(tmp_path)
    return TextJob.at(tmp_path)


def read(folder: Path, text: str, **options: Any) -> Read:
    """Read a file, which must give the same records however it is cut."""
    path = folder / "a.csv"
    path.write_text(text)
    reader = Csv(type="csv", path=str(path), **options)
    partition, layout = plan(reader)
    whole = records_of(reader, partition, layout)
    found = reader.read(partition, layout)
    for target in CUTS:
        cut = pack(list(reader.slices(target)))
        assert records_of(reader, cut, layout) == whole
        assert reader.read(cut, layout).filtered == found.filtered
    return found


def test_it_is_rejected(job: TextJob) -> None:
    job.write("a.csv", TWICE)
    output = job.run()
    assert output.rows == [("1", "a"), ("3", "c")]
    assert output.rejects == [(3, "repeated header", "id,name")]


def test_it_is_ignored_and_counted(job: TextJob) -> None:
    job.write("a.csv", TWICE)
    job.write("b.csv.gz", gzip.compress(TWICE.encode(), mtime=0))
    output = job.run(repeated_headers="ignore", columns={"id": "int64"})
    assert output.rows == [(1, "a"), (3, "c")] * 2
    assert output.filtered == {"repeated header": 2}
    assert output.read == 6
    assert "filtered                  2 rows  while reading: repeated header" in output.summary
    assert "of 6 records: 4 written, 2 filtered (repeated header), 0 rejected" in job.preview(
        repeated_headers="ignore"
    )


def test_it_can_be_kept(tmp_path: Path) -> None:
    found = read(tmp_path, "word\na\nword\n", repeated_headers="keep")
    assert rows_of(found)["word"].to_list() == ["a", "word"]


@pytest.mark.parametrize("columns", [{}, {"id": "int64"}, {"id": "date", "name": "int64"}])
@pytest.mark.parametrize(
    "record", ["id,name", '"id","name"', 'id,"name"\r', "id,name\nid,name", '"id",name']
)
def test_however_it_is_quoted_and_typed(tmp_path: Path, columns: Any, record: str) -> None:
    good = "2024-01-01,5\n" if columns else "x,y\n"
    if columns == {"id": "int64"}:
        good = "7,y\n"
    found = read(tmp_path, f"id,name\n{good * 8}{record}\n{good}", columns=columns)
    assert rows_of(found).height == 9
    assert found.rejects is not None
    assert set(found.rejects.frame["reason"]) == {"repeated header"}


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("a,,c\n1,2,3\na,,c\n", {}),
        ("a;b;\n1;2;\na;b;\n", {"delimiter": ";", "trailing_delimiter": "ignore"}),
        ("x,y\n1,2,3\nx,y\n", {"row_names": "row"}),
        ("x,y\n1,2,3\nx,y\n", {"row_names": "row", "short_rows": None}),
        ("country,2019,2020\na,1,2\ncountry,2019,2020\n", {"infer": True}),
        ("2019,2020\n1,2\n2019,2020\n", {"columns": {"2019": "int64", "2020": "int64"}}),
        ("a||b\n1||2\na||b\n", {"delimiter": "||"}),
        ("a, b\n1, 2\na, b\n", {"skip_space": True}),
        ('"a\\"",b\n1,2\n"a\\"",b\n', {"escape": "\\"}),
        ('"a\nb",c\n1,2\n"a\nb",c\n', {"multiline": True}),
        ("ä,b\n1,2\nä,b\n", {}),
    ],
)
def test_in_every_dialect(tmp_path: Path, text: str, options: Any) -> None:
    rejected = read(tmp_path, text, **options)
    assert rejected.rejects is not None
    assert rejected.rejects.frame["reason"].to_list() == ["repeated header"]
    ignored = read(tmp_path, text, repeated_headers="ignore", **options)
    assert rows_of(ignored).height == 1
    assert ignored.filtered == {"repeated header": 1}
    assert ignored.rejects is None


def test_names_from_the_job_are_told_too(tmp_path: Path) -> None:
    found = read(tmp_path, "id,name\n1,a\nid,name\n", header=("id", "name"), skip_rows=1)
    assert rows_of(found).rows() == [("1", "a")]


def test_a_row_that_has_only_some_of_the_names_is_a_row(tmp_path: Path) -> None:
    found = read(tmp_path, "id,name\nid,x\nx,name\nname,id\nid,\n")
    assert rows_of(found).height == 4
    assert found.rejects is None


def test_types_are_inferred_without_it(tmp_path: Path) -> None:
    found = read(tmp_path, TWICE, infer=True, repeated_headers="ignore")
    assert rows_of(found).schema["id"] == pl.Int64()
