"""A run to a Delta table, killed around its commit: the same rows, in one version."""

import polars as pl
import pytest
from deltalake import DeltaTable

from ingest.core.errors import ConfigError
from ingest.storage.objects import LocalStore
from ingest.testing.faults import Crash
from tests.recovery.jobs import make_job, phase, published, work, write_input


class DyingStore(LocalStore):
    """Dies before or after it writes a record of the ledger that has some words in it."""

    def __init__(self, root, words, when):
        super().__init__(root)
        self.words, self.when = words, when

    def create(self, name, data):
        dies = "/ledger/" in name and self.words in data
        if dies and self.when == "before":
            raise Crash
        made = super().create(name, data)
        if dies:
            raise Crash
        return made


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


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    place = tmp_path_factory.mktemp("whole")
    write_input(place / "in")
    receipt = work(job_at(place))
    rows, version = rows_of(place)
    assert (len(rows), version, receipt["effects"]["main"]["facts"]["version"]) == (12, 0, 0)
    return rows, published(place)[1]


@pytest.mark.parametrize(
    ("words", "when", "seen"),
    [
        (b'"publish_begin"', "before", False),
        (b'"publish_begin"', "after", False),
        (b'"effect":"main"', "before", True),
        (b'"effect":"main"', "after", True),
    ],
)
def test_a_crash_around_the_commit_changes_nothing_in_the_end(tmp_path, whole, words, when, seen):
    rows, quarantine = whole
    write_input(tmp_path / "in")
    job = job_at(tmp_path)
    with pytest.raises(Crash):
        work(job, DyingStore(tmp_path / "state", words, when))
    assert rows_of(tmp_path) == ((rows, 0) if seen else ([], None)), "all of the run, or nothing"
    assert phase(tmp_path) != "done"
    work(job)
    assert rows_of(tmp_path) == (rows, 0)
    assert published(tmp_path)[1] == quarantine


def test_a_discarded_run_leaves_no_files_in_the_table(tmp_path):
    write_input(tmp_path / "in")
    job = job_at(tmp_path)
    work(job)
    names = set((tmp_path / "out").rglob("*.parquet"))
    with pytest.raises(Crash):
        work(job, DyingStore(tmp_path / "state", b'"publish_begin"', "before"))
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
