"""Storage that fails, vanishes or is slow: a clear end, nothing half-published, a way on."""

import errno
import os
import shutil
import time

import pytest

from ingest.sinks.directory import manifest
from ingest.sinks.directory.local.place import Folder
from tests.bad_input.bench import Bench
from tests.injectors.disk import FileFaults, failing

SINK = {"type": "parquet", "path": "out", "write_disposition": "overwrite"}
EXECUTION = {"partition_bytes": 1000, "lease_s": 1, "retry": {"connection": {"max_tries": 1}}}


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bench = Bench(tmp_path)
    bench.fill(2)
    bench.describe(sink=SINK, execution=EXECUTION)
    return bench


def listed(bench):
    """Return the files that make up the output by its manifests; none of them may be missing."""
    names = manifest.current(Folder(bench.place / "out"))
    assert all((bench.place / "out" / name).exists() for name in names)
    return names


def assert_clear(result, codes=(1,)):
    """It ended in the house's form: what was found, and what to do."""
    assert result.code in codes, result.err
    assert "Traceback" not in result.err
    assert result.err.startswith("error: ") or "\nerror: " in result.err
    assert result.out == ""


def assert_mended(bench, rows=8):
    result = bench.run()
    assert result.code == 0, result.err
    assert len(bench.rows) == rows
    assert bench.staged == set()
    assert bench.history.phase == "done"


ERRORS = (errno.EIO, errno.EACCES, errno.EROFS, errno.ENOSPC)
EVERY = pytest.mark.parametrize("every", [23, pytest.param(5, marks=pytest.mark.slow)])
"""Which of a run's operations."""


@EVERY
def test_a_disk_that_breaks_at_any_operation(bench, tmp_path_factory, every):
    """From some operation on every one fails, reads too; one error after the other."""
    assert bench.run().code == 0
    base = tmp_path_factory.mktemp("base")
    for name in ("out", ".ingest-out", "state", "conf"):
        shutil.copytree(bench.place / name, base / name)
    before = listed(bench)
    for turn, at in enumerate(range(1, 1000, every)):
        for name in ("out", ".ingest-out", "state"):
            shutil.rmtree(bench.place / name)
            shutil.copytree(base / name, bench.place / name)
        number = ERRORS[(turn + turn // len(ERRORS)) % len(ERRORS)]
        with FileFaults(bench.place, at, failing(number), reads=True) as faults:
            result = bench.run("--conf", str(base / "conf"))
        if not faults.struck:
            break
        struck = f"{os.strerror(number)} at {at}: {faults.operations[at - 1]}: {result.err}"
        if result.code == 0:  # only what nobody needs has failed: giving back a lease
            assert "lease" in faults.operations[at - 1] or "targets" in faults.operations[at - 1]
            continue
        assert result.code in {1, 2}, struck
        assert "Traceback" not in result.err, struck
        assert "error: " in result.err, struck
        now = listed(bench)
        assert now == before or not set(now) & set(before), struck
        assert_mended(bench)
    assert result.code == 0
    assert at > 100


class Meddling:
    """Calls a function once, before the first file operation that contains a text."""

    def __init__(self, text, meddle):
        self.text, self.meddle, self.done = text, meddle, False

    def __call__(self, operation):
        if not self.done and self.text in operation:
            self.done = True
            self.meddle()


def meddled(bench, text, meddle):
    """Run the job, and meddle with its files at some point."""
    with FileFaults(bench.place, 1, Meddling(text, meddle)):
        return bench.run()


@pytest.mark.parametrize("point", ["ledger/00000002", ".ingest-out/manifests", "ledger/00000005"])
@pytest.mark.parametrize("empty", [False, True])
def test_a_state_that_vanishes_while_a_run_is_going_on(bench, point, empty):
    """Its disk is unmounted: the folder is gone, or the empty mount point is there instead."""
    state, away = bench.place / "state", bench.place / "away"

    def unmount():
        state.rename(away)
        if empty:
            state.mkdir()

    result = meddled(bench, point, unmount)
    assert_clear(result)
    assert "the state folder no longer exists" in result.err
    assert "then run again" in result.err
    assert list(state.iterdir() if empty else []) == [], "nothing is written into the hole"
    listed(bench)
    if empty:
        state.rmdir()
    away.rename(state)
    assert_mended(bench)


def test_a_staging_folder_that_vanishes_is_noticed_before_the_commit(bench):
    bench.describe(sink=SINK, execution={**EXECUTION, "partition_bytes": 40})
    staging, away = bench.place / ".ingest-out", bench.place / "away"
    result = meddled(bench, "ledger/00000003", lambda: staging.rename(away))
    assert_clear(result)
    assert "the file has vanished. Nothing was published. Restore it" in result.err
    assert bench.history.phase == "planned"
    assert listed(bench) == []
    shutil.copytree(away, staging, dirs_exist_ok=True)
    assert_mended(bench)


def test_a_staging_folder_that_is_lost_is_given_up_with_fresh(bench):
    bench.describe(sink=SINK, execution={**EXECUTION, "partition_bytes": 40})
    staging = bench.place / ".ingest-out"
    assert_clear(meddled(bench, "ledger/00000003", lambda: shutil.rmtree(staging)))
    assert bench.run("--fresh").code == 0
    assert len(bench.rows) == 8
    assert bench.staged == set()


@pytest.mark.parametrize("folder", ["state", "out"])
def test_a_disk_that_becomes_read_only_is_told(bench, folder):
    """What the system says of a disk remounted so, at the first write after the plan."""
    assert bench.run().code == 0
    with FileFaults(bench.place / folder, 60 if folder == "state" else 2, failing(errno.EROFS)):
        result = bench.run()
    assert_clear(result)
    assert "ead-only file system" in result.err or "file system is read-only" in result.err
    listed(bench)
    assert_mended(bench)


def test_a_slow_disk_loses_nothing_and_lets_no_lease_expire(bench):
    """Each operation takes a while; the beat is another thread's, so nobody takes over."""
    beaten = []
    beat = bench.place / "state/jobs/orders/lease/000001.beat"

    def slowly(operation):
        time.sleep(0.02)
        if "/plan.json" in operation and not beaten:
            beaten.append(beat.read_bytes())
            time.sleep(1.5)  # longer than the lease
            beaten.append(beat.read_bytes())

    with FileFaults(bench.place, 1, slowly):
        result = bench.run()
    assert result.code == 0, result.err
    assert beaten[0] != beaten[1]
    assert len(bench.rows) == 8
