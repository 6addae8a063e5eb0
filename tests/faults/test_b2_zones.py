"""B2: zones that are only an offset, `Z`, or nobody's: instants in UTC, or a sentence, no panic."""

from datetime import UTC, datetime

import polars as pl
import pyarrow as pa
import pytest

from tests.faults.parquet_files import uploaded

INSTANT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
MICROS = 1_700_000_000_000_000
ZONES = ["+05:30", "-02:15", "Z", "+0530", "Mars/Phobos", "+25:00", "GMT+5"]


def zoned(zone, unit="us"):
    factor = {"s": 10**6, "ms": 10**3, "us": 1}
    count = MICROS // factor[unit] if unit in factor else MICROS * 1000
    return pa.table({"n": [1], "t": pa.array([count], pa.timestamp(unit, zone))})


@pytest.mark.parametrize("remote", [False, True], ids=["local", "in a bucket"])
@pytest.mark.parametrize("zone", ZONES)
def test_instants_are_read_in_utc_and_the_plan_says_so(job, zone, remote, capfd):
    file = job.write("in/a.parquet", zoned(zone))
    job.define("parquet", path=uploaded(file) if remote else "in")
    planned = job.plan()
    assert planned.code == 0, planned.err
    assert f'the file says "{zone}"' in planned.out
    assert job.preview().code == 0
    result = job.run()
    assert result.code == 0, result.err
    assert job.frame.schema["t"] == pl.Datetime("us", "UTC")
    assert job.frame["t"].item() == INSTANT
    assert "panicked" not in capfd.readouterr().err


@pytest.mark.parametrize("unit", ["s", "ms", "ns"])
def test_of_every_unit_and_however_deep(job, unit):
    deep = pa.array([[{"a": 1}]], pa.list_(pa.struct({"a": pa.timestamp("us", "-02:15")})))
    job.write("in/a.parquet", zoned("+05:30", unit).append_column("deep", deep))
    job.define("parquet")
    result = job.run()
    assert result.code == 0, result.err
    assert job.frame["t"].item() == INSTANT
    [[row]] = job.frame["deep"].to_list()
    assert row["a"] == datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC)


def test_a_column_that_is_left_out_does_no_harm(job):
    job.write("in/a.parquet", zoned("+05:30"))
    job.define("parquet", columns=["n"])
    assert job.run().code == 0
    assert job.rows == [{"n": 1}]


def test_known_zones_are_kept(job):
    job.write("in/a.parquet", zoned("Europe/Berlin"))
    job.define("parquet")
    assert job.run().code == 0
    assert job.frame.schema["t"] == pl.Datetime("us", "Europe/Berlin")
    assert job.frame["t"].item() == INSTANT


@pytest.mark.parametrize("zone", ZONES)
def test_init_and_lookups_read_them_too(job, zone, capfd):
    file = job.write("in/a.parquet", zoned(zone))
    result = job.init("in")
    assert result.code == 0, result.err
    assert "timestamp(us, UTC)" in result.out
    job.write("more/a.csv", "n\n1\n")
    step = {"type": "lookup", "reference": {"path": str(file)}, "key": "n"}
    job.define("csv", path="more", columns={"n": "int64"}, parts={"transforms": [step]})
    assert job.run().code == 0
    assert job.frame["t"].item() == INSTANT
    assert "panicked" not in capfd.readouterr().err


@pytest.mark.parametrize("zone", ["+05:30", "Z", "Mars/Phobos"])
@pytest.mark.parametrize(
    "parts",
    [
        {"contract": {"columns": {"t": "timestamp(us, ZONE)"}}},
        {"transforms": [{"type": "cast", "columns": {"t": "timestamp(us, ZONE)"}}]},
        {"transforms": [{"type": "derive", "columns": {"u": "CAST(t AS timestamp(us, ZONE))"}}]},
        {"transforms": [{"type": "derive", "columns": {"u": "t AT TIME ZONE 'ZONE'"}}]},
    ],
    ids=["contract", "cast", "CAST", "AT TIME ZONE"],
)
def test_a_job_that_names_them_is_refused_in_one_sentence(job, parts, zone, capfd):
    job.write("in/a.csv", "t\n2024-01-01T00:00:00Z\n")
    text = str(parts).replace("ZONE", zone).replace(f"AT TIME {zone}", "AT TIME ZONE")
    job.define("csv", columns={"t": "timestamp(us, UTC)"}, parts=eval(text))
    read = "CAST" not in text or "+" not in zone
    job.refused(f'no such time zone "{zone}"' if read else "has no meaning in an expression")
    assert "panicked" not in capfd.readouterr().err


def test_files_of_different_zones(job):
    job.write("in/a.parquet", zoned("+05:30"))
    job.write("in/b.parquet", zoned("Z"))
    job.write("in/c.parquet", zoned("UTC"))
    job.define("parquet")
    assert job.run().code == 0
    assert job.frame["t"].to_list() == [INSTANT] * 3
