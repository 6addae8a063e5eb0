"""Runs that are stopped, killed or doubled: what is published in the end is what one run gives."""

import json
import os
import random
import shlex
import signal
import socket
import time

import pytest

from tests.bad_input.bench import AT_ONCE, Bench

FILES = 50


@pytest.fixture
def busy(bench: Bench) -> Bench:
    """A job of many partitions, which takes some seconds."""
    bench.fill(FILES)
    bench.describe(execution={"partition_bytes": 40, "retry": AT_ONCE})
    return bench


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What the job gives if nobody disturbs it."""
    bench = Bench(tmp_path_factory.mktemp("whole"))
    bench.fill(FILES)
    with pytest.MonkeyPatch.context() as here:
        here.chdir(bench.place)
        assert bench.run().code == 0
    assert len(bench.rows) == FILES * 4
    return bench.rows


def started(bench, settled=1):
    """Start the job and return when so many partitions are settled."""
    process = bench.start("--progress", "json")
    for line in process.process.stderr:
        settled -= json.loads(line)["event"] == "settled"
        if settled == 0:
            return process
    raise AssertionError("it ended before that")


def go_on(bench, result):
    """Type what the message says."""
    command = result.err.partition("Resume with: python -m ingest.run ")[2]
    return bench.type(shlex.split(command.splitlines()[0]))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_asked_to_stop(busy, whole, number):
    process = started(busy, settled=5)
    process.send(number)
    result = process.end()
    assert result.code == 130
    assert f"{number.name}: finishing running partitions (max 30 s)." in result.err
    assert "orders: stopped. Resume with: python -m ingest.run --conf conf" in result.err
    assert "Traceback" not in result.err
    assert busy.history.ended == "interrupted"
    before = busy.history.totals.partitions
    assert 5 <= before < busy.history.partitions
    assert busy.staged == busy.settled
    assert busy.rows == []
    assert go_on(busy, result).code == 0
    assert busy.rows == whole
    assert busy.history.attempt == 2
    assert busy.history.tries == busy.history.partitions, "nothing is worked twice"
    assert busy.staged == set()


def test_asked_twice_it_stops_at_once(busy, whole):
    process = started(busy)
    process.send(signal.SIGSTOP)
    process.send(signal.SIGINT)
    process.send(signal.SIGTERM)
    process.send(signal.SIGCONT)
    result = process.end()
    assert result.code == 130
    assert "Traceback" not in result.err
    assert busy.rows == []
    assert go_on(busy, result).code == 0
    assert busy.rows == whole
    assert busy.staged == set()


def test_killed_again_and_again_it_comes_to_the_same(busy, whole):
    chance = random.Random()
    killed = 0
    for _ in range(3):
        process = started(busy, settled=chance.randint(1, FILES // 5))
        process.send(signal.SIGKILL)
        killed += process.end().code == -signal.SIGKILL
        assert busy.rows in ([], whole), "half an output is visible"
    assert killed == 3
    assert busy.run().code == 0
    assert busy.rows == whole
    assert busy.history.attempt == 4
    assert busy.staged == set()


def test_two_runs_of_one_job_at_once(busy, whole):
    first = started(busy)
    first.send(signal.SIGSTOP)  # so that the second looks before the first has ended
    second = busy.start()
    while second.process.poll() is None:  # the first lives, and is too slow to end before that
        first.send(signal.SIGCONT)
        time.sleep(0.05)
        first.send(signal.SIGSTOP)
        time.sleep(0.3)
    first.send(signal.SIGCONT)
    result = second.end()
    assert result.code == 1
    holder = f"process {first.process.pid} on {socket.gethostname()}"
    assert f'error: job "orders": in use by {holder}. One run at a time.' in result.err
    assert first.end().code == 0
    assert busy.rows == whole
    assert busy.history.attempt == 1
    assert busy.staged == set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_the_planning_at_once(bench, number):
    bench.fill(1)
    (bench.place / "in" / "deep").mkdir()
    for name in range(30_000):
        os.mknod(bench.place / "in" / "deep" / f"{name}.csv")
    process = bench.start("execution.partition_bytes=1")
    for _ in range(600):
        if list((bench.place / "state").glob("targets/*/*.beat")):
            break
        time.sleep(0.02)
    process.send(number)
    asked = time.monotonic()
    result = process.end()
    assert time.monotonic() - asked < 10
    assert result.code == 130, result.err
    assert f"{number.name}: " in result.err
    said = (
        "orders: stopped. The run had not begun: there is nothing to resume. Start again: python -m"
    )
    assert said in result.err
    assert "Traceback" not in result.err
    assert not (bench.place / "state" / "runs").exists()
