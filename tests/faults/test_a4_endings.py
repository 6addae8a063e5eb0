"""A4: endings in any case; what a folder holds besides what is read is named."""

import gzip

import fsspec
import polars as pl
import pytest

ROW = "id\n1\n"


@pytest.fixture
def four(job):
    """One file for each way to write an ending."""
    job.write("in/north.csv", "id,n\n1,a\n")
    job.write("in/SOUTH.CSV", "id,n\n2,b\n")
    job.write("in/east.Csv", "id,n\n3,c\n")
    job.write("in/west.csv.GZ", gzip.compress(b"id,n\n4,d\n", mtime=0))
    job.define()
    return job


def test_all_files_are_read(four):
    assert four.plan_page()["files"] == 4
    assert four.run().code == 0
    assert [row["id"] for row in four.rows] == ["1", "2", "3", "4"]


def test_a_file_that_is_named_is_unpacked(four):
    four.define(path="in/west.csv.GZ")
    assert four.run().code == 0
    assert four.rows == [{"id": "4", "n": "d"}]
    assert "4" in four.preview().out


def test_what_is_passed_over_is_named(four):
    for name in ("in/a.txt.bak", "in/b.xlsx", "in/_SUCCESS", "in/.x.crc", "in/_tmp/c.csv"):
        four.write(name, "x")
    endings = 'skipped: 2 files with other endings: "in/a.txt.bak", "in/b.xlsx"'
    hidden = 'skipped: 3 names that begin with "_" or ".": "in/.x.crc", "in/_SUCCESS", '
    hidden += '"in/_tmp/"'
    assert four.plan_page()["remarks"] == [endings, hidden]
    text = four.plan().out
    assert endings in text
    assert hidden in text
    result = four.run()
    assert endings in result.out
    assert four.receipt["inputs"]["remarks"] == [endings, hidden]


def test_only_a_few_of_many_are_named(four):
    for number in range(7):
        four.write(f"in/{number}.log", "x")
    (remark,) = four.plan_page()["remarks"]
    assert remark.startswith("skipped: 7 files with other endings: ")
    assert '"in/4.log" and 2 more' in remark
    assert "5.log" not in remark


def test_a_pattern_says_what_it_does_not_match(four):
    four.define(path="in/*.csv")
    page = four.plan_page()
    assert page["files"] == 1
    said = 'skipped: 3 files that the pattern does not match: "in/SOUTH.CSV", "in/east.Csv", '
    assert page["remarks"] == [f'{said}"in/west.csv.GZ"']
    four.define(path=["in/*.csv", "in/*.C[sS][vV]", "in/*.GZ"])
    page = four.plan_page()
    assert page["files"] == 4
    assert page["remarks"] == []


def test_a_folder_of_nothing_but_other_files(job):
    job.write("in/a.xlsx", "x")
    job.define()
    job.refused("no file in it ends in .csv", '1 file with another ending: "in/a.xlsx"')


@pytest.mark.parametrize(
    ("kind", "name", "content"),
    [
        ("jsonl", "A.JSONL", '{"id": 1}\n'),
        ("jsonl", "A.NdJson.Gz", gzip.compress(b'{"id": 1}\n', mtime=0)),
        ("parquet", "A.PARQUET", pl.DataFrame({"id": [1]})),
        ("parquet", "A.Pq", pl.DataFrame({"id": [1]})),
    ],
)
def test_other_formats(job, kind, name, content):
    job.write(f"in/{name}", content)
    job.define(kind)
    assert job.run().code == 0
    assert job.rows == [{"id": 1}]


def test_init_knows_endings_in_any_case(four):
    result = four.init("in")
    assert result.code == 0, result.err
    assert "found 4 files" in result.out


def test_init_says_what_it_passes_over(four):
    four.write("in/b.xlsx", "x")
    assert 'skipped: 1 file with another ending: "in/b.xlsx"' in four.init("in").out


def test_a_bucket(job):
    files = fsspec.filesystem("memory")
    for name in ("north.csv", "SOUTH.CSV", "b.xlsx", "_SUCCESS"):
        files.pipe(f"/a4/{name}", ROW.encode())
    job.define(path="memory://a4")
    page = job.plan_page()
    files.rm("/a4", recursive=True)
    assert page["files"] == 2
    assert page["remarks"] == [
        'skipped: 1 file with another ending: "memory:///a4/b.xlsx"',
        'skipped: 1 name that begins with "_" or ".": "memory:///a4/_SUCCESS"',
    ]
