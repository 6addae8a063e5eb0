"""The command itself, in a process of its own, with a private Ray."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from ingest.testing.golden import read_golden, read_rows

pytestmark = pytest.mark.ray

SMALL = "execution.partition_bytes=6000"  # nearly 100 partitions, of which 64 are out at once
GONE_S = 15.0
AGENTS = ("ray::DashboardAgent", "ray::RuntimeEnvAgent")
OURS = re.compile(
    r" +[\d.]+ s  (run|planned|starting Ray|Ray started|\d+ of|row counts add up|published|done"
    r"|Waiting)\b"  # on a busy machine
)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a run of the flights' sample with what else the command line is to say."""
    started = []

    def start(*more: str, cluster: str = "local") -> subprocess.Popen[str]:
        command = [
            *(sys.executable, "-m", "ingest.run", "+job=flights", f"cluster={cluster}"),
            *("execution.workers=2", *more),
            *("source.path=jobs/flights/sample", f"sink.path={tmp_path}/out"),
            f"state={tmp_path}/state",
        ]
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def until_settled(process: subprocess.Popen[str], count: int) -> None:
    """Read the events of a run until so many partitions are settled."""
    for line in process.stderr:
        count -= json.loads(line)["event"] == "settled"
        if not count:
            return
    pytest.fail(f"the run ended by itself: {process.wait()}")


def processes_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return all that Ray has started, but for its two agents.

    If the driver is killed, those spend 60 idle seconds in telling a dead server of it: a number in
    Ray's `publish_error_to_driver`.
    """
    found = psutil.Process(process.pid).children(recursive=True)
    assert any(each.name() == "raylet" for each in found)
    return [each for each in found if each.name() not in AGENTS]


def assert_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=GONE_S)
    assert not alive


def output(place: Path) -> dict[str, list[str]]:
    return {
        "rows": read_rows(place / "out", "parquet"),
        "quarantine": read_rows(place / "out_quarantine", "parquet"),
    }


def test_a_run_says_nothing_of_ray(run, tmp_path):
    process = run("--progress", "log")

    _, said = process.communicate(timeout=90)

    assert process.returncode == 0
    assert [line for line in said.splitlines() if not OURS.match(line)] == []
    assert output(tmp_path) == read_golden("flights")


def test_after_its_driver_was_killed_the_same_command_finishes_the_run(run, tmp_path):
    killed = run("--progress", "json", SMALL)
    until_settled(killed, 50)
    processes = processes_of(killed)

    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert output(tmp_path) == {"rows": [], "quarantine": []}
    again = run("--progress", "json", SMALL, cluster="processes")  # sooner than another Ray
    assert_gone(processes)
    _, said = again.communicate(timeout=90)

    attempt = json.loads(said.splitlines()[0])
    assert again.returncode == 0
    assert attempt["resumed"]
    assert 0 < attempt["settled"] < attempt["partitions"]
    assert output(tmp_path) == read_golden("flights")


def test_ctrl_c_ends_a_run_in_order_and_says_how_to_go_on(run, tmp_path):
    process = run("--progress", "json", SMALL)
    until_settled(process, 1)
    processes = processes_of(process)
    began = time.monotonic()

    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 130
    assert time.monotonic() - began < 20
    assert "flights: stopped. Resume with: python -m ingest.run +job=flights" in said
    assert_gone(processes)
    assert output(tmp_path) == {"rows": [], "quarantine": []}


@pytest.mark.parametrize("part", ["raylet", pytest.param("gcs_server", marks=pytest.mark.slow)])
def test_when_ray_itself_dies_the_run_ends_with_a_word_and_can_be_resumed(run, tmp_path, part):
    process = run("--progress", "json", SMALL)
    until_settled(process, 20)
    processes = processes_of(process)
    began = time.monotonic()

    next(each for each in processes if each.name() == part).kill()
    _, said = process.communicate(timeout=60)
    again = run("--progress", "json", SMALL, cluster="processes")
    again.communicate(timeout=90)

    assert process.returncode == 1
    assert time.monotonic() - began < 60
    assert f"workers: Ray's own process has died ({part})" in said
    assert_gone(processes)
    assert again.returncode == 0
    assert output(tmp_path) == read_golden("flights")


def test_a_signal_to_the_whole_group_lets_what_is_worked_come_to_its_end(run, tmp_path):
    process = run("--progress", "json", SMALL)
    until_settled(process, 20)
    processes = processes_of(process)

    os.killpg(process.pid, signal.SIGTERM)
    _, said = process.communicate(timeout=60)

    events = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert process.returncode == 130
    assert not [each for each in events if each["event"] in {"retry", "search"}]
    assert_gone(processes)
