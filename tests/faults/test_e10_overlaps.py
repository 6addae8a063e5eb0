"""E10: places of one state do not lie in each other, where readers of one would read the other."""

import pytest

from tests.faults.state import State, assert_done, assert_refused

APPEND = {"write_disposition": "append"}
BAD = {"on_error": "quarantine"}


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    state = State(tmp_path)
    state.rows("in/orders/a.csv", 1, 2, 3)
    state.rows("in/returns/a.csv", 7, 8)
    state.write("in/orders/b.csv", "id,name\nx,y\n")
    return state


@pytest.fixture(params=["plan", "run"])
def command(request, state):
    return lambda name="orders", *more: getattr(state, request.param)(name, *more)


@pytest.mark.parametrize("disposition", ["append", "overwrite"])
@pytest.mark.parametrize("place", ["out", "out/state", "out/.ingest/deep"])
def test_a_state_inside_the_output(state, command, disposition, place):
    state.describe(sink={"write_disposition": disposition}, state=place, contract=BAD)
    assert_refused(command(), "state: ", "inside the output", "Use a path outside it: state=DIR")


def test_a_state_inside_the_quarantine(state, command):
    state.describe(contract=BAD, state="out_quarantine/state")
    assert_refused(command(), "inside the quarantine")


def test_an_output_inside_the_state(state, command):
    state.describe(sink={"path": "state/out"})
    assert_refused(command(), "is inside the state")


def test_a_hidden_state_below_the_source_is_passed_over_by_it(state, command):
    state.describe(state="in/orders/.ingest", contract=BAD)
    assert_done(command())
    assert_done(command())


def test_a_quarantine_inside_the_output_and_the_other_way_round(state, command):
    state.describe(contract={**BAD, "quarantine": {"path": "out/bad"}})
    assert_refused(command(), "is inside", "where this job publishes too")
    state.describe(contract={**BAD, "quarantine": {"path": "bad"}}, sink={"path": "bad/out"})
    assert_refused(command(), "is inside", "where this job publishes too")


def test_an_output_that_is_the_quarantine_of_another_job(state, command):
    state.describe(contract=BAD)
    assert_done(state.run())
    state.describe("returns", sink={"path": "out_quarantine", **APPEND})
    assert_refused(
        command("returns"),
        f'"{state.place}/out_quarantine" is the quarantine of job "orders" (run {state.last()})',
    )


def test_a_quarantine_that_is_the_output_of_another_job(state, command):
    state.describe("returns", sink=APPEND)
    assert_done(state.run("returns"))
    state.describe(sink={"path": "other"}, contract={**BAD, "quarantine": {"path": "out"}})
    assert_refused(command(), 'is the output of job "returns"')


def test_an_output_inside_that_of_another_job(state, command):
    state.describe()
    assert_done(state.run("orders", "contract.on_error=skip"))
    state.describe("returns", sink={"path": "out/returns", **APPEND})
    assert_refused(command("returns"), "is inside", "where runs are published")


def test_an_output_around_that_of_another_job(state, command):
    state.describe(sink={"path": "data/deep/orders"}, contract={"on_error": "skip"})
    assert_done(state.run())
    state.describe("returns", sink={"path": "data", **APPEND})
    assert_refused(command("returns"), 'the output of job "orders"', "is inside")


def test_a_quarantine_around_the_output_of_another_job(state, command):
    state.describe("returns", sink={"path": "bad/returns"})
    assert_done(state.run("returns"))
    state.describe(contract={**BAD, "quarantine": {"path": "bad"}})
    assert_refused(command(), 'the output of job "returns"', "contract")


def test_links_do_not_hide_it(state, command):
    state.describe(sink={"path": "data/orders"}, contract={"on_error": "skip"})
    assert_done(state.run())
    (state.place / "link").symlink_to("data")
    state.describe("returns", sink={"path": "link", **APPEND})
    assert_refused(command("returns"), 'the output of job "orders"')


@pytest.mark.parametrize("place", [".ingest-out", ".ingest-out/20261123t184500-1a2b3c/tree"])
def test_a_source_that_is_the_staging_of_a_job(state, command, place):
    state.rows(f"{place}/a.csv", 1)
    state.describe(source={"type": "csv", "path": place})
    assert_refused(command(), "source.path: ", "keeps unpublished files")


def test_an_output_in_the_staging_of_a_job(state, command):
    state.describe(sink={"path": ".ingest-out/x"})
    assert_refused(command(), "sink.path: ", "keeps unpublished files")


def test_what_is_beside_each_other_is_fine(state, command):
    state.describe(sink={"path": "data/orders"}, contract={"on_error": "skip"})
    state.describe("returns", sink={"path": "data/orders2"})
    assert_done(state.run())
    assert_done(command("returns"))


def test_a_place_where_nothing_is_published_any_more_is_free(state, command):
    state.describe(sink={"path": "data"}, contract={"on_error": "skip"})
    assert_done(state.run())
    (state.place / "data").rename(state.place / "away")
    state.describe("returns", sink={"path": "data/returns"})
    assert_done(command("returns"))


def test_reading_what_another_job_publishes_is_what_a_second_job_does(state, command):
    state.describe(contract={"on_error": "skip"})
    assert_done(state.run())
    state.describe("returns", source={"type": "parquet", "path": "out"}, sink={"path": "second"})
    assert_done(command("returns"))


def test_a_damaged_record_of_another_job_does_not_stand_in_the_way(state, command):
    state.describe(sink={"path": "data"}, contract={"on_error": "skip"})
    assert_done(state.run())
    (state.place / "state" / "runs" / state.last() / "run.json").write_text("{")
    state.describe("returns", sink={"path": "out"})
    assert_done(command("returns"))


def test_nothing_is_written_into_a_place_that_is_refused(state):
    state.describe(sink=APPEND, state="out/state")
    assert_refused(state.run(), "inside the output")
    assert not (state.place / "out").exists()


def test_all_is_said_at_once(state):
    state.rows(".ingest-x/a.csv", 1)
    state.describe(source={"type": "csv", "path": ".ingest-x"}, state="out")
    assert_refused(state.run(), "state: ", "source.path: ")
