"""E4: a committed run is published where it was recorded, from wherever and however it is ended."""

import json
import os
import signal
import subprocess
import sys

import pytest

from ingest.commands import resume, run
from tests.bad_input.bench import ROOT
from tests.faults.state import State, assert_done, assert_refused

PUTS = r"rename .*-0\.staged"
AFTER_PUTS = r"link .*/\.ingest-out/(?!.*claim)"


@pytest.fixture
def state(tmp_path, monkeypatch):
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    state = State(tmp_path / "home")
    state.rows("in/orders/a.csv", 1, 2, 3)
    state.write("in/orders/b.csv", "id,name\nx,y\n")
    return state


def describe(state, **sink):
    source = {"type": "csv", "path": str(state.place / "in/orders")}
    home = str(state.place / "state")
    state.describe(source=source, state=home, sink=sink, contract={"on_error": "quarantine"})


def killed(state, pattern):
    """Run the job until it has begun to publish, and kill it there."""
    words = [sys.executable, "-m", "tests.recovery.stopping", pattern, *state.arguments("orders")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True)
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), process.communicate()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert state.events()[-1].name in {"publish_begin", "published"}


def from_elsewhere(state, tmp_path, monkeypatch, *more):
    """Run the same job from another folder."""
    (tmp_path / "away").mkdir()
    monkeypatch.chdir(tmp_path / "away")
    conf = str(state.place / "conf")
    return state.type(run.main, "--conf", conf, "+job=orders", "cluster=inline", *more)


@pytest.mark.parametrize("disposition", ["append", "overwrite"])
@pytest.mark.parametrize("where", [PUTS, AFTER_PUTS])
def test_from_another_folder(state, tmp_path, monkeypatch, disposition, where):
    describe(state, write_disposition=disposition)
    killed(state, where)
    assert_done(from_elsewhere(state, tmp_path, monkeypatch))
    assert state.ids() == [1, 2, 3]
    assert {path.name for path in state.place.glob(".ingest-*/*")} == {"manifests"}
    assert list((tmp_path / "away").iterdir()) == []
    assert state.verify(state.last()).code == 0
    assert state.receipt()["outputs"]["main"]["uri"] == str(state.place / "out")


@pytest.mark.parametrize("disposition", ["append", "overwrite"])
def test_without_rows_too(state, tmp_path, monkeypatch, disposition):
    describe(state, write_disposition=disposition)
    state.rows("in/orders/a.csv")
    killed(state, AFTER_PUTS)
    assert_done(from_elsewhere(state, tmp_path, monkeypatch))
    assert list((tmp_path / "away").iterdir()) == []
    assert state.manifest(state.last())["rows"] == 0


@pytest.mark.parametrize("where", [PUTS, AFTER_PUTS])
def test_when_the_link_leads_elsewhere(state, where):
    for disk in ("one", "two"):
        (state.place / disk).mkdir()
    (state.place / "link").symlink_to("one")
    describe(state, path="link/out")
    killed(state, where)
    (state.place / "link").unlink()
    (state.place / "link").symlink_to("two")
    assert_done(state.run())
    assert state.ids("one/out") == [1, 2, 3]
    assert list((state.place / "two").iterdir()) == []
    assert_done(state.run())
    assert state.ids("two/out") == [1, 2, 3], "the next run goes where the link leads now"


def test_a_place_that_has_become_a_link_is_not_followed(state, tmp_path):
    describe(state, write_disposition="append")
    killed(state, AFTER_PUTS)
    (state.place / "out").rename(tmp_path / "moved")
    (tmp_path / "empty").mkdir()
    (state.place / "out").symlink_to(tmp_path / "empty")
    result = state.run()
    assert result.code == 1
    assert f'"{state.place}/out" is now a link to "{tmp_path}/empty"' in result.err
    assert list((tmp_path / "empty").iterdir()) == []
    (state.place / "out").unlink()
    (tmp_path / "moved").rename(state.place / "out")
    assert_done(state.run())
    assert state.ids() == [1, 2, 3]


def test_by_its_id_also_when_the_folder_it_was_made_in_is_gone(state, tmp_path, monkeypatch):
    describe(state)
    killed(state, PUTS)
    facts = state.place / "state" / "runs" / state.last() / "run.json"
    page = json.loads(facts.read_text())
    facts.write_text(json.dumps({**page, "folder": str(tmp_path / "gone")}))
    monkeypatch.chdir(tmp_path)
    assert_done(state.type(resume.main, state.last(), "--state", str(state.place / "state")))
    assert state.ids() == [1, 2, 3]


def test_a_run_that_is_only_planned_is_not_moved(state, tmp_path, monkeypatch):
    describe(state)
    state.describe(
        source={"type": "csv", "path": str(state.place / "in/orders")},
        state=str(state.place / "state"),
    )
    assert state.run().code == 1, "a row is no number and on_error is fail"
    assert_refused(
        from_elsewhere(state, tmp_path, monkeypatch),
        f'output: was "{state.place}/out", now "{tmp_path}/away/out"',
    )


def test_nobody_takes_the_recorded_place_meanwhile(state, tmp_path, monkeypatch):
    """While the run is ended from elsewhere, the lease is that of the place on record."""
    describe(state, write_disposition="append")
    killed(state, PUTS)
    from_elsewhere(state, tmp_path, monkeypatch)
    held = [
        json.loads(path.read_text())["sink"]
        for path in (state.place / "state" / "targets").glob("*/*.json")
    ]
    assert held.count(str(state.place / "out")) == 2, "once by each attempt"
