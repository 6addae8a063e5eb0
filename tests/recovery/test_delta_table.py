"""A run to a Delta table, killed around its commit: the same rows, in one version."""

import polars as pl
import pytest
from deltalake import DeltaTable

from ingest.core.errors import ConfigError
from ingest.storage.objects import LocalStore
from ingest.testing.faults import Crash, CrashingStore
from tests.recovery.jobs import make_job, phase, published, work, write_input

LAST = 7
"""Writes of a run from before its commit to its end."""


def job_at(place, disposition="append", **options):
    sink = {"type": "delta", "path": str(place / "out"), "write_disposition": disposition}
    return make_job(place, sink={**sink, **options})


def rows_of(place):
    """Return the rows that readers see, and the table's version; none if there is no table."""
    if not (place / "out" / "_delta_log").exists():
        return [], None
    table = str(place / "out")
    rows = pl.read_delta(table).rows()
    return sorted(rows), DeltaTable(table).version()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_from_the_commit_on_changes_nothing_in_the_end(tmp_path, when):
    write_input(tmp_path / "in")
    store = CrashingStore(LocalStore(tmp_path / "state"), 1000)
    receipt = work(job_at(tmp_path), store)
    whole, version = rows_of(tmp_path)
    assert (len(whole), version, receipt["effects"]["main"]["facts"]["version"]) == (12, 0, 0)
    quarantine = published(tmp_path)[1]
    after_commit = 0
    for at in range(store.creates - LAST, store.creates + 1):
        place = tmp_path / str(at)
        place.mkdir()
        write_input(place / "in")
        job = job_at(place)
        with pytest.raises(Crash):
            work(job, CrashingStore(LocalStore(place / "state"), at, when))
        assert rows_of(place)[0] in ([], whole), f"half an output after a crash at write {at}"
        if phase(place) != "done":
            after_commit += phase(place) == "committed"
            work(job)
        assert rows_of(place) == (whole, 0), f"crash at write {at}"
        assert published(place)[1] == quarantine
    assert after_commit > 1


def test_a_discarded_run_leaves_no_files_in_the_table(tmp_path):
    write_input(tmp_path / "in")
    job = job_at(tmp_path)
    work(job)
    names = set((tmp_path / "out").rglob("*.parquet"))
    with pytest.raises(Crash):
        work(job, CrashingStore(LocalStore(tmp_path / "state"), 12))
    assert set((tmp_path / "out").rglob("*.parquet")) > names
    receipt = work(job, fresh=True)
    folders = {path.parent.name for path in set((tmp_path / "out").rglob("*.parquet")) - names}
    assert folders == {receipt["run_id"]}
    assert (len(rows_of(tmp_path)[0]), rows_of(tmp_path)[1]) == (24, 1)


def test_rows_that_do_not_go_with_the_table_are_refused_before_anything_runs(tmp_path):
    write_input(tmp_path / "in")
    work(job_at(tmp_path))
    drop = {"transforms": [{"type": "select", "columns": ["id", "name"]}], "contract": {}}
    sink = {"type": "delta", "path": str(tmp_path / "out"), "write_disposition": "append"}
    with pytest.raises(ConfigError, match=r'"id" is string here, long in the table'):
        work(make_job(tmp_path, sink=sink, **drop))
    assert rows_of(tmp_path)[1] == 0
