"""A published folder is opened by every reader as it is, with the column that became folders."""

import json
import os
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pytest

from tests.bad_input.bench import ROOT
from tests.faults.job import FaultJob
from tests.first_hour.published import ROWS, Folders, publish

DAFT = ROOT / os.environ.get("BENCH_HOME", ".benchmarks") / "venvs" / "daft" / "bin" / "python"
"""Daft wants another PyArrow than we have: `python -m benchmarks.peers.setup daft` makes it."""

READERS: dict[str, Callable[[str], pa.Table]] = {
    "polars": lambda folder: pl.scan_parquet(folder).collect().to_arrow(),
    "duckdb": lambda folder: duckdb.sql(f"FROM read_parquet('{folder}')").to_arrow_table(),
    "duckdb glob": lambda folder: duckdb.sql(
        f"FROM read_parquet('{folder}/**/*.parquet', hive_partitioning = true)"
    ).to_arrow_table(),
    "pandas": lambda folder: pa.Table.from_pandas(pd.read_parquet(folder), preserve_index=False),
    "pyarrow": lambda folder: pyarrow.dataset.dataset(folder, partitioning="hive").to_table(),
}
MONTHS = {
    "polars": pa.int64(),
    "duckdb": pa.int64(),
    "duckdb glob": pa.int64(),
    "pandas": pa.dictionary(pa.int8(), pa.int32()),
    "pyarrow": pa.int32(),
}
"""What each reader makes of the folders `month=1`, whose names say no width."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    return publish(tmp_path_factory.mktemp("parquet"))


def types(table: pa.Table) -> dict[str, pa.DataType]:
    """Return a table's types; a text is a text, however wide its offsets are."""
    texts = {pa.large_string(): pa.string(), pa.string_view(): pa.string()}
    return {field.name: texts.get(field.type, field.type) for field in table.schema}


def rows(table: pa.Table) -> list[dict[str, Any]]:
    return sorted(table.to_pylist(), key=lambda row: row["id"])


WRITTEN = {"id": pa.int64(), "day": pa.date32(), "name": pa.string(), "month": pa.int8()}


@pytest.mark.parametrize("reader", READERS)
def test_a_partitioned_folder(folders: Folders, reader: str) -> None:
    table = READERS[reader](folders.partitioned)
    assert types(table) == {**WRITTEN, "month": MONTHS[reader]}
    assert rows(table) == ROWS


@pytest.mark.parametrize("reader", READERS)
def test_a_folder_without_partitions(folders: Folders, reader: str) -> None:
    table = READERS[reader](folders.flat)
    assert types(table) == WRITTEN
    assert rows(table) == ROWS


@pytest.mark.parametrize("reader", READERS)
def test_a_folder_without_rows_has_the_columns_of_the_contract(
    folders: Folders, reader: str
) -> None:
    """One file at the root, which has `month` in it. A pandas frame of no dates has no type."""
    table = READERS[reader](folders.empty)
    empty = {"day": pa.null(), "name": pa.string()} if reader == "pandas" else {}
    assert types(table) == {**WRITTEN, **empty}
    assert table.num_rows == 0


@pytest.mark.parametrize("keys", [["a", None], [None, None]])
def test_a_null_in_a_column_of_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: list[str | None]
) -> None:
    """No name of a folder is null to all of them: the run warns, and the docs say what helps."""
    monkeypatch.chdir(tmp_path)
    job = FaultJob(tmp_path)
    job.write("in/a.csv", "id,k\n" + "".join(f"{n},{key or ''}\n" for n, key in enumerate(keys)))
    sink = {"type": "parquet", "path": "out", "write_disposition": "overwrite"}
    job.define(columns={"id": "int64"}, parts={"sink": {**sink, "partition_by": ["k"]}})
    done = job.run()
    assert done.out.count('warning: sink.partition_by: "k" is null in some rows') == 1
    expected = [{"id": number, "k": key} for number, key in enumerate(keys)]
    for reader in ("polars", "duckdb", "duckdb glob"):
        assert rows(READERS[reader]("out")) == expected
    with pytest.raises(pa.ArrowInvalid):
        pd.read_parquet("out")
    told = pyarrow.dataset.partitioning(pa.schema([("k", pa.string())]), flavor="hive")
    read = pd.read_parquet("out", partitioning=told).sort_values("id")
    assert [key if isinstance(key, str) else None for key in read["k"]] == keys


DAFT_READS = """
import json, sys, daft
for folder in sys.argv[1:]:
    rows = daft.read_parquet(f"{folder}/**", hive_partitioning=True)
    types = {field.name: str(field.dtype) for field in rows.schema()}
    print(json.dumps([types, rows.to_pylist()], default=str))
"""


needs_daft = pytest.mark.skipif(
    not DAFT.exists() and "CI" not in os.environ, reason="python -m benchmarks.peers.setup daft"
)


def daft_reads(*folders: str | Path) -> list[tuple[dict[str, str], list[dict[str, Any]]]]:
    """Return the types and the sorted rows that Daft reads from each folder.

    A bare folder is one level deep to Daft, so it is told `/**`.
    """
    done = subprocess.run(
        [DAFT, "-c", DAFT_READS, *folders], capture_output=True, text=True, check=True
    )
    read = [json.loads(line) for line in done.stdout.splitlines()]
    return [(types, sorted(rows, key=lambda row: list(row.values()))) for types, rows in read]


@needs_daft
def test_daft(folders: Folders) -> None:
    partitioned, flat, empty = daft_reads(folders.partitioned, folders.flat, folders.empty)
    kinds = {"id": "Int64", "day": "Date", "name": "String", "month": "Int8"}
    expected = json.loads(json.dumps(ROWS, default=str))
    assert partitioned == ({**kinds, "month": "Int64"}, expected)
    assert flat == (kinds, expected)
    assert empty == (kinds, [])


def test_nothing_of_ours_lies_among_the_rows(folders: Folders) -> None:
    for folder in map(Path, (folders.partitioned, folders.flat, folders.empty)):
        assert {path.suffix for path in folder.rglob("*") if path.is_file()} == {".parquet"}
        beside = folder.parent / f".ingest-{folder.name}"
        assert [path.name for path in beside.iterdir()] == ["manifests"]
        assert len(list((beside / "manifests").glob("*.json"))) == 2


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Folders]:
    return {kind: publish(tmp_path_factory.mktemp(kind), kind) for kind in ("csv", "jsonl")}


SCAN = {"csv": pl.scan_csv, "jsonl": pl.scan_ndjson}
READ = {"csv": "read_csv", "jsonl": "read_json"}


@pytest.mark.parametrize("kind", SCAN)
def test_text_by_polars(texts: dict[str, Folders], kind: str) -> None:
    """Polars makes columns of folders for Parquet only: of text, partitioned, it has the others."""
    flat = (
        SCAN[kind](texts[kind].flat, try_parse_dates=True)
        if kind == "csv"
        else (SCAN[kind](texts[kind].flat).with_columns(pl.col("day").str.to_date()))
    )
    assert flat.collect().sort("id").to_dicts() == ROWS
    partitioned = SCAN[kind](texts[kind].partitioned).collect().sort("id")
    assert partitioned.columns == ["id", "day", "name"]
    assert partitioned["id"].to_list() == [1, 2, 3]


@pytest.mark.parametrize("kind", SCAN)
def test_text_by_duckdb(texts: dict[str, Folders], kind: str) -> None:
    for folder in (texts[kind].partitioned, texts[kind].flat):
        query = f"FROM {READ[kind]}('{folder}/**/*.{kind}', hive_partitioning = true) ORDER BY id"
        found = duckdb.sql(query).to_arrow_table()
        assert {row["day"] for row in found.to_pylist()} == {row["day"] for row in ROWS}
        assert rows(found) == ROWS
    assert isinstance(found["day"][0].as_py(), date)


def test_text_without_rows(texts: dict[str, Folders]) -> None:
    """CSV has its header, without types; JSON Lines has nothing, and readers are told the columns.

    To Polars, a file of no bytes is no file.
    """
    assert pl.scan_csv(texts["csv"].empty).collect_schema().names() == list(ROWS[0])
    query = f"FROM read_csv('{texts['csv'].empty}/**/*.csv', header = true)"
    assert duckdb.sql(query).columns == list(ROWS[0])
    columns = "{id: 'BIGINT', day: 'DATE', name: 'VARCHAR', month: 'TINYINT'}"
    query = f"FROM read_json('{texts['jsonl'].empty}/**/*.jsonl', columns = {columns})"
    assert duckdb.sql(query).fetchall() == []
    schema = {"id": pl.Int64, "day": pl.String, "name": pl.String, "month": pl.Int8}
    (file,) = Path(texts["jsonl"].empty).glob("*.jsonl")
    assert pl.scan_ndjson(file, schema=schema).collect().schema == schema
