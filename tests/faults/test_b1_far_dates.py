"""B1: dates beyond the years that Python knows, and those that not even Polars can write."""

import json

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from tests.faults.parquet_files import uploaded

MOST = 2**63 - 1
YEAR_12345 = 327_429_475_200_000_000  # in microseconds: midnight of 12345-10-30
YEAR_0 = -62_135_596_800_000_001
FAR = [YEAR_12345, YEAR_0, MOST, -MOST - 1, 0, None]
DAYS = [3_789_924, -719_163, 2**31 - 1, -(2**31), 0, None]
NAMES = [
    "+12346-06-18", "0000-12-31", "+5881580-07-11", "-5877641-06-23", "1970-01-01", None,
]  # fmt: skip
RANGE = {"type": "range", "column": "t", "min": "1900-01-01", "max": "2100-01-01"}
QUARANTINE = {"on_error": "quarantine"}


def table():
    return pa.table(
        {
            "n": range(6),
            "t": pa.array(FAR, pa.timestamp("us")),
            "z": pa.array(FAR, pa.timestamp("us", "Europe/Berlin")),
            "d": pa.array(DAYS, pa.int32()).cast(pa.date32()),
            "l": pa.array([[far] for far in FAR], pa.list_(pa.timestamp("us"))),
        }
    )


@pytest.mark.parametrize("remote", [False, True], ids=["local", "in a bucket"])
def test_they_are_rejected_by_a_range_and_kept_as_text(job, remote):
    file = job.write("in/a.parquet", table())
    job.define("parquet", path=uploaded(file) if remote else "in",
               parts={"contract": {**QUARANTINE, "checks": [RANGE]}})  # fmt: skip
    result = job.run()
    assert result.code == 0, result.err
    assert sorted(job.frame["n"]) == [4, 5]
    rejected = job.quarantine.sort("line")
    assert set(rejected["reason"]) == {"t: range 1900-01-01..2100-01-01"}
    for text in (rejected["row"], rejected["original"]):
        rows = [json.loads(row) for row in text]
        assert [row["d"] for row in rows] == NAMES[:4]
        assert rows[0]["t"] == "+12345-10-30 00:00:00"
        assert rows[2]["t"] == "+294247-01-10 04:00:54.775807"
        assert rows[3]["l"] == ["-290308-12-21 19:59:05.224192"]
        assert rows[2]["z"] == "+294247-01-10 04:00:54.775807Z"


def test_they_pass_through_unchanged(job):
    job.write("in/a.parquet", table())
    job.define("parquet")
    assert job.run().code == 0
    rows = job.frame.sort("n")
    assert rows["t"].to_physical().to_list() == FAR
    assert rows["z"].to_physical().to_list() == FAR
    assert rows["d"].to_physical().to_list() == DAYS
    assert job.verify().code == 0


def test_they_name_folders(job):
    job.write("in/a.parquet", table().select(["n", "d"]))
    sink = {"type": "parquet", "path": "out", "write_disposition": "overwrite"}
    job.define("parquet", parts={"sink": {**sink, "partition_by": ["d"]}})
    result = job.run()
    assert result.code == 0, result.err
    folders = {path.name for path in (job.place / "out").iterdir()}
    null = "__HIVE_DEFAULT_PARTITION__"
    assert folders == {f"d={name or null}" for name in NAMES}
    names = "hive_partitioning = true, hive_types_autocast = false"
    found = duckdb.sql(f"SELECT n, d FROM read_parquet('out/d=*/*.parquet', {names}) ORDER BY n")
    assert found.fetchall() == list(enumerate(NAMES))
    assert job.verify().code == 0


def test_preview_and_init_show_them(job):
    job.write("in/a.parquet", table())
    job.define("parquet", parts={"contract": {**QUARANTINE, "checks": [RANGE]}})
    result = job.preview("-n", "6")
    assert result.code == 0, result.err
    assert "+12345-10" in result.out
    assert "+5881580" in result.out
    result = job.init("in")
    assert result.code == 0, result.err
    assert "+5881580-07-11" in (job.place / "jobs/made/expected/rows.jsonl").read_text()


def test_infinity_as_duckdb_writes_it(job):
    (job.place / "in").mkdir()
    duckdb.sql(
        "COPY (SELECT 1 AS n, 'infinity'::TIMESTAMP AS t, '-infinity'::DATE AS d) "
        "TO 'in/a.parquet' (FORMAT parquet)"
    )
    job.define("parquet", parts={"contract": {**QUARANTINE, "checks": [RANGE]}})
    assert job.preview().code == 0
    assert job.run().code == 0
    [row] = job.quarantine["row"].to_list()
    assert json.loads(row) == {
        "n": 1, "t": "+294247-01-10 04:00:54.775807", "d": "-5877641-06-24",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("to_timestamp(1700000000123)", "+55840-11-08 22:15:23Z"),
        ("DATE '9999-12-31' + INTERVAL '1 day'", "+10000-01-01"),
        ("TIMESTAMP '9999-12-31 23:59:59' + INTERVAL '1 hour'", "+10000-01-01 00:59:59"),
        ("to_timestamp(n + 1700000000123)", "+55840-11-08 22:15:24Z"),
    ],
)
def test_expressions_that_come_to_them(job, expression, text):
    job.write("in/a.csv", "n\n1\n")
    zone = "Z" if text.endswith("Z") else ""
    limit = {"type": "range", "column": "t", "max": f"2100-01-01{' 00:00' + zone if zone else ''}"}
    job.define("csv", columns={"n": "int64"}, parts={
        "transforms": [{"type": "derive", "columns": {"t": expression}}],
        "contract": {**QUARANTINE, "checks": [limit]},
    })  # fmt: skip
    assert job.preview().code == 0
    result = job.run()
    assert result.code == 0, result.err
    assert json.loads(job.quarantine["row"].item()) == {"n": 1, "t": text}


@pytest.mark.parametrize("target", ["string", "date"])
def test_a_cast_of_what_no_calendar_holds_is_rejected(job, target):
    job.write("in/a.parquet", table().select(["n", "t"]))
    job.define("parquet", parts={"contract": {**QUARANTINE, "columns": {"t": target}}})
    result = job.run()
    assert result.code == 0, result.err
    rejected = sorted(json.loads(row)["n"] for row in job.quarantine["row"])
    assert rejected == ([2, 3] if target == "string" else [1, 2, 3])


def test_a_condition_on_them(job):
    job.write("in/a.parquet", table())
    job.define("parquet", where="t > TIMESTAMP '9999-01-01 00:00:00'")
    assert job.run().code == 0
    assert sorted(job.frame["n"]) == [0, 2]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_text_holds_years_of_more_than_four_digits_and_refuses_others(job, kind):
    sink = {"type": kind, "path": "out", "write_disposition": "overwrite"}
    near = table().select(["n", "t"])
    job.write("in/a.parquet", near.take([0, 1, 4, 5]))
    job.define("parquet", parts={"sink": sink})
    result = job.run()
    assert result.code == 0, result.err
    [file] = (job.place / "out").glob(f"*.{kind}")
    assert "+12345-10-30" in file.read_text()
    job.write("in/a.parquet", near)
    result = job.run("--fresh")
    assert result.code == 1
    assert 'sink.type: column "t" contains a date' in result.err
    assert "Traceback" not in result.err


def test_a_lookup_with_them(job):
    job.write("in/a.csv", "n\n0\n2\n")
    file = job.write("ref.parquet", table())
    step = {"type": "lookup", "reference": {"path": str(file)}, "key": "n"}
    job.define("csv", columns={"n": "int64"}, parts={"transforms": [step]})
    assert job.run().code == 0
    assert job.frame.sort("n")["t"].to_physical().to_list() == [YEAR_12345, MOST]


def test_a_lookup_whose_key_comes_twice_and_is_far(job):
    job.write("in/a.csv", "n\n0\n")
    far = pl.DataFrame({"t": [MOST, MOST], "x": [1, 2]}).cast({"t": pl.Datetime("us")})
    file = job.write("ref.parquet", far)
    step = {"type": "lookup", "reference": {"path": str(file)}, "key": "t"}
    job.define("csv", columns={"n": "timestamp"}, parts={
        "transforms": [{"type": "rename", "columns": {"n": "t"}}, step],
    })  # fmt: skip
    result = job.plan()
    assert result.code == 2
    assert "+294247-01-10 04:00:54.775807" in result.err
