"""D4: appending inputs that an earlier run has appended is told, in the run and in its receipt."""

import time

import polars as pl
import pytest

from ingest.commands import status
from ingest.core.partition import Slice
from ingest.driver.repeats import repeats
from ingest.records.plan_facts import PlanFacts
from ingest.records.plans import PlanWriter
from ingest.storage.objects import LocalStore
from tests.faults.state import assert_done
from tests.recovery.jobs import make_job

APPEND = {"write_disposition": "append"}


@pytest.fixture
def state(state):
    state.rows("in/orders/b.csv", 3)
    state.describe(sink=APPEND)
    return state


def warned(state, *more):
    result = state.run("orders", *more)
    assert_done(result)
    warnings = state.receipt()["warnings"]
    for warning in warnings:
        assert f"warning: {warning}" in result.err
        assert f"warning: {warning}" in result.out
    assert ("warning" in result.err) == bool(warnings)
    return warnings


def test_a_second_run_of_the_same_inputs(state):
    assert warned(state) == []
    first = state.last()
    (warning,) = warned(state)
    assert warning == (
        f"2 of 2 input files were already published to {state.place}/out by earlier runs of this job "  # noqa: E501
        f"(last: {first}). append adds their rows again. To replace the rows instead: "
        "sink.write_disposition=overwrite"
    )
    assert state.ids() == [1, 1, 2, 2, 3, 3]


def test_whatever_the_format_and_the_folders(state):
    state.describe(sink={"type": "csv", "partition_by": ["id"], "null_text": "N", **APPEND})
    assert warned(state) == []
    assert warned(state)[0].startswith("2 of 2 input files")


def test_new_inputs_are_none(state):
    assert warned(state) == []
    for name in ("a", "b"):
        (state.place / f"in/orders/{name}.csv").unlink()
    state.rows("in/orders/c.csv", 4)
    assert warned(state) == []
    state.rows("in/orders/d.csv", 5)
    assert warned(state)[0].startswith("1 of 2 input files")


def test_inputs_of_several_earlier_runs_are_counted_together(state):
    assert warned(state, "source.path=in/orders/a.csv") == []
    assert warned(state, "source.path=in/orders/b.csv") == []
    (warning,) = warned(state, "source.path=in/orders/b.csv")
    assert warning.startswith("1 of 1 input file was already published to")
    assert warned(state)[0].startswith("2 of 2 input files")


def test_a_file_that_was_rewritten_is_published_again_too(state):
    assert warned(state) == []
    state.rows("in/orders/a.csv", 1, 2, 9)
    assert warned(state)[0].startswith("2 of 2 input files")


def test_what_is_not_there_any_more_is_not_doubled(state):
    assert warned(state) == []
    (state.place / "out").rename(state.place / "away")
    assert warned(state) == []


@pytest.mark.parametrize("disposition", ["overwrite", "overwrite_partitions"])
def test_replacing_is_no_repetition(state, disposition):
    state.describe(sink={"write_disposition": disposition, "partition_by": ["name"]})
    assert warned(state) == []
    assert warned(state) == []


def test_another_job_may_read_the_same(state):
    assert warned(state) == []
    state.describe("returns", source={"type": "csv", "path": "in/orders"}, sink=APPEND)
    result = state.run("returns")
    assert_done(result)
    assert "warning" not in result.err


def test_a_plan_that_is_gone_is_no_error(state):
    assert warned(state) == []
    (state.place / "state/runs" / state.last() / "plan.json").unlink()
    assert warned(state) == []


def test_it_is_in_the_status_of_the_run(state):
    warned(state)
    warned(state)
    result = state.type(status.main, state.last(), "--state", "state")
    assert "warning: 2 of 2 input files" in result.out


def test_many_inputs_cost_little(tmp_path):
    job = make_job(tmp_path, sink={"type": "parquet", "path": str(tmp_path / "out"), **APPEND})
    (tmp_path / "out").mkdir()
    store = LocalStore(tmp_path / "state")
    plans = []
    for run_id in ("20261129t000001-aaaaaa", "20261129t000002-bbbbbb"):
        writer = PlanWriter(store, run_id)
        count = writer.write(
            (f"{n:016x}", (Slice(f"/in/{n:06d}.csv", 9, "v", bytes=9),)) for n in range(30_000)
        )
        plans.append(writer.freeze(PlanFacts(count, count, count * 9, "in", {}, {})))
        store.create(f"jobs/orders/runs/{run_id}", b"")
    pl.DataFrame({"id": [1]}).write_parquet(
        tmp_path / "out" / "20261129t000001-aaaaaa-0000000-0.parquet"
    )
    began = time.process_time()
    assert repeats(job, store, plans[1]).startswith("30,000 of 30,000 input files")
    assert time.process_time() - began < 1
