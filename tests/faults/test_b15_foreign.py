"""B15: what is no text is named in one line, by `init`, `plan` and `run`."""

import gzip
import zipfile
from pathlib import Path
from random import Random

import pytest
import yaml

from ingest.sources.files.foreign import foreign
from tests.faults.desk import Desk
from tests.faults.init_files import Case, binary_cases

BINARY = [case for case in binary_cases(Random(1)) if "empty" not in case.name]
NOT_EMPTY = [case for case in BINARY if case.name not in {"unnamed.csv", "cut.csv.gz", "noise.csv"}]
NO_TEXT = [case for case in NOT_EMPTY if case.name != "no_parquet.parquet"]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path)


@pytest.mark.parametrize("case", BINARY, ids=lambda case: case.name)
def test_init_says_what_a_file_is(desk: Desk, case: Case) -> None:
    case.write(desk.place / case.name)
    said = desk.init(case.name)
    assert said.code == 2
    assert case.refused in said.err
    assert len(said.err.splitlines()) == 1
    assert desk.is_bare


def describe(desk: Desk, path: str, kind: str = "csv") -> None:
    page = {
        "name": "j", "owner": "me", "description": "x",
        "source": {"type": kind, "path": path, "columns": {"a": "string"}},
        "sink": {"type": "parquet", "path": "data/j", "write_disposition": "overwrite"},
    }  # fmt: skip
    desk.write("conf/job/j.yaml", f"# @package _global_\n{yaml.safe_dump(page)}")


@pytest.mark.parametrize("case", NO_TEXT, ids=lambda case: case.name)
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_plan_and_run_refuse_it(desk: Desk, case: Case, kind: str) -> None:
    case.write(desk.place / case.name)
    describe(desk, case.name, kind)
    for said in (desk.plan(), desk.run()):
        assert said.code == 2
        assert case.refused in said.err
        assert len(said.err.splitlines()) == 1
    assert desk.rows() == []


def test_one_among_many_files_fails_the_run_and_is_named(desk: Desk) -> None:
    for number in range(40):
        desk.write(f"in/{number:02d}.csv", "a\n1\n")
    with zipfile.ZipFile(desk.place / "in" / "37.csv", "w") as archive:
        archive.writestr("xl/workbook.xml", "x" * 5000)
    describe(desk, "in")
    said = desk.run("contract.on_error=skip")
    assert said.code != 0
    assert "37.csv: an Excel workbook, not text. Excel is not supported yet" in said.err
    assert desk.rows() == []


def test_a_packed_page_is_seen_through_its_packing(desk: Desk) -> None:
    desk.write("in/a.csv.gz", gzip.compress(b"<!DOCTYPE html>\n<html></html>\n", mtime=0))
    assert "an HTML page" in desk.init("in/a.csv.gz").err
    describe(desk, "in/a.csv.gz")
    assert "an HTML page" in desk.run().err


@pytest.mark.parametrize(
    "head",
    [b"PKW,id\n1,2\n", b"ORC,name\n", b"BM,name\n", b"BZh,x\n", b"PAR1,x\n", b"GIF89a,x\n",
     b"id,<html>\n", b"Objekt;1\n", b"MM,x\n", b"II,x\n"],
)  # fmt: skip
def test_a_text_that_begins_like_them_is_text(head: bytes) -> None:
    assert foreign(head) is None
