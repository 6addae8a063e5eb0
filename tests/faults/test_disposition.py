"""What a run does to the rows that are there is written in each job; nothing is assumed."""

import pytest

from tests.faults.state import State, assert_done, assert_refused


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return State(tmp_path)


@pytest.mark.parametrize("command", ["run", "plan"])
@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_a_job_without_a_disposition_is_refused_and_the_choices_are_named(state, command, kind):
    state.rows("in/orders/a.csv", 1)
    state.describe(sink={"type": kind})
    file = state.place / "conf/job/orders.yaml"
    file.write_text(file.read_text().replace("  write_disposition: overwrite\n", ""))
    result = getattr(state, command)()
    assert_refused(
        result,
        "sink.write_disposition: required, but not set. Write one of: append, overwrite, "
        "overwrite_partitions.",
    )
    assert not (state.place / "out").exists()
    assert_done(getattr(state, command)("orders", "++sink.write_disposition=append"))
