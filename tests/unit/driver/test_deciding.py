"""What a run of a job does about the runs before it, said before any of it is done."""

import threading
from contextlib import suppress

import pytest

from ingest.core.clock import SystemClock
from ingest.core.errors import FatalError, Interrupted
from ingest.driver.deciding import decide
from ingest.driver.prospect import prospect
from ingest.records.runs import Runs
from ingest.records.succession import Succession
from ingest.storage.objects import LocalStore
from tests.recovery.jobs import make_job, work, write_input


@pytest.fixture
def place(tmp_path):
    write_input(tmp_path / "in")
    (tmp_path / "state").mkdir()
    return tmp_path


def to(place, name, **changes):
    sink = {"type": "parquet", "path": str(place / name), "write_disposition": "overwrite"}
    return make_job(place, sink=sink, **changes)


def stop(place, job, event="settled"):
    ended = threading.Event()
    with suppress(Interrupted):
        work(job, listeners=(lambda e, _: e.name == event and ended.set(),), stop=ended)
    return Runs(LocalStore(place / "state")).of_job("orders")[-1]


def decided(place, job, **options):
    return decide(job, LocalStore(place / "state"), SystemClock(), **options)


def test_without_runs_one_begins(place):
    assert decided(place, make_job(place)).would == "begin"
    assert prospect(make_job(place), LocalStore(place / "state")) == {
        "would": "begin", "because": [], "notes": [],
    }  # fmt: skip


def test_of_several_runs_to_other_outputs_the_newest_is_named(place):
    stop(place, to(place, "one"))
    newest = stop(place, to(place, "two"))
    decision = decided(place, make_job(place))
    assert decision.would == "begin"
    here = f"--state {place}/state"
    kept = f"Run {newest} to {place}/two is unfinished and was kept."
    assert decision.notes == [
        f"{kept} To resume it: ingest resume {newest} {here} (1 more: ingest status {here})"
    ]


def test_a_damaged_run_to_another_output_is_left_alone(place):
    run = stop(place, to(place, "one"))
    for file in (place / "state/runs" / run / "ledger").iterdir():
        file.write_bytes(b"{")
    assert decided(place, make_job(place)).notes == []
    with pytest.raises(FatalError, match="the ledger is damaged"):
        decided(place, to(place, "one"))
    page = prospect(to(place, "one"), LocalStore(place / "state"))
    assert (page["would"], page["run_id"], "phase" in page) == ("refuse", run, False)


def test_a_run_that_was_not_planned_is_discarded(place):
    job = make_job(place)
    run = stop(place, job, "planned")
    for file in (place / "state/runs" / run / "ledger").iterdir():
        file.unlink()
    (place / "state/runs" / run / "plan.json").unlink()
    decision = decided(place, job)
    assert decision.would == "start over"
    assert decision.why == "it ended before it had a plan"


@pytest.mark.parametrize(("event", "would"), [("planned", "start over"), ("settled", "refuse")])
def test_a_table_that_changed(place, event, would):
    table = place / "names.csv"
    table.write_text("k,v\nx,1\n")
    step = {"type": "lookup", "reference": {"path": str(table)}, "key": {"name": "k"}}
    job = make_job(place, transforms=[step])
    run = stop(place, job, event)
    table.write_text("k,v\nx,2\n")
    page = prospect(job, LocalStore(place / "state"))
    assert (page["would"], page["run_id"]) == (would, run)
    assert "what 0.lookup depends on (a table, a function, a secret) has changed" in str(page)


def test_a_run_whose_output_nobody_knows_any_more_may_be_anywhere(place):
    run = stop(place, to(place, "one"))
    state = LocalStore(place / "state")
    (place / "state/jobs/orders/runs" / run).write_bytes(b"")
    assert not Succession(state, "orders").meets(run, {"main": f"{place}/out"})
    (place / "state/runs" / run / "run.json").unlink()
    assert Succession(state, "orders").meets(run, {"main": f"{place}/out"})


def test_a_later_run_to_the_same_output_takes_the_place_of_an_earlier_one(place):
    first = stop(place, make_job(place))
    second = stop(place, to(place, "one"))
    third = work(make_job(place), fresh=True)["run_id"]
    succession = Succession(LocalStore(place / "state"), "orders")
    assert [succession.later(run) for run in (first, second, third)] == [third, "", ""]
    assert list(succession.unfinished()) == [second]
