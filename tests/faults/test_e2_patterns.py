"""E2: only what the user wrote is a pattern; signs in the names of other folders are literal."""

from pathlib import Path

import polars as pl
import pytest

from ingest.testing.golden import read_rows
from tests.faults.job import FaultJob, published

ELSEWHERE = {"sink": {"type": "parquet", "path": "../out", "write_disposition": "overwrite"}}
LOOKUP = {
    "type": "lookup",
    "reference": {"path": "ref/names[1].csv", "type": "csv"},
    "key": {"id": "id"},
}


@pytest.fixture(params=["w[1]", "w?", "w*", "a=b, {c} [!x]*"])
def signs(request, tmp_path, monkeypatch):
    """A working folder with signs in its name, and beside it what they would match."""
    for name, value in ((request.param, "mine"), ("w1", "other"), ("wx", "other")):
        (tmp_path / name / "in").mkdir(parents=True)
        (tmp_path / name / "in" / "a.csv").write_text(f"id\n{value}\n")
    monkeypatch.chdir(tmp_path / request.param)
    return FaultJob(tmp_path / request.param)


@pytest.mark.parametrize("path", ["in", "in/*.csv", "**/*.csv", "in/a.csv", "in/[a].csv", "i?"])
def test_the_working_folder_is_no_pattern(signs, path):
    signs.define(path=path, parts=ELSEWHERE)
    assert signs.run().code == 0
    assert published(signs.place.parent / "out").to_dicts() == [{"id": "mine"}]


def test_all_that_a_run_reads_and_writes(signs):
    """State, sink, reference, quarantine, preview, verify, resume and init."""
    signs.write("ref/names[1].csv", "id,name\nmine,x\n")
    parts = {
        "transforms": [LOOKUP],
        "contract": {"columns": {"name": "string"}, "on_error": "quarantine"},
    }
    signs.define(path="in/*", parts=parts)
    signs.interrupted(lambda event: event.name == "planned")
    result = signs.resume()
    assert result.code == 0, result.err
    assert signs.rows == [{"id": "mine", "name": "x"}]
    assert signs.verify().code == 0
    assert "mine" in signs.preview().out
    assert signs.run().code == 0
    result = signs.init("in/*.csv")
    assert result.code == 0, result.err
    assert "mine" in (signs.place / "jobs/made/expected/rows.jsonl").read_text()


def test_parquet_in_such_a_folder(signs):
    for number in (1, 2):
        signs.write(f"in/p[{number}].parquet", pl.DataFrame({"id": [number]}))
    signs.define("parquet", path="in/p*.parquet")
    assert signs.run().code == 0
    assert signs.rows == [{"id": 1}, {"id": 2}]
    assert read_rows(Path("out"), "parquet") == ['["id"]', "[1]", "[2]"]


def test_a_resume_from_elsewhere(signs, monkeypatch):
    signs.define(path="in/*.csv")
    signs.interrupted(lambda event: event.name == "planned")
    run_ids = signs.run_ids
    monkeypatch.chdir(signs.place.parent / "w1")
    assert signs.run_ids == run_ids
    result = signs.resume()
    assert result.code == 0, result.err
    assert signs.rows == [{"id": "mine"}]


def test_a_home_folder_is_no_pattern(signs, monkeypatch):
    monkeypatch.setenv("HOME", str(Path.cwd()))
    monkeypatch.chdir(signs.place.parent)
    job = FaultJob(signs.place.parent)
    job.define(path="~/in/*.csv")
    assert job.run().code == 0
    assert job.rows == [{"id": "mine"}]


def test_the_working_folder_is_no_key(tmp_path, monkeypatch):
    """`a=b` in its name makes no column; in what the user wrote it does."""
    job = FaultJob(tmp_path / "a=b" / "w")
    job.write("in/c=d/x.csv", "id\n1\n")
    monkeypatch.chdir(job.place)
    for path in ("in", "in/*/*.csv", "../w/in"):
        job.define(path=path)
        assert job.run().code == 0
        assert job.rows == [{"id": "1", "c": "d"}]
    job.define(path=f"{job.place}/in")
    assert job.run().code == 0
    assert job.rows == [{"id": "1", "a": "b", "c": "d"}]
    assert job.init("in").code == 0
    assert "a  " not in job.init("in").out


def test_what_is_literally_there_is_meant(job):
    job.write("in/a[1].csv", "id\nliteral\n")
    job.write("in/a1.csv", "id\npattern\n")
    job.define(path="in/a[1].csv")
    assert job.run().code == 0
    assert job.rows == [{"id": "literal"}]


def test_a_bracket_that_is_meant_can_be_written(job):
    job.write("in/w[1]/a.csv", "id\nliteral\n")
    job.write("in/w1/a.csv", "id\npattern\n")
    for path, value in (("in/w[1]/*.csv", "pattern"), ("in/w[[]1]/*.csv", "literal")):
        job.define(path=path)
        assert job.run().code == 0
        assert job.rows == [{"id": value}]


def test_a_pattern_that_matches_nothing_says_how(job):
    job.write("in/w[1]/a.csv", "id\nliteral\n")
    job.define(path="in/w[1]/*.csv")
    job.refused('"w[1]" is the name of a folder: write "[" as "[[]"')
