"""A run that fails on a value says where it is and which, unless it may be private."""

import datetime as dt

import polars as pl
import pytest

from tests.bad_input.bench import Bench

END = "Fix the input, or quarantine such rows: contract.on_error=quarantine"


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Bench(tmp_path)


def failed(bench, **job):
    """Run the job; return the lines that say what is wrong with rows."""
    bench.describe(**job)
    result = bench.run()
    assert result.code == 1, result.err
    assert END in result.err
    assert bench.rows == []
    lines = result.err[result.err.index("error: ") + 7 :].splitlines()
    return [line.removeprefix(f"{bench.place}/in/") for line in lines[: lines.index(END)]]


COLUMNS = {"id": "int64", "n": "int8"}


def test_a_text_that_is_no_number(bench):
    bench.write("a.csv", "id,name,n\n1,a,1\nabc,b,2\n3,c,1000\n4,d,4\n")
    assert failed(bench, contract={"columns": COLUMNS}) == [
        'a.csv:3: id: not an int64: "abc"',
        'a.csv:4: n: not an int8: "1000"',
    ]


def test_in_files_whose_columns_are_typed_by_the_source(bench):
    bench.write("a.csv", "n,day\n1,31.12.2024\n2,2024-12-31\n")
    source = {"type": "csv", "path": "in"}
    source["columns"] = {"day": {"type": "date", "format": "%d.%m.%Y"}, "n": "int64"}
    assert failed(bench, source=source, contract={}) == ['a.csv:3: day: not a date: "2024-12-31"']


def test_json_lines(bench):
    bench.write("a.jsonl", '{"id": 1, "n": 1}\n{"id": "abc", "n": 2}\n{"id": 3, "n": 1000}\n')
    lines = failed(bench, source={"type": "jsonl", "path": "in"}, contract={"columns": COLUMNS})
    assert lines[0] == 'a.jsonl:2: id: not an int64: "abc"'
    assert lines[1].startswith("a.jsonl:3: n: not an int8")


def test_parquet_and_checks(bench):
    frame = pl.DataFrame({"id": [1, 2, 3], "n": [5, 70_000, 7], "name": ["a", "b", "x\ny"]})
    frame.write_parquet(bench.place / "in" / "a.parquet")
    checks = [{"type": "matches", "column": "name", "pattern": "[a-z]"}]
    source = {"type": "parquet", "path": "in"}
    lines = failed(bench, source=source, contract={"columns": {"n": "int16"}, "checks": checks})
    assert lines[0] == "a.parquet:2: n: not int16: 70000"
    assert lines[1].startswith("a.parquet:3: name: ")
    assert lines[1].endswith(r': "x\ny"')


def test_a_long_value_is_cut(bench):
    bench.write("a.csv", f"id,name,n\n{'9' * 500},a,1\n")
    (line,) = failed(bench, contract={"columns": COLUMNS})
    assert line == f'a.csv:2: id: not an int64: "{"9" * 39}…'


def test_a_missing_value_has_nothing_to_show(bench):
    bench.write("a.csv", "id,name,n\n,a,1\n")
    columns = {"id": {"type": "int64", "nullable": False}, "n": "int8"}
    (line,) = failed(bench, contract={"columns": columns})
    assert line.startswith("a.csv:2: id: ")
    assert '"' not in line


@pytest.mark.parametrize(
    "hidden",
    [
        {"contract": {"columns": {**COLUMNS, "id": {"type": "int64", "pii": True}}}},
        {
            "contract": {"columns": COLUMNS},
            "transforms": [{"type": "mask", "columns": ["id"], "method": "redact"}],
        },
        {
            "contract": {"columns": {"n": "int8", "who": {"type": "int64", "pii": True}}},
            "transforms": [{"type": "rename", "columns": {"id": "who"}}],
        },
    ],
    ids=["pii", "masked", "renamed"],
)
def test_what_may_be_private_is_not_shown(bench, hidden):
    source = {"type": "csv", "path": "in", "columns": {"id": "int64"}}
    bench.write("a.csv", "id,name,n\nsecret,secret,1\n")
    (line,) = failed(bench, source=source, **hidden)
    assert line == "a.csv:2: id: not an int64"
    assert "secret" not in (bench.history.error or "")
    for file in (bench.place / "state").rglob("*.jsonl"):
        assert b"secret" not in file.read_bytes()


def test_a_private_column_hides_only_itself(bench):
    columns = {"id": {"type": "int64", "pii": True}, "n": "int8"}
    bench.write("a.csv", "id,name,n\n1,a,y\nx,b,2\n")
    assert failed(bench, contract={"columns": columns}) == [
        'a.csv:2: n: not an int8: "y"',
        "a.csv:3: id: not an int64",
    ]


def test_dates_and_far_values_are_shown_as_texts(bench):
    frame = pl.DataFrame({"day": [dt.date(2024, 12, 31), dt.date(1, 1, 1)]})
    frame.write_parquet(bench.place / "in" / "a.parquet")
    checks = [{"type": "range", "column": "day", "min": "2000-01-01"}]
    (line,) = failed(bench, source={"type": "parquet", "path": "in"}, contract={"checks": checks})
    assert line.endswith(': "0001-01-01"')
