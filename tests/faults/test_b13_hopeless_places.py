"""B13: a place that can never be written is told at once; debris elsewhere is but a warning."""

import time
from pathlib import Path

import pytest

from ingest.core.errors import FatalError
from ingest.sinks.jsonl import Jsonl
from ingest.storage.filesystem import virtual
from ingest.testing.sinks import ROWS
from tests.faults.state import assert_done, assert_refused


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is no /proc")
@pytest.mark.parametrize("command", ["plan", "run"])
@pytest.mark.parametrize("path", ["/proc/x", "/proc/self/x/y", "/sys/kernel/x"])
def test_where_no_file_can_be(state, command, path):
    state.describe(sink={"path": path})
    assert_refused(
        getattr(state, command)(), "sink.path: ", "which cannot store data. Use a folder on a disk"
    )
    assert not (state.place / "state" / "runs").exists()
    assert_done(state.run("orders", "--fresh", "sink.path=out"))


@pytest.mark.parametrize("command", ["plan", "run"])
@pytest.mark.parametrize("path", ["/dev/full/x", "/dev/null", "in/orders/a.csv/x", "link/x"])
def test_below_a_file(state, command, path):
    (state.place / "link").symlink_to("in/orders/a.csv")
    state.describe(sink={"path": path})
    assert_refused(getattr(state, command)(), "is a file, but must be a directory")


@pytest.mark.parametrize("command", ["plan", "run"])
def test_links_in_a_circle(state, command):
    (state.place / "one").symlink_to("two")
    (state.place / "two").symlink_to("one")
    state.describe(sink={"path": "one/x"})
    assert_refused(getattr(state, command)(), "sink.path: ", "links form a circle")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is no /proc")
def test_a_worker_that_meets_it_does_not_try_again():
    assert virtual(Path("/proc/x")) == "proc"
    sink = Jsonl(type="jsonl", path="/proc/x", write_disposition="append")
    began = time.monotonic()
    with pytest.raises(FatalError, match="no folder can be created there"):
        sink.stage(ROWS, "run1", "1-0-1")
    assert time.monotonic() - began < 1


def test_what_an_old_run_has_staged_cannot_be_removed_and_the_new_one_begins(state):
    state.write("in/orders/b.csv", "id,name\nx,y\n")
    rejected = {"on_error": "quarantine", "max_errors": 0, "quarantine": {"path": "disk/bad"}}
    state.describe(contract=rejected, execution={"partition_bytes": 8})
    assert state.run().code == 1
    old = state.last()
    (state.place / "disk").rename(state.place / "gone")
    (state.place / "disk").write_text("not a folder any more")
    (state.place / "in/orders/b.csv").unlink()
    state.describe()
    result = state.run("orders", "--fresh")
    assert_done(result)
    assert f"warning: staged files of run {old} could not be " in result.err
    assert state.ids() == [1, 2]
    attempt = state.events()[0]
    assert attempt.name == "attempt"
    assert len(attempt.warnings) == 1
