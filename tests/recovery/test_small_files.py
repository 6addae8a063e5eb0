"""Small files of many partitions are combined before they are published, whatever dies meanwhile."""

import json

import polars as pl
import pyarrow.parquet as pq
import pytest

from ingest.core.errors import IngestError
from ingest.records.reader import Reader
from ingest.records.runs import Runs
from ingest.storage.objects import LocalStore
from ingest.testing.faults import Crash, CrashingStore
from ingest.testing.golden import read_rows
from tests.recovery.jobs import debris, make_job, phase, work

PARTITIONS, DAYS = 24, 3


def job_of(place, **sink):
    """Return a job whose partitions each have two rows for each of three days, one of them bad."""
    (place / "in").mkdir(parents=True)
    for number in range(PARTITIONS):
        lines = [
            f"{number * 10 + row},{row % DAYS},{'' if row else 'x'}" for row in range(2 * DAYS)
        ]
        (place / "in" / f"{number:02}.csv").write_text("\n".join(["id,day,name", *lines, ""]))
    page = {"type": "parquet", "path": str(place / "out"), "write_disposition": "overwrite"}
    return make_job(
        place,
        transforms=[],
        contract={
            "columns": {"id": "int64", "day": "int8"},
            "checks": [{"type": "range", "column": "id", "min": 1}],
            "on_error": "quarantine",
        },
        sink={**page, "partition_by": ["day"], **sink},
        execution={"partition_bytes": 100},
    )


def rows(place):
    """Return the published ids, in order."""
    return pl.read_parquet(place / "out", hive_partitioning=True)["id"].sort().to_list()


def events(place, name):
    """Return the events of a kind of the last run."""
    store = LocalStore(place / "state")
    reader = Reader(store, Runs(store).of_job("orders")[-1])
    return [event for event in reader.events() if event.name == name]


WANTED = [number * 10 + row for number in range(PARTITIONS) for row in range(2 * DAYS)][1:]


def test_one_file_for_each_folder_where_each_partition_wrote_one(tmp_path):
    receipt = work(job_of(tmp_path))
    files = sorted((tmp_path / "out").rglob("*.parquet"))
    assert [file.parent.name for file in files] == ["day=0", "day=1", "day=2"]
    assert rows(tmp_path) == WANTED
    output = receipt["outputs"]["main"]
    assert (output["files"], output["rows"]) == (3, len(WANTED))
    assert output["bytes"] == sum(file.stat().st_size for file in files)
    assert len(events(tmp_path, "combined")) == 3
    assert debris(tmp_path) == []


def test_within_a_file_rows_keep_the_order_of_the_plan(tmp_path):
    work(job_of(tmp_path))
    (file,) = (tmp_path / "out" / "day=1").iterdir()
    ids = pl.read_parquet(file)["id"].to_list()
    assert ids == sorted(ids)
    assert pq.read_metadata(file).num_row_groups == 1


def test_no_file_becomes_larger_than_asked_for(tmp_path):
    work(job_of(tmp_path, target_file_bytes=20_000))
    files = list((tmp_path / "out").rglob("*.parquet"))
    assert DAYS < len(files) < PARTITIONS * DAYS // 4
    assert max(file.stat().st_size for file in files) <= 20_000
    assert rows(tmp_path) == WANTED


@pytest.mark.parametrize("kept", [{"target_file_bytes": 5_000}, {"partition_by": []}])
def test_files_of_a_fair_size_and_a_few_small_ones_stay_as_they_are(tmp_path, kept):
    work(job_of(tmp_path, **kept))
    assert events(tmp_path, "combined") == []
    assert rows(tmp_path) == WANTED


@pytest.mark.parametrize(
    "form",
    [{"type": "csv", "compression": "gz"}, {"type": "jsonl"}, {"type": "csv", "header": False}],
)
def test_text_is_combined_too(tmp_path, form):
    work(job_of(tmp_path, **form))
    assert len(events(tmp_path, "combined")) == 3
    text = [
        json.dumps(row)
        for folder in sorted((tmp_path / "out").iterdir())
        for row in read_rows(folder, form["type"])[1:]
    ]
    assert len(text) >= len(WANTED) - DAYS
