"""What is peculiar to worker processes: how they start, what they leave, who may kill them."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from ingest.core.errors import FatalError
from ingest.core.outcome import Outcome
from ingest.core.partition import Assignment, Small
from ingest.workers.base import Lost
from ingest.workers.processes.forks import Forkserver
from ingest.workers.processes.pool import ProcessWorkers
from tests.pools.obedient import Obedient, assignments, collect, work_off

SMALL = 100
IMPORTED = "import polars as pl"
USED = f"{IMPORTED}; pl.select(pl.int_range(100_000).sum())"
DRIVER = """
import os, sys, time
from tests.pools.obedient import Obedient, assignments, work_off
from ingest.core.forking import is_alone
from ingest.workers.processes.pool import ProcessWorkers

{before}
pool = ProcessWorkers(workers=2)
print("alone" if is_alone() else "threaded", flush=True)
pool.warm()
pool.start(Obedient())
began = time.monotonic()
settled, lost = work_off(pool, assignments(["threads", "nap"] * 4))
print(sorted({{outcome.worker for outcome in settled.values()}}), settled[0].seconds, flush=True)
pool.submit(assignments({words}))
print("out", flush=True)
for answer in pool.results(20):
    print(answer, flush=True)
time.sleep(20)
"""


@dataclass(frozen=True)
class Marks:
    """Leaves a file of its process's name behind when it is prepared, and may die of it."""

    folder: Path
    dies: bool = False

    def prepare(self) -> None:
        (self.folder / str(os.getpid())).touch()
        if self.dies:
            os._exit(3)


@dataclass(frozen=True, slots=True)
class Prepared(Obedient):
    """One that leaves a file of its process's name behind when it is prepared."""

    folder: Path

    def prepare(self) -> None:
        Marks(self.folder).prepare()


@pytest.fixture
def pool():
    made = ProcessWorkers(workers=2)
    yield made
    made.close()


def drive(words, *, before=""):
    """Start a driver in a process of its own that has so much out, and read until it has."""
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER.format(words=words, before=before)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    lines = []
    while not lines or lines[-1] != "out":
        lines.append(driver.stdout.readline().strip())
        assert lines[-1], "it has ended"
    time.sleep(0.3)
    return driver, lines


def gone(processes, within_s):
    until = time.monotonic() + within_s
    while lives := [each for each in processes if alive(each)]:
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return not lives


def alive(process):
    """Whether it does anything; where nobody waits for orphans they stay in the table."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("before", "is_alone"), [("", "alone"), (IMPORTED, "alone"), (USED, "threaded")]
)
def test_if_the_driver_is_killed_nothing_is_left_within_a_second(before, is_alone):
    driver, lines = drive(["family", "hang"], before=before)
    below = psutil.Process(driver.pid).children(recursive=True)

    driver.kill()
    driver.communicate()

    assert lines[0] == is_alone
    assert "{'polars': 1, 'arrow': 1}" in lines[1]
    assert len(below) == 1 + 2 + 1
    assert gone(below, 1.0)


def test_signals_to_all_processes_of_a_service_leave_the_workers_alone():
    driver, _ = drive(["slow"])
    below = psutil.Process(driver.pid).children(recursive=True)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        for each in below:
            each.send_signal(number)
    said = driver.stdout.readline()
    driver.kill()
    driver.communicate()

    assert said.startswith("Outcome(key=(1, 0, 1)")
    assert gone(below, 1.0)


def test_workers_are_of_no_group_that_a_terminal_sends_signals_to():
    driver, _ = drive(["slow", "slow"])
    below = psutil.Process(driver.pid).children(recursive=True)

    groups = {os.getpgid(each.pid) for each in below}
    driver.kill()
    driver.communicate()

    assert len(groups) == 3
    assert driver.pid not in groups


def test_what_a_worker_has_started_dies_with_it(pool):
    pool.start(Obedient())
    pool.submit(assignments(["family"]))
    child = waited(lambda: [each for each in below() if each.name() == "sleep"])
    (worker,) = [each.parent() for each in child]

    worker.kill()
    (lost,) = collect(pool, 1)

    assert isinstance(lost, Lost)
    assert gone(child, 1.0)


def test_closing_leaves_no_process_no_file_and_no_descriptor(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # other tests share the usual one
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = (below(), open_files())
    for _ in range(2):
        made = ProcessWorkers(workers=2)
        made.start(Obedient())
        work_off(made, assignments(["ok", "exit", "ok", "killed"]))
        made.submit(assignments(["hang"] * 2))
        time.sleep(0.3)
        made.close()

    assert (below(), open_files()) == before
    assert list(tmp_path.iterdir()) == []


def test_a_warm_pool_that_is_not_needed_is_closed_at_once():
    before = below()
    made = ProcessWorkers(workers=2)
    made.warm()
    time.sleep(0.2)
    began = time.monotonic()

    made.close()

    assert time.monotonic() - began < 1
    assert below() == before


def test_a_dead_worker_is_replaced_at_once(pool):
    pool.start(Obedient())
    work_off(pool, assignments(["ok"] * 2))
    began = time.process_time(), time.monotonic()

    settled, _ = work_off(pool, assignments(["killed"] * 30))

    assert len(settled) == 30
    assert time.monotonic() - began[1] < 10


def test_if_what_they_are_forked_from_is_killed_work_goes_on(pool):
    before = set(psutil.Process().children())
    pool.start(Obedient())
    work_off(pool, assignments(["ok"] * 2))
    (server,) = set(psutil.Process().children()) - before
    pool.submit(assignments(["nap"] * 20))
    time.sleep(0.3)

    server.kill()
    done = {each.key[1] for each in collect(pool, 20)}

    assert done == set(range(20))
    settled, _ = work_off(
        pool, [Assignment(each.partition, 1, 2) for each in assignments(["ok"] * 4)]
    )
    assert len(settled) == 4


@dataclass
class Unready:
    """Cannot be unpickled by a worker."""

    end: str = "raise"

    def __setstate__(self, state):
        if state["end"] == "raise":
            raise ModuleNotFoundError("No module named 'torch'")
        os._exit(7)

    def __call__(self, assignment: Assignment) -> Outcome:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("end", "says"),
    [
        ("raise", r"ended with exit code 1: ModuleNotFoundError: No module named 'torch'\. Fix"),
        ("exit", r"ended with exit code 7\. Fix that"),
    ],
)
def test_workers_that_die_while_they_start_end_the_run_with_their_reason(pool, end, says):
    pool.start(Unready(end))
    pool.submit(assignments(["ok"] * 4))

    with pytest.raises(FatalError, match=says) as error:
        collect(pool, 1, limit_s=20)

    assert str(error.value).startswith("workers: 3 processes in a row died during startup: ")


def test_if_what_they_are_forked_from_cannot_start_that_is_said(pool, monkeypatch, tmp_path):
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho libarrow.so: not found >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    monkeypatch.setattr("ingest.workers.processes.forks.is_alone", lambda: False)
    pool.start(Obedient())
    pool.submit(assignments(["ok"]))

    with pytest.raises(
        FatalError, match=r"the process that they are forked from has died: libarrow.so: not found"
    ):
        collect(pool, 1, limit_s=20)


def test_what_a_worker_writes_is_kept_to_its_end_and_holds_nobody_up(pool):
    pool.start(Obedient())

    _, (lost,) = work_off(pool, assignments(["talk"]))

    assert lost.reason == "the worker's process ended with exit code 3"
    assert lost.words.endswith("x\nlast words")
    assert len(lost.words) <= 8192


def test_small_partitions_do_not_wait_behind_a_hung_neighbour(pool):
    pool.start(Obedient())
    work = assignments(["hang", *["ok"] * 29], SMALL)

    pool.submit(work)
    settled = set()
    until = time.monotonic() + 20
    while len(settled) < 29 and time.monotonic() < until:
        for answer in pool.results(1.0):
            if isinstance(answer, Lost):
                assert not answer.culprit
                attempt, index, number = answer.key
                pool.submit([Assignment(work[index].partition, attempt, number + 1)])
            else:
                settled.add(answer.key[1])

    assert settled == set(range(1, 30))


def test_a_culprit_among_small_neighbours_is_known_at_its_first_death(pool):
    pool.start(Obedient())

    _, lost = work_off(pool, assignments(["ok"] * 6 + ["exit"] + ["ok"] * 6, SMALL))

    assert [each.key for each in lost if each.culprit] == [(1, 6, 1)]


def test_a_fork_server_that_runs_already_is_taken_over_and_ended():
    server = Forkserver()
    made = ProcessWorkers(workers=1, server=server)
    made.start(Obedient())
    settled, _ = work_off(made, assignments(["ok"]))
    parent = psutil.Process(int(settled[0].worker)).ppid()
    made.close()

    assert parent == server.pid
    assert not psutil.pid_exists(server.pid)


def test_workers_that_prepare_ahead_are_those_that_work(tmp_path):
    pool = ProcessWorkers(workers=2, server=Forkserver())
    pool.ahead(Marks(tmp_path))
    waited(lambda: len(prepared(tmp_path)) == 2)
    pool.start(Obedient())
    settled, lost = work_off(pool, assignments(["nap"] * 4))
    pool.close()

    assert not lost
    assert {outcome.worker for outcome in settled.values()} == prepared(tmp_path)


def test_small_files_are_put_together_by_workers_without_the_memory_of_partitions(pool, tmp_path):
    pool.start(Prepared(tmp_path))
    before, lost = work_off(pool, assignments(["nap"] * 4))
    small = [replace(each, small=Small("main", ())) for each in assignments(["nap"] * 8)[4:]]
    after, lost_then = work_off(pool, small)
    workers = {outcome.worker for outcome in before.values()}

    assert (len(after), lost, lost_then) == (4, [], [])
    assert len({outcome.worker for outcome in after.values()}) == 2
    assert not any(map(psutil.pid_exists, map(int, workers)))
    assert prepared(tmp_path) == workers


def test_workers_that_die_ahead_are_not_missed(tmp_path):
    server = Forkserver()
    pool = ProcessWorkers(workers=2, server=server)
    pool.ahead(Marks(tmp_path, dies=True))
    assert waited(lambda: len(prepared(tmp_path)) == 2)
    assert waited(lambda: not psutil.Process(server.pid).children())
    pool.start(Obedient())
    settled, lost = work_off(pool, assignments(["ok"] * 4))
    pool.close()

    assert (len(settled), lost) == (4, [])
    assert not {outcome.worker for outcome in settled.values()} & prepared(tmp_path)


def test_workers_that_prepare_ahead_in_vain_are_ended(tmp_path):
    before = open_files()
    server = Forkserver()
    server.ahead(Marks(tmp_path), 2)
    assert waited(lambda: len(prepared(tmp_path)) == 2)
    server.close()

    assert not [pid for pid in prepared(tmp_path) if psutil.pid_exists(int(pid))]
    assert open_files() == before


def prepared(folder):
    """Return the processes that were prepared."""
    return {path.name for path in folder.iterdir()}


def below():
    return set(psutil.Process().children(recursive=True))


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def waited(ask, within_s=10.0):
    until = time.monotonic() + within_s
    while not (answer := ask()) and time.monotonic() < until:
        time.sleep(0.05)
    return answer
