"""A run whose records somebody has removed is history that is gone, and stands in nobody's way."""

import shutil

import pytest

from ingest.commands import bench, resume, status, verify
from ingest.records.runs import Runs
from ingest.storage.objects import LocalStore
from tests.bad_input.bench import Bench
from tests.faults.test_e3_progress import shell
from tests.faults.test_e14_formats import ingest


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    desk = Bench(tmp_path)
    desk.fill(3)
    desk.describe(execution={"partition_bytes": 40})
    return desk


def made(desk):
    return Runs(LocalStore(desk.place / "state")).of_job("orders")


def remove(desk, run):
    shutil.rmtree(desk.place / "state/runs" / run)


@pytest.mark.parametrize("fresh", [(), ("--fresh",)])
@pytest.mark.parametrize("before", ["done", "planned"])
def test_the_next_run_is_a_new_one(desk, fresh, before):
    assert desk.run().code == 0
    desk.run() if before == "done" else desk.plan_only()
    remove(desk, made(desk)[-1])
    result = desk.run(*fresh)
    assert result.code == 0, result.err
    assert made(desk) == sorted(made(desk))
    assert len(made(desk)) == 3
    assert len(desk.rows) == 12


def test_also_if_all_are_gone(desk):
    desk.run()
    shutil.rmtree(desk.place / "state/runs")
    assert ingest(status).out == "no runs in state. Start one with: ingest run NAME\n"
    assert desk.run("sink.write_disposition=append").code == 0
    assert len(desk.rows) == 24


def test_status_lists_those_that_are_there(desk):
    for _ in range(3):
        desk.run()
    first, gone, second = made(desk)
    remove(desk, gone)
    listed = [line.split()[0] for line in ingest(status).out.splitlines()[1:]]
    assert listed == [first, second]
    assert [line.split()[0] for line in ingest(status, "-n", "1").out.splitlines()[1:]] == [second]


@pytest.mark.parametrize("command", [verify, status, resume, bench])
def test_a_run_that_is_gone_is_no_run(desk, command):
    desk.run()
    desk.run()
    there, gone = made(desk)
    remove(desk, gone)
    result = ingest(command, gone)
    assert result.code == 2
    assert f'no run "{gone}".' in result.err
    assert f'Did you mean "{gone}"' not in result.err
    assert f"The latest runs here: {there}." in result.err


def test_plan_says_what_a_new_run_would_do(desk):
    desk.plan_only()
    remove(desk, made(desk)[-1])
    ended = shell(desk, "ingest plan --conf conf +job=orders")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("orders: 3 files")


def test_a_committed_run_that_is_gone_does_not_hold_the_place(desk):
    desk.run()
    run = made(desk)[-1]
    next((desk.place / "state").glob(f"targets/*/runs/{run}.end")).unlink()
    remove(desk, run)
    assert desk.run().code == 0
    assert len(desk.rows) == 12


@pytest.mark.parametrize("name", ["run.json", "ledger"])
def test_half_a_record_is_damage_and_says_so(desk, name):
    desk.plan_only()
    path = desk.place / "state/runs" / made(desk)[-1] / name
    path.unlink() if path.is_file() else shutil.rmtree(path)
    result = desk.run()
    assert result.code == 1
    assert f"{path}: the " in result.err
    assert "missing" in result.err
    assert "discard the run and start over with: --fresh" in result.err
    assert desk.run("--fresh").code == 0
    assert len(desk.rows) == 12
