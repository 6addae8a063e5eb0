"""Small files of many partitions are combined before they are published, whatever dies."""

import gzip
import json

import polars as pl
import pyarrow.parquet as pq
import pytest

from ingest.core.errors import FatalError
from ingest.records.reader import Reader
from ingest.records.runs import Runs
from ingest.storage.objects import LocalStore
from ingest.testing.faults import Crash, CrashingStore
from ingest.workers.base import Lost
from ingest.workers.in_process import InProcessWorkers
from tests.recovery.jobs import AT_ONCE, debris, make_job, phase, work

PARTITIONS, DAYS = 30, 3


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
            "columns": {"day": "int8", "id": "int64"},
            "checks": [{"type": "range", "column": "id", "min": 1}],
            "on_error": "quarantine",
        },
        sink={**page, "partition_by": ["day"], **sink},
        execution={"partition_bytes": 60, "retry": AT_ONCE},
    )


def rows(place):
    """Return the published ids, in order."""
    return pl.read_parquet(place / "out", hive_partitioning=True)["id"].sort().to_list()


def events(place, name):
    """Return the events of a kind of the last run."""
    store = LocalStore(place / "state")
    reader = Reader(store, Runs(store).of_job("orders")[-1])
    return [event for event in reader.events() if event.name == name]


class Failing(InProcessWorkers):
    """Combines `after` groups of files, then fails; or each worker dies that begins with one."""

    def __init__(self, after=0, *, lost=False):
        super().__init__()
        self.after, self.lost = after, lost

    def results(self, timeout_s):
        if self._waiting and self._waiting[0].small:
            self.after -= 1
            if self.lost:
                return [Lost(self._waiting.popleft().key, "it died", culprit=True)]
            if self.after < 0:
                raise FatalError("the pool has broken down")
        return super().results(timeout_s)


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
    files = [file.read_bytes() for file in (tmp_path / "out").rglob("*.*")]
    texts = [gzip.decompress(file) if form.get("compression") else file for file in files]
    lines = b"".join(texts).decode().splitlines()
    header = ["id,name"] * DAYS if form["type"] == "csv" and form.get("header", True) else []
    written = [
        json.dumps({"id": each, "name": None if each % 10 else "x"}, separators=(",", ":"))
        if form["type"] == "jsonl"
        else f"{each},{'' if each % 10 else 'x'}"
        for each in WANTED
    ]
    assert sorted(lines) == sorted([*header, *written])


@pytest.mark.parametrize("every", [12, pytest.param(1, marks=pytest.mark.slow)])
def test_a_crash_at_any_write_changes_nothing_in_the_end(tmp_path, every):
    crashes = 0
    for at in range(8, 100, every):
        place = tmp_path / str(at)
        job = job_of(place)
        try:
            work(job, CrashingStore(LocalStore(place / "state"), at, "before"))
        except Crash:
            crashes += 1
        else:
            break
        if phase(place) != "done":
            work(job)
        assert rows(place) == WANTED, f"crash at write {at}"
        assert len(list((place / "out").rglob("*.parquet"))) == DAYS
        assert debris(place) == []
    assert crashes > 15 // every


def test_what_was_combined_before_a_crash_is_not_combined_again(tmp_path):
    job = job_of(tmp_path)
    with pytest.raises(FatalError):
        work(job, workers=Failing(after=1))
    work(job)
    combined = events(tmp_path, "combined")
    assert len({event.index for event in combined}) == len(combined) == DAYS
    parts = [part for event in combined for part in event.parts]
    assert len(parts) == len(set(parts)) == PARTITIONS * DAYS
    assert rows(tmp_path) == WANTED


def test_files_that_cannot_be_combined_are_published_as_they_are(tmp_path):
    receipt = work(job_of(tmp_path), workers=Failing(lost=True))
    assert rows(tmp_path) == WANTED
    assert receipt["outputs"]["main"]["files"] == PARTITIONS * DAYS
    assert receipt["warnings"] == [
        "3 groups of small files could not be combined and will be published as they are: it died"
    ]
