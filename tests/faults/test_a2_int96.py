"""A2: timestamps of the old type INT96 are the dates that were written, wherever they are read."""

from datetime import datetime

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.faults.parquet_files import uploaded

DATES = [
    datetime(9999, 12, 31),
    datetime(1, 1, 1),
    datetime(2500, 1, 1, 12, 30, 0, 1),
    datetime(1600, 2, 29, 23, 59, 59, 999999),
    None,
    datetime(2024, 5, 17, 14, 25, 36, 789000),
]
US = pa.timestamp("us")


def int96(path, table):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, use_deprecated_int96_timestamps=True, store_schema=False)
    return path


def dated(**more):
    return pa.table({"t": pa.array(DATES, US), "n": range(len(DATES)), **more})


@pytest.mark.parametrize("remote", [False, True], ids=["local", "in a bucket"])
def test_a_run_reads_the_true_dates(job, remote):
    file = int96(job.place / "in/a.parquet", dated())
    job.define("parquet", path=uploaded(file) if remote else "in")
    assert job.plan_page()["input_schema"] == {"t": "timestamp", "n": "int64"}
    result = job.run()
    assert result.code == 0, result.err
    assert job.frame.sort("n")["t"].to_list() == DATES
    assert job.verify().code == 0


@pytest.mark.parametrize("remote", [False, True], ids=["local", "in a bucket"])
def test_within_lists_structs_and_maps(job, remote):
    lists = pa.array([[date, None] if date else None for date in DATES], pa.list_(US))
    structs = pa.array([{"a": date} for date in DATES], pa.struct({"a": US}))
    maps = pa.array([[("k", date)] for date in DATES], pa.map_(pa.string(), US))
    file = int96(job.place / "in/a.parquet", dated(l=lists, s=structs, m=maps))
    job.define("parquet", path=uploaded(file) if remote else "in")
    assert job.run().code == 0
    rows = job.frame.sort("n")
    assert rows["l"].to_list() == [[date, None] if date else None for date in DATES]
    assert rows["s"].to_list() == [{"a": date} for date in DATES]
    assert rows["m"].to_list() == [[{"key": "k", "value": date}] for date in DATES]


def test_conditions_see_the_true_dates(job):
    int96(job.place / "in/a.parquet", dated())
    job.define("parquet", where="t > TIMESTAMP '2400-01-01 00:00:00'")
    assert job.run().code == 0
    assert sorted(job.frame["n"]) == [0, 2]


def test_row_groups_of_several_files_keep_their_dates(job):
    for name in ("a", "b"):
        path = job.place / f"in/{name}.parquet"
        int96(path, dated())
        table = pq.ParquetFile(path, coerce_int96_timestamp_unit="us").read()
        pq.write_table(table, path, row_group_size=2, use_deprecated_int96_timestamps=True)
    job.define("parquet", parts={"execution": {"partition_bytes": 1, "workers": 2}})
    assert job.run().code == 0
    assert job.frame.sort("n")["t"].to_list() == [date for date in DATES for _ in "ab"]


def test_a_lookup_reads_the_true_dates(job):
    job.write("in/a.csv", "n\n0\n1\n2\n")
    int96(job.place / "ref.parquet", dated())
    fields = {"path": str(job.place / "ref.parquet"), "columns": {"n": "string"}}
    step = {"type": "lookup", "reference": fields, "key": "n"}
    job.define("csv", parts={"transforms": [step]})
    assert job.run().code == 0
    assert job.frame.sort("n")["t"].to_list() == DATES[:3]


def test_a_lookup_by_such_a_date(job):
    job.write("in/a.csv", "t\n9999-12-31\n0001-01-01\n2262-04-11 23:47:16.854775\n")
    int96(job.place / "ref.parquet", dated())
    fields = {"path": str(job.place / "ref.parquet")}
    step = {"type": "lookup", "reference": fields, "key": "t"}
    job.define("csv", columns={"t": "timestamp"}, parts={"transforms": [step]})
    # of the reference, null comes once: a key that is null finds no partner
    assert job.run().code == 0
    assert job.frame.sort("t")["n"].to_list() == [1, None, 0]


def test_preview_and_init_show_the_true_dates(job):
    int96(job.place / "in/a.parquet", dated())
    job.define("parquet")
    shown = job.preview("-n", "6").out
    assert "9999-12-31" in shown
    assert "0001-01-01" in shown
    assert "2262" not in shown
    result = job.init("in")
    assert result.code == 0, result.err
    sample = pl.read_parquet(next((job.place / "jobs/made/sample").rglob("*.parquet")))
    assert sample["t"].to_list() == DATES
    expected = (job.place / "jobs/made/expected/rows.jsonl").read_text()
    assert "9999-12-31" in expected
    assert "2262" not in expected


NANOS = pa.array([1_715_955_936_000_000_001, 1_715_955_936_000_001_000, -1], pa.timestamp("ns"))


def test_digits_that_microseconds_do_not_hold_are_rejected_not_cut(job):
    int96(job.place / "in/a.parquet", pa.table({"t": NANOS, "n": [1, 2, 3]}))
    job.define("parquet", parts={"contract": {"on_error": "quarantine"}})
    assert job.run().code == 0
    assert job.frame["n"].to_list() == [2]
    rejected = job.quarantine.sort("line").select("line", "column", "reason", "original").rows()
    assert rejected == [
        (1, "t", "t: not a timestamp", '{"t": "2024-05-17 14:25:36.000000001", "n": 1}'),
        (3, "t", "t: not a timestamp", '{"t": "1969-12-31 23:59:59.999999999", "n": 3}'),
    ]


def test_nanoseconds_are_read_if_they_are_asked_for(job):
    int96(job.place / "in/a.parquet", pa.table({"t": NANOS, "n": [1, 2, 3]}))
    job.define("parquet", int96="ns")
    assert job.plan_page()["input_schema"]["t"] == "timestamp(ns)"
    assert job.run().code == 0
    assert job.frame.sort("n")["t"].to_physical().to_list() == NANOS.cast(pa.int64()).to_pylist()


def test_dates_that_nanoseconds_do_not_hold_are_rejected_not_wrapped(job):
    int96(job.place / "in/a.parquet", dated())
    job.define("parquet", int96="ns", parts={"contract": {"on_error": "quarantine"}})
    assert job.run().code == 0
    assert sorted(job.frame["n"]) == [4, 5]
    rejected = job.quarantine.sort("line")
    assert rejected["line"].to_list() == [1, 2, 3, 4]
    assert '"t": "9999-12-31 00:00:00"' in rejected["original"][0]
