"""D8: where the output is overwritten, the quarantine shows the rows that this run has rejected."""

import polars as pl
import pytest

from tests.faults.state import State, assert_done, assert_refused


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    state = State(tmp_path)
    state.write("in/orders/a.csv", "id,name\n1,a\nx,b\ny,c\n")
    return state


def describe(state, name="orders", sink=None, quarantine=None):
    contract = {"on_error": "quarantine"} | ({"quarantine": quarantine} if quarantine else {})
    state.describe(name, sink=sink or {}, contract=contract)


def rejected(state, place="out_quarantine"):
    frames = [pl.read_parquet(file) for file in (state.place / place).rglob("*.parquet")]
    whole = pl.concat(frames) if frames else pl.DataFrame(schema={"run_id": pl.String()})
    return sorted(whole["run_id"].to_list())


def test_ten_runs_leave_the_rejected_rows_of_the_last(state):
    describe(state)
    for _ in range(10):
        assert_done(state.run())
    assert rejected(state) == [state.last()] * 2


def test_a_run_that_rejects_nothing_leaves_none(state):
    describe(state)
    assert_done(state.run())
    state.rows("in/orders/a.csv", 1)
    assert_done(state.run())
    assert rejected(state) == []
    assert state.receipt()["outputs"]["quarantine"]["removed"] == 1


@pytest.mark.parametrize("place", [None, "bad"])
def test_those_of_all_runs_are_kept_if_that_is_asked_for(state, place):
    describe(state, quarantine={"keep": "all"} | ({"path": place} if place else {}))
    for _ in range(3):
        assert_done(state.run())
    ids = state.runs()
    assert rejected(state, place or "out_quarantine") == sorted(ids * 2)
    for run_id in ids:
        assert state.verify(run_id).code == 0


@pytest.mark.parametrize("disposition", ["append", "overwrite_partitions"])
def test_where_rows_of_earlier_runs_stay_those_they_rejected_stay(state, disposition):
    describe(state, sink={"write_disposition": disposition, "partition_by": ["name"]})
    assert_done(state.run())
    assert_done(state.run())
    assert rejected(state) == sorted(state.runs() * 2)


def test_what_was_kept_before_goes_with_the_next_run_that_follows(state):
    describe(state, quarantine={"keep": "all"})
    assert_done(state.run())
    assert_done(state.run())
    describe(state)
    assert_done(state.run())
    assert rejected(state) == [state.last()] * 2


def test_the_rejected_rows_of_another_job_are_not_removed(state):
    state.write("in/returns/a.csv", "id,name\nz,b\n")
    describe(state, sink={"path": "out/orders"}, quarantine={"path": "bad"})
    describe(state, "returns", sink={"path": "out/returns"}, quarantine={"path": "bad"})
    assert_done(state.run())
    assert_refused(state.run("returns"), "contract.quarantine", '2 rows in 1 file of job "orders"')
    for name in ("orders", "returns"):
        describe(state, name, {"path": f"out/{name}"}, {"path": "bad", "keep": "all"})
        assert_done(state.run(name))
    assert rejected(state, "bad") == sorted([*state.runs() * 2, state.last("returns")])


def test_a_job_that_takes_a_place_over_takes_its_quarantine_over(state):
    state.write("in/returns/a.csv", "id,name\nz,b\n")
    describe(state)
    assert_done(state.run())
    describe(state, "returns", sink={"replaces_jobs": ["orders"]})
    assert_done(state.run("returns"))
    assert rejected(state) == [state.last("returns")]
