"""Whole runs on worker processes: what kills a worker costs the worker, and not the run."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml

from ingest.core.errors import BadRowError, FatalError
from ingest.records.reader import Reader
from ingest.records.runs import Runs
from ingest.storage.objects import LocalStore
from ingest.testing.golden import read_golden, read_rows, work_sample
from ingest.workers.processes.pool import ProcessWorkers
from tests.recovery.jobs import AT_ONCE, debris, make_job, published, work, write_input

ROOT = Path(__file__).parents[2]
FUNCTIONS = "from tests.injectors.poison import suffer\n"
SUFFER = {"type": "python", "function": "functions:suffer", "row_wise": True}
MEBIBYTE = 1024 * 1024


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_fates(here, fates, rows=400):
    (here / "in").mkdir()
    lines = [f"{n},{fates.get(n, 'live')}" for n in range(rows)]
    (here / "in" / "a.csv").write_text("\n".join(["id,fate", *lines]) + "\n")
    (here / "jobs" / "orders").mkdir(parents=True)
    (here / "jobs" / "orders" / "functions.py").write_text(FUNCTIONS)


def fated(here, **changes):
    settings = {"partition_bytes": 1000, "retry": AT_ONCE, "workers": 2, **changes}
    return make_job(
        here,
        source={"type": "csv", "path": str(here / "in"), "columns": {"id": "int64"}},
        transforms=[SUFFER],
        contract={"on_error": "quarantine"},
        execution=settings,
    )


def pool(job):
    execution = job.execution
    return ProcessWorkers(execution.workers, execution.partition_timeout_s, execution.max_memory)


def children():
    """The processes below this one: those of other tests too."""
    return set(psutil.Process().children(recursive=True))


@pytest.mark.parametrize("job", ["flights", "events", "readings"])
def test_the_sample_gives_the_expected_rows(job):
    assert work_sample(job, workers=ProcessWorkers(workers=2)) == read_golden(job)


def test_rows_that_kill_their_worker_are_set_aside_and_the_rest_is_published(here):
    write_fates(here, {7: "segfault", 150: "exit", 151: "raise", 390: "allocate"})
    job = fated(here, max_memory=900 * MEBIBYTE)

    receipt = work(job, workers=pool(job))

    rows, rejected = published(here)
    assert sorted(json.loads(row)[0] for row in rows) == [
        n for n in range(400) if n not in {7, 150, 151, 390}
    ]
    assert [(line, reason) for _, line, reason, _ in rejected] == [
        (9, "killed the worker"),
        (152, "killed the worker"),
        (153, "raised ValueError: this row's fate is ..."),
        (392, "killed the worker: out of memory"),
    ]
    assert receipt["partitions"]["retries"].keys() <= {"lost_worker", "out_of_memory", "bug"}
    assert not debris(here)


def test_a_row_that_never_ends_is_ended_and_set_aside(here):
    write_fates(here, {20: "sleep"}, rows=60)
    job = fated(here, partition_timeout_s=2.0)

    work(job, workers=pool(job))

    rows, rejected = published(here)
    assert len(rows) == 59
    assert [line for _, line, _, _ in rejected] == [22]


def test_a_step_that_always_kills_its_worker_ends_the_run_and_shows_where(here):
    before = children()
    write_fates(here, dict.fromkeys(range(400), "segfault"))
    job = fated(here, max_poison_rows=0, partition_bytes=100_000)

    with pytest.raises(FatalError) as error:
        work(job, workers=pool(job))

    said = str(error.value)
    assert "the worker's process ended with SIGSEGV in " in said
    assert 'functions.py", line' in said or 'poison.py", line' in said
    assert children() <= before


def test_a_row_that_breaks_the_contract_ends_the_run_before_anything_is_published(here):
    before = children()
    write_input(here / "in")
    contract = {"columns": {"id": "int64", "n": "int8"}, "on_error": "fail"}

    with pytest.raises(BadRowError, match="too few fields"):
        work(make_job(here, contract=contract), workers=ProcessWorkers(workers=2))

    assert published(here) == ([], [])
    assert children() <= before


class Command:
    """`ingest run` in a process of its own, at a job of many small partitions."""

    def __init__(self, here, *more):
        (here / "conf" / "job").mkdir(parents=True, exist_ok=True)
        page = make_job(here).model_dump(mode="json", exclude_defaults=True)
        page["execution"] = {"partition_bytes": 1000, "workers": 2}
        page.pop("cluster")
        text = yaml.safe_dump(page)
        (here / "conf" / "job" / "orders.yaml").write_text(
            f"# @package _global_\n# A test.\n{text}"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ingest.run", "--conf", "conf", "+job=orders",
             "--progress=json", "--json", *more],
            cwd=here,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )  # fmt: skip

    def until(self, event, count=1):
        """Read what it says until it has said an event so many times; return the last."""
        for line in self.process.stderr:
            page = json.loads(line)
            count -= page["event"] == event
            if not count:
                return page
        return pytest.fail(f"it has ended by itself: {self.process.wait()}")

    def below(self):
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self):
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


def many(here, rows=9_000):
    """Write an input of 300 partitions, or one for every 90 rows; return what must come of it."""
    (here / "in").mkdir()
    for file in range(3):
        text = "".join(f"{file * 10_000 + n},x{n},{n % 8}\n" for n in range(rows))
        (here / "in" / f"{file}.csv").write_text(f"id,name,n\n{text}")
    return 3 * rows * 6 // 8


def gone(processes):
    until = time.monotonic() + 2
    while any(each.is_running() and each.status() != "zombie" for each in processes):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def test_the_default_says_what_it_has_chosen_and_why_and_keeps_it_on_record(here):
    rows = many(here, 400)
    command = Command(here)

    event = command.until("attempt")
    code, out, _ = command.end()

    why = "less than 1 s of work on 2 workers, too little to start Ray"
    assert code == 0
    assert (event["cluster"], event["cluster_why"]) == ("processes", why)
    assert json.loads(out)["cluster"] == {"name": "processes", "why": why}
    assert len(read_rows(here / "out", "parquet")) == 1 + rows


def test_ctrl_c_lets_what_is_worked_come_to_its_end(here):
    many(here)
    command = Command(here)
    command.until("settled")
    processes = command.below()

    os.killpg(command.process.pid, signal.SIGINT)
    code, _, said = command.end()

    events = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert code == 130
    assert not [each for each in events if each["event"] in {"retry", "search"}]
    assert len(processes) == 3
    assert gone(processes)


def test_a_killed_run_is_finished_on_another_cluster_and_another_again(here):
    rows = many(here, 4_800)
    for cluster in ("processes", "inline"):
        command = Command(here, f"cluster={cluster}")
        command.until("settled", 40)
        processes = command.below()
        command.process.kill()
        command.end()
        assert gone(processes)

    code, out, _ = Command(here, "cluster=auto").end()

    store = LocalStore(here / "state")
    events = Reader(store, Runs(store).of_job("orders")[-1]).events()
    assert code == 0
    assert [each.cluster for each in events if each.name == "attempt"] == [
        "processes", "inline", "processes",
    ]  # fmt: skip
    assert json.loads(out)["attempts"] == 3
    assert len(read_rows(here / "out", "parquet")) == 1 + rows
    assert not debris(here)
