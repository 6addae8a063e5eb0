"""The power goes at every file operation of a run; the next run comes to the same output."""

import os
import secrets
import shutil
import tempfile
from pathlib import Path

import pytest

from ingest.testing.faults import Crash
from tests.injectors.disk import FileFaults, crash
from tests.injectors.power import PowerCut
from tests.recovery.jobs import work
from tests.recovery.power import SINKS, Disk

OLD = [(1, "a", 1), (2, "b", 2), (3, "", 3)]
NEW = [(11, "b", 1), (12, "c", 2), (13, "", 3)]
BEFORE = [(1, "a"), (2, "b")]
AFTER = {
    "append": [*BEFORE, (11, "b"), (12, "c")],
    "overwrite": [(11, "b"), (12, "c")],
    "overwrite_partitions": [(1, "a"), (11, "b"), (12, "c")],
}


@pytest.fixture
def disk():
    """A disk in memory, if there is one: this makes ten thousand small files."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as place:
        yield Disk(Path(place))


def restore(disk):
    shutil.rmtree(disk.root)
    shutil.copytree(disk.root.parent / "base", disk.root)


def before_commit(disk, job):
    """Return how many file operations a run makes before it marks that it is about to commit."""
    with PowerCut(disk.root), FileFaults(disk.root, 1_000_000, crash) as faults:
        work(job)
    marks = [number for number, name in enumerate(faults.operations) if name.endswith(".begin")]
    return marks[0]


EVERY = pytest.mark.parametrize("every", [18, pytest.param(1, marks=pytest.mark.slow)])
"""Which of the operations, from another one on with each run of the tests."""


@EVERY
@pytest.mark.parametrize("how", SINKS)
def test_at_every_file_operation_of_a_run(disk, how, every):
    """A kill at an operation, and at an `fsync` the loss of all that was not synced.

    Between two of them, the most forgetful disk holds the same.
    """
    disk.feed(OLD)
    job = disk.job(how, partition_bytes=1000)
    work(job)
    disk.feed(NEW)
    shutil.copytree(disk.root, disk.root.parent / "base")
    at = 0 if how == "overwrite" else before_commit(disk, job)  # until then they do the same
    first = at
    at -= secrets.randbelow(every)
    while True:
        at += every
        restore(disk)
        with PowerCut(disk.root) as power:
            faults = FileFaults(disk.root, at, crash)
            try:
                with faults:
                    work(job)
            except Crash:
                pass
            else:
                break
            struck = f"{at}: {faults.operations[at - 1]}"
            if "fsync" in struck:
                power.cut()
            listed, (_, phase) = disk.listed(), disk.last_run()
            assert listed in (BEFORE, sorted(AFTER[how])), struck
            assert listed == BEFORE or phase in {"committed", "done"}, struck
            if listed == BEFORE or phase != "done":
                work(job)
            power.cut()
            if disk.last_run()[1] != "done":  # that it was done had been written and not synced
                work(job)
        assert disk.rows() == disk.listed() == sorted(AFTER[how]), struck
        assert disk.last_run()[1] == "done", struck
        assert disk.debris() == [], struck
    assert at - first > 60
