"""A driver that is stopped for longer than its lease: the next takes over, and it has no effect."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from tests.bad_input.bench import ROOT, Bench

POINTS = {
    "before it stages": r"mkdir .*\.ingest-out/\w",
    "while it stages": r"fsync .*/1-1-1-0\.staged",
    "when its files are staged": r"fsync .*\.ingest-out/[^/]+$",
    "before it settles": r"link .*ledger/00000002",
    "before it begins": r"link .*ledger/00000000",
    "before it commits": r"link .*targets/\w+/runs/.*begin",
    "before it puts a file": r"rename .*1-1-1-0\.staged",
    "before its manifest stands": r"link .*/out/_ingest|link .*\.json-\w+\.staged",
}


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bench = Bench(tmp_path)
    bench.fill(3)
    sink = {"type": "parquet", "path": "out", "write_disposition": "append"}
    bench.describe(sink=sink, execution={"partition_bytes": 40, "lease_s": 1})
    return bench


@contextmanager
def stopped(bench, pattern):
    """Start a driver and wait until it has stopped itself."""
    command = [sys.executable, "-m", "tests.recovery.stopping", pattern, *bench.arguments()]
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=pipe,
        stderr=pipe,
        text=True,
    )
    try:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), process.communicate()
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("point", POINTS)
def test_a_woken_driver_ends_and_has_no_effect(bench, point):
    with stopped(bench, POINTS[point]) as process:
        result = bench.run()
        assert result.code == 0, result.err
        rows = bench.rows
        assert len(rows) == 12
        before = list(bench.history.totals.rows.items())
        process.send_signal(signal.SIGCONT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1, err
    assert "has taken over from" in err
    assert "Traceback" not in err
    assert bench.rows == rows
    assert list(bench.history.totals.rows.items()) == before
    assert bench.history.phase == "done"
    assert bench.staged == set()
    assert [path.name for path in bench.place.glob(".ingest-*")] == []
