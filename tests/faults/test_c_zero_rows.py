"""C: a run without rows leaves one file that keeps the schema, so that readers can open it."""

from datetime import date

import duckdb
import polars as pl
import pyarrow.dataset
import pytest

from ingest.storage.tree import files
from tests.faults.state import State, assert_done

COLUMNS = {"id": "int64", "day": "date", "name": "string"}


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return State(tmp_path)


def give(state, *ids):
    text = "".join(f"{n},2024-01-0{n},x{n}\n" for n in ids)
    state.write("in/orders/a.csv", "id,day,name\n" + text)


def describe(state, **sink):
    state.describe(contract={"columns": COLUMNS}, sink=sink)


def data(state):
    out = state.place / "out"
    return sorted(files(out))


@pytest.mark.parametrize(
    ("disposition", "partition_by"),
    [
        ("append", []), ("append", ["day"]), ("append", ["day", "name"]),
        ("overwrite", []), ("overwrite", ["day"]), ("overwrite", ["day", "name"]),
        ("overwrite_partitions", ["day"]), ("overwrite_partitions", ["day", "name"]),
    ],
)  # fmt: skip
def test_parquet_keeps_all_columns_for_every_reader(state, disposition, partition_by):
    give(state)
    describe(state, write_disposition=disposition, partition_by=partition_by)
    result = state.run()
    assert_done(result)
    assert data(state) == [f"{state.last()}-0000000-0.parquet"]
    files = "out/**/*.parquet"
    expected = {"id": pl.Int64(), "day": pl.Date(), "name": pl.String()}
    assert dict(pl.read_parquet(files, hive_partitioning=True).schema) == expected
    assert pl.scan_parquet(files).filter(pl.col("day") > date(2024, 1, 1)).collect().height == 0
    query = f"SELECT id, day, name FROM read_parquet('{files}', hive_partitioning = true)"
    assert duckdb.sql(query).types == ["BIGINT", "DATE", "VARCHAR"]
    assert duckdb.sql(query).fetchall() == []
    table = pyarrow.dataset.dataset("out", partitioning="hive").to_table()
    assert (table.column_names, table.num_rows) == (["id", "day", "name"], 0)
    assert state.verify(state.last()).code == 0
    assert state.receipt()["outputs"]["main"]["rows"] == 0


def test_csv_keeps_its_header(state):
    give(state)
    describe(state, type="csv", delimiter=";")
    assert_done(state.run())
    (name,) = data(state)
    assert (state.place / "out" / name).read_bytes() == b"id;day;name\n"
    assert pl.read_csv("out/*.csv", separator=";").columns == ["id", "day", "name"]
    assert duckdb.sql("FROM read_csv('out/*.csv', delim = ';', header = true)").fetchall() == []
    assert state.verify(state.last()).code == 0


@pytest.mark.parametrize("compression", ["none", "gz", "zst"])
def test_jsonl_is_an_empty_file(state, compression):
    give(state)
    describe(state, type="jsonl", compression=compression)
    assert_done(state.run())
    schema = {"id": pl.Int64, "day": pl.String, "name": pl.String}
    if compression == "none":
        assert (state.place / "out" / data(state)[0]).read_bytes() == b""
        assert pl.scan_ndjson("out/*.jsonl", schema=schema).collect().height == 0
    columns = "{id: 'BIGINT', day: 'DATE', name: 'VARCHAR'}"
    query = f"FROM read_json('out/*.jsonl*', format = 'newline_delimited', columns = {columns})"
    assert duckdb.sql(query).fetchall() == []
    assert state.verify(state.last()).code == 0


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
@pytest.mark.parametrize("disposition", ["append", "overwrite", "overwrite_partitions"])
def test_it_goes_when_there_are_rows(state, disposition, kind):
    give(state)
    describe(state, type=kind, write_disposition=disposition, partition_by=["day"])
    assert_done(state.run())
    first = state.last()
    give(state, 1, 2)
    assert_done(state.run())
    assert [name.partition("/")[0] for name in data(state)] == ["day=2024-01-01", "day=2024-01-02"]
    assert state.manifest(state.last())["replaced"] == [f"{first}-0000000-0.{kind}"]
    assert state.verify(first).code == 0
    assert state.verify(state.last()).code == 0


@pytest.mark.parametrize("disposition", ["append", "overwrite_partitions"])
def test_where_rows_stay_there_is_none(state, disposition):
    give(state, 1, 2)
    describe(state, write_disposition=disposition, partition_by=["day"])
    assert_done(state.run())
    before = data(state)
    give(state)
    assert_done(state.run())
    assert data(state) == before
    assert state.ids() == [1, 2]


def test_overwriting_with_nothing_leaves_the_schema(state):
    give(state, 1, 2)
    describe(state, partition_by=["day"])
    assert_done(state.run())
    give(state)
    assert_done(state.run())
    assert data(state) == [f"{state.last()}-0000000-0.parquet"]
    assert_done(state.run())
    assert data(state) == [f"{state.last()}-0000000-0.parquet"]


def test_nothing_once_more_does_not_add_another(state):
    give(state)
    describe(state, write_disposition="append")
    assert_done(state.run())
    assert_done(state.run())
    assert data(state) == [f"{state.runs()[0]}-0000000-0.parquet"]


def test_rows_that_all_go_on_the_way_count_as_none(state):
    give(state, 1, 2)
    state.describe(
        contract={"columns": COLUMNS}, transforms=[{"type": "filter", "where": "id > 9"}]
    )
    assert_done(state.run())
    assert pl.read_parquet("out/*.parquet").columns == ["id", "day", "name"]


def test_all_rejected_too(state):
    state.write("in/orders/a.csv", "id,day,name\nx,2024-01-01,a\n")
    state.describe(contract={"columns": COLUMNS, "on_error": "quarantine"})
    assert_done(state.run())
    assert pl.read_parquet("out/*.parquet").schema["day"] == pl.Date()
    assert len(data(state)) == 1


def test_its_schema_does_not_bind_the_next_run(state):
    give(state)
    describe(state, write_disposition="append")
    assert_done(state.run())
    give(state, 1)
    sink = {"write_disposition": "append"}
    state.describe(contract={"columns": {**COLUMNS, "id": "string"}}, sink=sink)
    assert_done(state.run())
    assert state.ids() == ["1"]


def test_nested_columns(state):
    state.write("in/orders/a.jsonl", "")
    state.write("in/orders/b.jsonl", '{"id": 1, "at": {"tags": ["x"], "n": 2.5}}\n')
    columns = {"id": "int64", "at": "struct<tags: list<string>, n: float64>"}
    state.describe(
        source={"type": "jsonl", "path": "in/orders", "columns": columns},
        contract={"columns": columns},
        transforms=[{"type": "filter", "where": "id > 9"}],
    )
    assert_done(state.run())
    kind = pl.Struct({"tags": pl.List(pl.String), "n": pl.Float64})
    assert pl.read_parquet("out/*.parquet").schema["at"] == kind
