"""A12: rows that another job has published are not removed, unless the job says so."""

import json

import pytest

from ingest.sinks.directory.local.place import Folder
from tests.faults.state import State, assert_done, assert_refused


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    state = State(tmp_path)
    state.rows("in/orders/a.csv", 1, 2, 3)
    state.rows("in/returns/a.csv", 7, 8)
    state.describe("orders")
    assert_done(state.run("orders"))
    return state


@pytest.mark.parametrize("command", ["plan", "run"])
def test_overwriting_the_rows_of_another_job_is_refused(state, command):
    state.describe("returns")
    first = state.last("orders")
    assert_refused(
        getattr(state, command)("returns"),
        "conf/job/returns.yaml:",
        f'sink.path: "{state.place}/out" holds 3 rows in 1 file of job "orders" (last run: '
        f"{first})",
        "write sink.replaces_jobs=[orders]",
    )
    assert state.ids() == [1, 2, 3]
    assert state.runs("returns") == []


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_whatever_the_format(state, kind):
    state.describe("orders", sink={"type": kind, "path": "text"})
    assert_done(state.run("orders"))
    state.describe("returns", sink={"type": "parquet", "path": "text"})
    assert_refused(state.run("returns"), 'job "orders"')


@pytest.mark.parametrize("replaces", [["orders"], ["others", "orders"], "any"])
def test_a_job_that_names_the_other_replaces_its_rows(state, replaces):
    state.describe("returns", sink={"replaces_jobs": replaces})
    assert_done(state.run("returns"))
    assert state.ids() == [7, 8]


def test_on_the_command_line_too(state):
    state.describe("returns")
    assert_done(state.run("returns", "++sink.replaces_jobs=[orders]"))
    assert state.ids() == [7, 8]


def test_naming_another_job_does_not_help(state):
    state.describe("returns", sink={"replaces_jobs": ["deliveries"]})
    assert_refused(state.run("returns"), "sink.replaces_jobs=[deliveries, orders]")
    assert state.ids() == [1, 2, 3]


def test_the_job_itself_replaces_its_rows_also_from_another_state(state):
    state.rows("in/orders/a.csv", 4)
    assert_done(state.run("orders", "state=elsewhere"))
    assert state.ids() == [4]


def test_rows_in_other_folders_are_protected_from_overwrite_partitions(state):
    sink = {"path": "parts", "partition_by": ["name"], "write_disposition": "overwrite_partitions"}
    state.describe("orders", sink=sink)
    state.describe("returns", sink=sink)
    assert_done(state.run("orders"))
    assert_refused(state.run("returns"), 'of job "orders"')


def test_what_was_replaced_belongs_to_nobody_any_more(state):
    state.describe("returns", sink={"replaces_jobs": ["orders"]})
    assert_done(state.run("returns"))
    state.describe("returns")
    assert_done(state.run("returns"))
    assert_refused(state.run("orders"), 'of job "returns"')


def test_rows_of_a_manifest_without_a_job_are_replaced_only_by_any(state):
    path = Folder(state.place / "out").manifest_path(state.last())
    page = json.loads(path.read_text())
    del page["job"]
    path.write_text(json.dumps(page))
    assert_refused(state.run("orders"), "an unknown job", "replaces_jobs=any")
    state.describe("orders", sink={"replaces_jobs": "any"})
    assert_done(state.run("orders"))


def test_appending_beside_the_rows_of_another_job_is_fine(state):
    state.describe("returns", sink={"write_disposition": "append"})
    assert_done(state.run("returns"))
    assert state.ids() == [1, 2, 3, 7, 8]
    assert_refused(state.run("orders"), '2 rows in 1 file of job "returns"')
