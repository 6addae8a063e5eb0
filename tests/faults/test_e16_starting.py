"""A Ray that does not start, or hangs, is told of, and never decides how the process ends."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from ingest.core.errors import FatalError
from ingest.core.leaving import release
from ingest.records.events import (
    AttemptBegan,
    PlanFrozen,
    Stalled,
    WorkersStarted,
    WorkersStarting,
)
from ingest.records.history import History
from ingest.workers.bounded import within
from ingest.workers.on_ray.control import Control
from ingest.workers.on_ray.pool import RayDataWorkers
from tests.bad_input.bench import ROOT, Bench, Process
from tests.pools.simulated import SimulatedWorkers
from tests.unit.driver.runs import Attempt

HUNG = """
import signal, sys, time
from ingest.driver import stall
from ingest.commands.run import main
from ingest.commands.base import guarded
from ingest.core.leaving import leave
from ingest.workers.on_ray import control, pool

class Hung(control.Control):
    # ray.init that never returns, below C code that would abort the interpreter at its end
    def _main(self, drive):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        while True:
            time.sleep(3600)

    def _end_by_force(self):
        self._forced = True
        print("ended by force", file=sys.stderr, flush=True)

pool.Control = Hung
stall.CHECK_S = 0.3
control.BREAK_OFF_S = 0.5
if sys.argv[1] == "gives up":
    control.START_S = 1.0
leave(guarded(main, sys.argv[2:]))
"""


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    bench = Bench(tmp_path)
    bench.fill(2)
    bench.describe()
    return bench


def start(bench, how, *more):
    arguments = [*bench.arguments("--progress", "log", *more)]
    arguments[arguments.index("cluster=inline")] = "cluster=local"
    return Process(
        subprocess.Popen(
            [sys.executable, "-c", HUNG, how, *arguments],
            cwd=bench.place,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )


def until(process, text):
    said = ""
    for line in process.process.stderr:
        said += line
        if text in line:
            return said
    raise AssertionError(said)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_is_said_and_can_be_stopped(bench, number):
    process = start(bench, "waits", "execution.workers=2")
    said = until(process, "aiting 1 s for")
    assert " s  starting Ray\n" in said
    assert f"for Ray: 0 of 2 workers started. Logs: {bench.place}/ray/session_latest/logs" in said
    asked = time.monotonic()
    process.send(number)
    result = process.end()
    assert result.code == 130
    assert time.monotonic() - asked < 10
    assert "orders: stopped. Resume with:" in result.err
    assert "ended by force" in result.err
    assert bench.history.ended == "interrupted"
    assert bench.run().code == 0
    assert len(bench.rows) == 8
    assert bench.history.attempt == 2


def test_asked_twice_it_is_gone_at_once(bench):
    process = start(bench, "waits")
    until(process, "starting Ray")
    process.send(signal.SIGINT)
    until(process, "SIGINT: finishing running partitions (max 30 s). Ctrl-C again to abort")
    process.send(signal.SIGINT)
    result = process.end()
    assert result.code == 130
    assert "Traceback" not in result.err


def test_it_is_given_up_with_the_logs_and_a_way_on(bench):
    result = start(bench, "gives up").end()
    assert result.code == 1
    logs = f"{bench.place}/ray/session_latest/logs"
    assert "error: cluster: Ray did not start within 1 s. Logs: " + logs in result.err
    assert "Try cluster=inline" in result.err
    assert "logs are in ." not in result.err
    assert bench.history.ended == "failed"


class Ending(Control):
    """Ends as the test says, in the thread that would drive Ray."""

    def __init__(self, end):
        super().__init__("local", 2, over=lambda: None)
        self.end = end
        self.forced = []

    def _main(self, _drive):
        self.end()

    def _end_by_force(self):
        self._forced = True
        self.forced.append(1)


def workers_with(control):
    workers = RayDataWorkers(workers=2)
    workers._control = control
    workers.start(None)
    return workers


def test_a_thread_that_ends_without_a_word_is_an_error_with_a_place_for_the_logs():
    control = Ending(lambda: None)
    workers = workers_with(control)
    control.join()
    with pytest.raises(FatalError, match=r"has ended. Logs: \S+session_latest/logs. Run the same"):
        workers.results(0.0)
    workers.close()
    assert control.forced == []


def test_a_hung_one_is_closed_in_time_and_only_once(monkeypatch):
    monkeypatch.setattr("ingest.workers.on_ray.control.BREAK_OFF_S", 0.2)
    over = threading.Event()
    control = Ending(over.wait)
    workers = workers_with(control)
    assert workers.starting == "Ray"
    began = time.monotonic()
    workers.close()
    workers.close()
    assert time.monotonic() - began < 2
    assert (control.forced, workers.starting, workers.results(0.0)) == ([1], "", [])
    over.set()
    release(control._end_by_force)


def test_what_may_hang_is_not_waited_for_longer():
    over = threading.Event()
    with pytest.raises(TimeoutError):
        within(0.1, over.wait)
    over.set()
    assert within(5, lambda: 7) == 7
    with pytest.raises(ValueError, match="as it was"):
        within(5, lambda: (_ for _ in ()).throw(ValueError("as it was")))


class Slow(SimulatedWorkers):
    """Ready on the third look."""

    looks = 0

    @property
    def starting(self):
        self.looks += 1
        return "Ray" if self.looks < 3 else ""

    def results(self, timeout_s):
        return super().results(timeout_s) if self.looks > 3 else []


def test_the_ledger_says_when_workers_begin_to_start_and_when_they_have(tmp_path):
    attempt = Attempt(tmp_path, workers=Slow())
    attempt.run()
    assert [event.what for event in attempt.events("starting")] == ["Ray"]
    assert [event.what for event in attempt.events("started")] == ["Ray"]


def test_the_bar_and_the_log_say_that_ray_starts():
    import io

    from ingest.watch.bar import Bar
    from ingest.watch.progress import Log

    events = [
        AttemptBegan(run_id="r"),
        PlanFrozen(partitions=2, files=1, seconds=0.1),
        WorkersStarting(what="Ray"),
        Stalled(seconds=15.0, message="Ray: 0 of 2 workers started"),
        WorkersStarted(what="Ray", seconds=6.21),
    ]
    lines, seen, history = [], [], History()
    log = Log(lines.append)
    with Bar(io.StringIO()) as bar:
        for event in events:
            history.see(event)
            log(event, history)
            bar(event, history)
            seen.append(bar._progress.tasks[0].description)
    assert seen == ["planning", "processing", "starting Ray", "starting Ray", "processing"]
    assert [line.split("s  ", 1)[1] for line in lines[2:]] == [
        "starting Ray",
        "Waiting 15 s for Ray: 0 of 2 workers started",
        "Ray started in 6.2 s",
    ]
