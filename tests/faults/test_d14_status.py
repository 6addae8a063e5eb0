"""What status and verify say of runs that did not come to an end."""

import re

import pytest

from ingest.commands import status, verify
from ingest.records.events import AttemptBegan, RunAbandoned
from ingest.records.ledger import Ledger
from ingest.records.reader import Reader
from ingest.records.runs import Runs
from ingest.storage.objects import LocalStore
from tests.bad_input.bench import Bench
from tests.faults.test_e14_formats import ingest


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    desk = Bench(tmp_path)
    desk.fill(3)
    desk.describe(execution={"partition_bytes": 40})
    return desk


def last(desk):
    return Runs(LocalStore(desk.place / "state")).of_job("orders")[-1]


@pytest.fixture
def discarded(desk):
    desk.plan_only()
    run = last(desk)
    assert desk.run("--fresh").code == 0
    return run


def test_a_discarded_run_says_who_discarded_it(discarded):
    out = ingest(status, discarded).out
    assert "state: discarded" in out
    assert re.search(r"attempt 2: \S+ process \d+ on \S+: the run was discarded\n", out)
    assert " on :" not in out
    assert "process 0" not in out


def test_one_that_an_earlier_release_discarded_names_nobody(desk):
    desk.plan_only()
    store = LocalStore(desk.place / "state")
    reader = Reader(store, last(desk))
    list(reader.events())
    ledger = Ledger(store, reader.run_id, after=reader.read)
    ledger.begin(AttemptBegan())
    ledger.append(RunAbandoned())
    ledger.flush()
    out = ingest(status, last(desk)).out
    assert re.search(r"attempt 2: \S+ the run was discarded\n", out)


def test_verify_of_a_discarded_run_gives_no_way_to_finish_it(discarded):
    result = ingest(verify, discarded)
    assert result.code == 2
    assert f"run {discarded}: nothing to verify: it was discarded and has published nothing." in (
        result.err
    )
    assert "resume" not in result.err


def test_verify_of_an_unfinished_run_names_its_state(desk):
    desk.plan_only()
    result = ingest(verify, last(desk))
    assert result.code == 2
    assert f"Finish it first: ingest resume {last(desk)} --state state" in result.err


@pytest.mark.parametrize("word", ["failed", "done", "running"])
def test_state_is_a_folder_and_no_filter(desk, word, capsys):
    from ingest.commands.base import guarded

    assert guarded(status.main, ["--state", word]) == 2
    said = capsys.readouterr().err
    assert f'--state {word}: there is no folder "{word}".' in said
    assert f"write: ingest status | grep {word}" in said
    (desk.place / word).mkdir()
    assert guarded(status.main, ["--state", word]) == 0
