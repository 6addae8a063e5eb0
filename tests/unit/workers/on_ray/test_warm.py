"""The file that says where the Ray of `ingest cluster up` is: who believes it, and when."""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version

import psutil
import pytest

from ingest.commands.cluster import main
from ingest.core.errors import ConfigError
from ingest.workers.on_ray import warm
from ingest.workers.on_ray.pool import RayDataWorkers
from ingest.workers.on_ray.warm import WarmRay
from ingest.workers.outlook import Outlook


@pytest.fixture(autouse=True)
def runtime(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.fixture
def running() -> Iterator[WarmRay]:
    """A process that listens, in place of Ray's head: this one."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ray = WarmRay(
            address=f"127.0.0.1:{server.getsockname()[1]}",
            token="only for me",
            pid=os.getpid(),
            started=psutil.Process().create_time(),
            cpus=2,
            ray=version("ray"),
            python=sys.executable,
            logs="/logs",
        )
        warm.write(ray)
        yield ray


def test_it_is_joined_by_runs_that_fit(running):
    assert warm.joinable(None) == warm.joinable(2) == running
    assert warm.joinable(3) is None
    said = str(RayDataWorkers(workers=2).choose(Outlook(1, 1)))
    assert said == "local (on the Ray of `ingest cluster up`)"


def test_nobody_else_can_read_it(running):
    assert stat.S_IMODE(warm.record().stat().st_mode) == 0o600
    assert stat.S_IMODE(warm.folder().stat().st_mode) == 0o700
    assert "only for me" not in repr(running)


def test_what_others_can_write_is_not_believed(running):
    warm.folder().chmod(0o777)

    assert warm.read() is None


@pytest.mark.parametrize("text", ["", "{}", "[1]", "not JSON"])
def test_a_damaged_file_is_no_ray(running, text):
    warm.record().write_text(text)

    assert warm.joinable(2) is None


def test_a_stale_file_is_told_and_removed(running, capsys):
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    warm.write(running.model_copy(update={"pid": ended.pid}))

    assert warm.joinable(2) is None
    assert main(["status"]) == 1
    assert main(["down"]) == 0
    assert warm.read() is None
    assert capsys.readouterr().out == "No Ray of `ingest cluster up` is running\n" * 2


def test_another_process_with_the_same_number_is_not_touched(running):
    warm.write(running.model_copy(update={"started": running.started - 60}))

    assert main(["down"]) == 0  # it would have ended this process


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"python": "/usr/bin/python9"}, "it was started with /usr/bin/python9, this is "),
        ({"ray": "1.0"}, "it is Ray 1.0, here is "),
        ({"address": "127.0.0.1:1"}, "127.0.0.1:1 does not answer"),
    ],
)
def test_status_says_why_runs_do_not_use_it(running, change, why, capsys):
    warm.write(running.model_copy(update=change))

    assert warm.joinable(2) is None
    assert main(["status"]) == 1
    assert f"Runs do not use it: {why}" in capsys.readouterr().out


@pytest.mark.parametrize("cpus", ["0", "4000"])
def test_more_cpus_than_there_are_is_refused(cpus):
    with pytest.raises(ConfigError, match=rf"--cpus: {cpus}. This machine has 1 to \d+"):
        main(["up", "--cpus", cpus])


def test_cpus_are_for_up():
    with pytest.raises(ConfigError, match="--cpus: is for up"):
        main(["down", "--cpus", "1"])
