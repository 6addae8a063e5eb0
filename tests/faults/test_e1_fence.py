"""E1: a driver that was stopped between its plan to publish and its commit does not commit late."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from tests.bad_input.bench import ROOT
from tests.faults.state import State, assert_done

BEGUN = r"link .*targets/\w+/runs/.*begin"
LEDGER = r"link .*/ledger/"
POINTS = {
    "before it says that it will commit": BEGUN,
    "when it has said so": f"{BEGUN} then {LEDGER}",
    "when it has planned its publish": f"{BEGUN} then {LEDGER} then {LEDGER}",
}


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    state = State(tmp_path)
    state.rows("in/orders/a.csv", 1, 2)
    state.rows("in/returns/a.csv", 1, 7)
    return state


def describe(state, disposition, partition_by=()):
    for name, other in (("orders", "returns"), ("returns", "orders")):
        sink = {"write_disposition": disposition, "replaces_jobs": [other]}
        state.describe(
            name, sink={**sink, "partition_by": list(partition_by)}, execution={"lease_s": 1}
        )


@contextmanager
def stopped(state, pattern):
    words = [sys.executable, "-m", "tests.recovery.stopping", pattern, *state.arguments("orders")]
    process = subprocess.Popen(
        words, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True
    )
    try:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), process.communicate()
        yield process
    finally:
        process.kill()
        process.communicate()


def woken(process):
    process.send_signal(signal.SIGCONT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert "has taken over" in err
    assert "Traceback" not in err


WAYS = {
    "overwrite": ([], [1, 2]),
    "overwrite_partitions": (["name"], [1, 2, 7]),
    "append": ([], [1, 1, 2, 7]),
}
"""By disposition: the folders, and what is there once both jobs have published."""


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("disposition", WAYS)
def test_the_woken_one_has_no_effect_and_can_be_resumed(state, point, disposition):
    partition_by, both = WAYS[disposition]
    describe(state, disposition, partition_by)
    with stopped(state, POINTS[point]) as process:
        assert_done(state.run("returns"))
        assert state.ids() == [1, 7]
        woken(process)
    assert state.ids() == [1, 7]
    assert state.verify(state.last("returns")).code == 0
    first = state.last("orders")
    assert_done(state.run("orders"))
    assert state.last("orders") == first, "it is the same run"
    assert state.ids() == both
    assert state.verify(first).code == 0


def test_it_is_said_why_in_the_status_of_the_run(state):
    describe(state, "append")
    with stopped(state, POINTS["when it has planned its publish"]) as process:
        assert_done(state.run("returns"))
        assert_done(state.run("returns"))
        woken(process)
    (failed,) = [event for event in state.events("orders") if event.name == "failed"]
    assert "is publishing there now" in failed.error
    attempts = [event for event in state.events("orders") if event.name == "attempt"]
    assert len(attempts) == 2, "it is taken over once, not by each run that comes after"
