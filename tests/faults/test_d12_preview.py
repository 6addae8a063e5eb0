"""Preview looks at files from all over the input, and says at how many."""

import gzip
import re

import polars as pl
import pytest

from ingest.commands import preview
from ingest.commands.base import guarded
from tests.bad_input.bench import HEADER, Bench, Result, records


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Bench(tmp_path)


@pytest.fixture
def show(bench, capsys):
    def call(*words, **job):
        bench.describe(**job)
        code = guarded(preview.main, ["--conf", "conf", "+job=orders", *words])
        return Result(code, *capsys.readouterr())

    return call


def test_it_says_how_much_it_looked_at(bench, show):
    bench.fill(3)
    result = show()
    assert result.code == 0, result.err
    assert result.out.startswith("orders: read all of 3 files, ")
    assert "of 12 records: 12 written, 0 rejected" in result.out


def test_what_is_wrong_in_a_later_file_is_seen(bench, show):
    bench.fill(12)
    bench.write("9.csv", HEADER + "900,a,1\n901,b,many\n")  # the last in the order of names
    result = show(contract={"columns": {"id": "int64", "n": "int8"}, "on_error": "quarantine"})
    assert result.code == 0
    assert "read 10 of 12 files" in result.out
    assert "1 rejected" in result.out
    assert "n: not an int8" in result.out


def test_a_file_that_a_run_would_refuse_is_refused(bench, show):
    bench.fill(8)
    bench.write("8.csv", "id,name\n1,a\n")
    assert show().code != 0
    assert bench.run().code != 0


def test_large_files_are_looked_into_at_their_beginning(bench, show):
    rows = "".join(f"{number},{'x' * 100},1\n" for number in range(40_000))
    for name in range(3):
        bench.write(f"{name}.csv", HEADER + rows)
    result = show()
    assert re.search(r"3 of 3 files, [23]\.\d MB of 13\.0 MB\n", result.out)
    read = int(result.out.partition("\nof ")[2].partition(" records")[0].replace(",", ""))
    assert 20_000 < read < 40_000


def test_what_cannot_be_cut_is_bounded_too(bench, show, monkeypatch):
    monkeypatch.setattr(preview, "LOOK_BYTES", 600)
    for number in range(6):
        data = gzip.compress((HEADER + records(number, 40)).encode(), mtime=0)
        bench.write(f"{number}.csv.gz", data)
    result = show()
    assert result.code == 0
    looked = int(result.out.partition("read ")[2].split()[0])
    assert 1 <= looked < 6


@pytest.mark.parametrize("files", [1, 9, 10, 11, 100])
def test_the_first_and_the_last_file_are_among_them(bench, show, files):
    for number in range(files):
        bench.write(f"{number:03}.jsonl", f'{{"id": {number}}}\n')
    source = {"type": "jsonl", "path": "in"}
    result = show("-n", "20", source=source, contract={})
    shown = result.out.partition("output:")[2]
    assert result.code == 0
    looked = min(files, 10)
    told = f"all of {files}" if looked == files else f"{looked} of {files}"
    assert f"read {told} file" in result.out
    assert f" {files - 1} " in shown
    assert f"of {looked} record" in result.out


def test_of_very_many_files_only_some_are_remembered(bench, show, monkeypatch):
    monkeypatch.setattr(preview, "MOST_KNOWN", 16)
    for number in range(200):
        bench.write(f"{number:03}.csv", HEADER + records(number, 1))
    result = show("execution.partition_bytes=1")
    assert result.code == 0
    assert "of 10 of 200 files" in result.out


def test_parquet(bench, show):
    for number in range(3):
        frame = pl.DataFrame({"id": range(100), "n": [number] * 100})
        frame.write_parquet(bench.place / "in" / f"{number}.parquet", row_group_size=10)
    result = show(source={"type": "parquet", "path": "in"}, contract={})
    assert result.code == 0
    assert "read all of 3 files" in result.out
    assert "records: " in result.out
