"""The process that workers of a private Ray are forked from, and what asks it for them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.workers.on_ray.lean import BIRTH, NURSERY

pytestmark = [
    pytest.mark.ray,
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere workers are not forked"),
]
WORKER = """import os, sys
import numpy
import ray
print("forked" if "ray.data" in sys.modules else "alone", os.getcwd(), os.environ["RAY_JOB_ID"],
      *sys.argv[1:], open("/proc/self/oom_score_adj").read().strip(), numpy.random.random(),
      ray.ObjectRef.from_random().hex())
sys.exit(7)
"""


@contextmanager
def nursery(place: Path, packages: Path) -> Iterator[None]:
    """Start one as a raylet does; it imports something of `packages`, too."""
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    with subprocess.Popen([*NURSERY, str(place)], env=environment) as process:
        try:
            while not place.exists():
                assert process.poll() is None
            yield
        finally:
            process.kill()


def born(place: Path, folder: Path) -> list[str]:
    """Have a worker started there, as a raylet does; return what it prints."""
    command = [*BIRTH, str(place), sys.executable, "setup_worker.py", "worker.py", "one", "two"]
    done = subprocess.run(
        [*command, "--language=PYTHON"],
        cwd=folder,
        env={**os.environ, "RAY_JOB_ID": "05000000"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout.split()


def test_what_has_drawn_an_id_must_not_be_forked():
    script = """if True:
        import ray
        from ingest.workers.on_ray.undrawn import forks_differ, nothing_drawn
        with nothing_drawn():
            ray.remote(type("Any", (), {}))
        fresh = forks_differ()
        ray.remote(type("Any", (), {}))
        print(fresh, forks_differ())
    """
    printed = subprocess.check_output([sys.executable, "-c", script], text=True)

    assert printed.split() == ["True", "False"]


def test_workers_are_forked_as_described_until_a_package_changes(tmp_path):
    (tmp_path / "worker.py").write_text(WORKER)
    (tmp_path / "setup_worker.py").write_text("print('alone')")
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "sitecustomize.py").write_text("")
    place = tmp_path / "socket"

    with nursery(place, packages):
        first, second = born(place, tmp_path), born(place, tmp_path)
        os.utime(packages / "sitecustomize.py", (1, 1))
        changed = born(place, tmp_path)
    gone = born(place, tmp_path)

    assert first[:-2] == second[:-2] == ["forked", str(tmp_path), "05000000", "one", "two", "1000"]
    assert first[-2] != second[-2], "numpy has the same seed"
    assert first[-1] != second[-1], "Ray draws the same ids"
    assert changed == gone == ["alone"]
