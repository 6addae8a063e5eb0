"""`ingest cluster`: a Ray that is kept, the runs that use it, and its end."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from ingest.commands.cluster import main
from ingest.core.errors import ConfigError
from ingest.workers.on_ray import warm

pytestmark = [pytest.mark.ray, pytest.mark.timeout(180)]


@pytest.fixture
def ended() -> Iterator[None]:
    yield
    main(["down"])


@contextmanager
def driver(folder: Path, secret: str) -> Iterator[list[object]]:
    """Work something in another process; yields what it says, and lets it end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.ray.joining"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, "OF_THE_RUN": secret, "PYTHONPATH": str(Path.cwd())},
    )
    with process:
        yield json.loads(process.stdout.readline())
        process.communicate("")
    assert process.returncode == 0


def test_runs_use_the_ray_that_is_kept_while_it_has_workers_free(
    ended, capsys, monkeypatch, tmp_path
):
    monkeypatch.setenv("A_SECRET", "of the shell that started it")
    # which Ray sets in a process that has had a private one, as this may have
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    assert main(["status"]) == 1
    assert main(["up", "--cpus", "2"]) == 0
    kept = warm.read()
    keeper = psutil.Process(kept.pid)
    processes = [keeper, *keeper.children(recursive=True)]
    variables = {name for each in processes for name in each.environ()}

    with pytest.raises(ConfigError, match="a Ray is running already"):
        main(["up"])
    with driver(tmp_path, "first") as first, driver(tmp_path, "second") as second:
        assert first == [True, f"first {tmp_path}"]
        assert second == [False, f"second {tmp_path}"]  # all are in use: it has its own
    capsys.readouterr()
    status = main(["status", "--json"])
    printed = capsys.readouterr().out
    down = main(["down"])

    assert (status, down) == (0, 0)
    assert json.loads(printed)["cpus"] == 2
    assert kept.token not in printed + repr(kept)
    assert "A_SECRET" not in variables
    assert not psutil.wait_procs(processes, timeout=10)[1]
    assert warm.read() is None
