"""A driver that is stopped for longer than its lease: the next takes over, and it has no effect."""

import json
import os
import signal
import time
from contextlib import contextmanager

import psutil
import pytest
import yaml

from ingest.records.runs import Runs
from ingest.storage.objects import LocalStore
from tests.bad_input.bench import Bench
from tests.chaos.nursery import Life, nursery

POINTS = {
    "before it stages": r"mkdir .*\.ingest-out/\w",
    "while it stages": r"fsync .*/1-1-1-0\.staged",
    "while it stages a later one": r"fsync .*/1-2-1-0\.staged",
    "when its files are staged": r"fsync .*\.ingest-out/[^/]+$",
    "before it settles": r"link .*ledger/00000002",
    "before it begins": r"link .*ledger/00000000",
    "before it commits": r"link .*targets/\w+/runs/.*begin",
    "before it puts a file": r"rename .*1-1-1-0\.staged",
    "before its manifest stands": r"link .*/(?!claim)[^/]*\.json-\w+\.staged",
}


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bench = Bench(tmp_path)
    bench.fill(3)
    sink = {"type": "parquet", "path": "out", "write_disposition": "append"}
    bench.describe(sink=sink, execution={"partition_bytes": 40, "lease_s": 1})
    return bench


@pytest.fixture(scope="module")
def drivers():
    """What starts drivers: processes in which all is imported."""
    with nursery() as children:
        yield children


@contextmanager
def stopped(drivers, bench, pattern):
    """Start a driver and wait until it has stopped itself."""
    driver = drivers.start(
        Life(
            "tests.recovery.stopping",
            (pattern, *bench.arguments()),
            root=bench.place,
            log=bench.place / "points",
            said=bench.place / "said",
        )
    )
    try:
        while psutil.Process(driver.pid).status() != psutil.STATUS_STOPPED:
            assert driver.lives, driver.said()
            time.sleep(0.01)
        yield driver
    finally:
        driver.kill()
        driver.wait()


@pytest.mark.parametrize("point", POINTS)
def test_a_woken_driver_ends_and_has_no_effect(drivers, bench, point):
    with stopped(drivers, bench, POINTS[point]) as driver:
        result = bench.run()
        assert result.code == 0, result.err
        rows = bench.rows
        assert len(rows) == 12
        before = list(bench.history.totals.rows.items())
        wake(driver)
    assert bench.rows == rows
    assert list(bench.history.totals.rows.items()) == before
    assert bench.history.phase == "done"
    assert bench.staged == set()
    assert {path.name for path in bench.place.glob(".ingest-*/*")} == {"manifests"}


def test_a_driver_that_wakes_before_its_run_is_on_record_begins_none(drivers, bench):
    with stopped(drivers, bench, r"fsync .*state/targets/\w+$") as driver:
        assert bench.run().code == 0
        rows = bench.rows
        err = wake(driver)
    assert f"process {os.getpid()} on " in err
    assert len(Runs(LocalStore(bench.place / "state")).of_job("orders")) == 1
    assert len(bench.rows) == 12
    assert bench.rows == rows


def test_a_driver_that_wakes_does_not_publish_where_another_job_publishes_now(drivers, bench):
    other = {**yaml.safe_load(bench.file.read_text()), "name": "other"}
    with stopped(drivers, bench, POINTS["before it commits"]) as driver:
        bench.file.with_name("other.yaml").write_text(f"# @package _global_\n{json.dumps(other)}")
        result = bench.type(["--conf", "conf", "+job=other", "cluster=inline"])
        assert result.code == 0, result.err
        assert len(bench.rows) == 12
        err = wake(driver)
    assert f"process {os.getpid()} on " in err
    assert len(bench.rows) == 12
    assert bench.history.phase == "planned"
    assert bench.run().code == 0
    assert len(bench.rows) == 24


@pytest.mark.parametrize("point", ["while it stages", "before it commits"])
def test_a_driver_that_wakes_after_a_run_to_another_output_is_resumed_later(drivers, bench, point):
    with stopped(drivers, bench, POINTS[point]) as driver:
        result = bench.run("sink.path=trial")
        assert result.code == 0, result.err
        assert "is unfinished and was kept. To resume it: ingest resume" in result.err
        wake(driver)
    assert bench.rows == []
    assert bench.run().code == 0
    assert len(bench.rows) == 12
    assert [bench.history.phase, bench.history.attempt] == ["done", 1], "that of the trial"
    assert len(Runs(LocalStore(bench.place / "state")).of_job("orders")) == 2
    assert bench.staged == set()


@pytest.mark.parametrize("point", ["before it stages", "while it stages", "before it settles"])
def test_what_it_stages_of_a_run_that_was_given_up_is_removed(drivers, bench, point):
    with stopped(drivers, bench, POINTS[point]) as driver:
        assert bench.run("--fresh").code == 0
        rows = bench.rows
        wake(driver)
    assert len(rows) == 12
    assert bench.rows == rows
    assert bench.staged == set()
    assert {path.name for path in bench.place.glob(".ingest-*/*")} == {"manifests"}


def wake(driver):
    """Let a driver go on that was stopped, and return what it says when it ends."""
    driver.kill(signal.SIGCONT)
    assert driver.wait() == 1, driver.said()
    assert "has taken over" in driver.said()
    assert "Traceback" not in driver.said()
    return driver.said()
