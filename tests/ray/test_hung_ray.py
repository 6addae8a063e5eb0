"""A Ray that hangs in the middle of its start, or of the work, is told of and can be stopped."""

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(240)]

GRACE_S = 3
SOON_S = 30.0  # within that there is a message
GONE_S = 20.0


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a run of the flights' sample on a private Ray."""
    started: list[subprocess.Popen[str]] = []

    def start(*more: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "ingest.run", "+job=flights", "cluster=local"),
                *("execution.workers=2", "execution.partition_bytes=2000", *more),
                *("source.path=jobs/flights/sample", f"sink.path={tmp_path}/out"),
                *(f"execution.grace_s={GRACE_S}", f"state={tmp_path}/state"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        for each in (*descendants(process), *([process] if process.poll() is None else [])):
            each.kill()
        process.communicate()


def descendants(process: subprocess.Popen[str]) -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def stop_first(process: subprocess.Popen[str], name: str) -> psutil.Process:
    """Stop the first process of Ray's whose name matches, as soon as it is there."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for each in descendants(process):
            try:
                if re.search(name, f"{each.name()} {' '.join(each.cmdline()[:1])}"):
                    each.send_signal(signal.SIGSTOP)
                    return each
            except psutil.NoSuchProcess:
                continue
        time.sleep(0.01)
    pytest.fail(f"no process {name}")


def said(process: subprocess.Popen[str], text: str, limit_s: float) -> str:
    """Read what the run says until this comes."""
    stream = process.stderr.fileno()
    until, lines = time.monotonic() + limit_s, ""
    while time.monotonic() < until:
        if select.select([stream], [], [], 0.1)[0]:
            lines += os.read(stream, 65_536).decode()
        if text in lines:
            return lines
    pytest.fail(lines)


def assert_ends(process: subprocess.Popen[str], number: signal.Signals) -> str:
    """Stop the run, and see that its exit code is its own and nothing of Ray is left."""
    ray = descendants(process)
    process.send_signal(number)
    _, rest = process.communicate(timeout=GRACE_S + 90)
    assert process.returncode == 130, rest
    assert "flights: stopped." in rest
    assert "Resume with: python -m ingest.run" in rest
    _, alive = psutil.wait_procs(ray, timeout=GONE_S)
    assert not alive
    return rest


@pytest.mark.parametrize(
    ("part", "number"), [("gcs_server", signal.SIGINT), ("raylet", signal.SIGTERM)]
)
def test_one_that_hangs_while_it_starts(run, part, number):
    process = run("--progress", "log")
    stop_first(process, part)
    lines = said(process, "0 of 2 workers started", SOON_S)
    assert "starting Ray" in lines
    assert re.search(r"Waiting \d+ s for Ray: 0 of 2 workers started", lines)
    assert_ends(process, number)


def test_an_actor_of_ray_data_that_hangs_amid_the_work(run):
    process = run("--progress", "json")
    for line in process.stderr:
        if json.loads(line)["event"] == "started":
            break
    stop_first(process, "ActorLocationTracker")
    time.sleep(2.0)
    if process.poll() is None:  # else it was not needed any more
        assert_ends(process, signal.SIGTERM)
    else:
        assert process.returncode == 0


def test_the_head_that_hangs_amid_the_work_is_told_of(run):
    process = run("--progress", "json", "execution.stall_timeout_s=600")
    for line in process.stderr:
        if json.loads(line)["event"] == "settled":
            break
    stop_first(process, "gcs_server")
    for worker in (each for each in descendants(process) if "MapWorker" in each.name()):
        worker.send_signal(signal.SIGSTOP)
    assert_ends(process, signal.SIGTERM)
