"""A lease that is alive is recognised: from another container, with a set clock, after anything."""

import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import asdict

import pytest

from ingest.core import processes
from ingest.core.processes import began
from ingest.records.holders import Holder
from ingest.records.lease import Lease, LeaseHeldError, Observer
from ingest.storage.objects import LocalStore
from ingest.testing.clock import SetClock
from tests.bad_input.bench import AT_ONCE, Bench

CONTAINER = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
NO_PROC = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh")


def may(*before):
    try:
        return subprocess.run([*before, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


needs_root = pytest.mark.skipif(not may(*NO_PROC), reason="needs the right to make namespaces")


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bench = Bench(tmp_path)
    bench.fill(7)
    (tmp_path / "jobs/orders").mkdir(parents=True)
    (tmp_path / "jobs/orders/functions.py").write_text(
        "import time\n\ndef slow(frame):\n    time.sleep(0.4)\n    return frame\n"
    )
    execution = {"partition_bytes": 40, "retry": AT_ONCE, "lease_s": 3}
    bench.describe(
        transforms=[{"type": "python", "function": "functions:slow"}], execution=execution
    )
    return bench


def started(bench, before):
    process = bench.start("--progress", "json", before=before)
    for line in process.process.stderr:
        if json.loads(line)["event"] == "settled":
            return process
    raise AssertionError("it ended before that")


@needs_root
@pytest.mark.parametrize(("first", "second"), [(CONTAINER, ()), (CONTAINER, CONTAINER)])
def test_a_driver_in_another_container_is_alive(bench, first, second):
    holder = started(bench, first)
    late = bench.start(before=second).end()
    assert late.code == 1, late.err
    assert 'error: job "orders": in use by process ' in late.err
    assert f"on {socket.gethostname()} (in another container, or before a restart)" in late.err
    assert holder.end().code == 0
    assert bench.history.attempt == 1
    assert len(bench.rows) == 28


@needs_root
def test_a_driver_that_died_in_another_container_is_waited_for_as_one_elsewhere(bench):
    holder = started(bench, CONTAINER)
    holder.send(signal.SIGKILL)
    holder.end()
    late = bench.start("execution.lease_s=1").end()
    assert late.code == 0, late.err
    assert bench.history.attempt == 2
    assert len(bench.rows) == 28


def lease_of(store, **changes):
    """Put a lease on record that a living process of here has, but for some changes."""
    page = asdict(Holder.me("t", 0)) | {"pid": os.getppid(), "began": began(os.getppid())}
    store.create("lease/000001.json", json.dumps(page | changes).encode())


def taken_after(store):
    """Take the lease; return how long that was waited for."""
    clock = SetClock()
    Lease.acquire(store, "lease", "job", {}, Observer(store, clock, ttl_s=5)).end()
    return clock.monotonic()


def test_a_living_process_of_this_realm_needs_no_heartbeat(tmp_path):
    store = LocalStore(tmp_path)
    lease_of(store)
    with pytest.raises(LeaseHeldError, match=f"process {os.getppid()} on "):
        taken_after(store)


def test_a_number_that_is_used_again_is_another_process(tmp_path):
    store = LocalStore(tmp_path)
    lease_of(store, began=began(os.getppid()) - 1)
    assert taken_after(store) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"namespace": "pid:[1]"},
        {"boot": "another"},
        {"host": "another"},
        {"boot": "", "namespace": ""},
        {"boot": "another", "pid": 2**22 + 1},
        {"namespace": "pid:[1]", "pid": 2**22 + 1},
        {"began": 0},
    ],
)
def test_who_cannot_be_seen_is_judged_by_the_heartbeat(tmp_path, changes):
    store = LocalStore(tmp_path)
    lease_of(store, **changes)
    assert 5 <= taken_after(store) < 6


def test_a_page_of_an_older_release_is_judged_by_the_heartbeat(tmp_path):
    store = LocalStore(tmp_path)
    old = {"host": socket.gethostname(), "pid": 2**22 + 1, "started": 1.5, "token": "t", "ttl_s": 0}
    store.create("lease/000001.json", json.dumps(old).encode())
    assert 5 <= taken_after(store) < 6


def test_the_heartbeat_of_who_cannot_be_seen_keeps_its_lease(tmp_path):
    store = LocalStore(tmp_path)
    lease_of(store, namespace="pid:[1]")

    class Beating(SetClock):
        def sleep(self, seconds):
            super().sleep(seconds)
            store.replace("lease/000001.beat", str(self.monotonic()).encode())

    with pytest.raises(LeaseHeldError, match="in another container"):
        Lease.acquire(store, "lease", "job", {}, Observer(store, Beating(), ttl_s=5))


def test_where_processes_cannot_be_looked_at_there_is_the_heartbeat(tmp_path, monkeypatch):
    store = LocalStore(tmp_path)
    lease_of(store)
    monkeypatch.setattr(processes, "PROC", tmp_path)
    assert 5 <= taken_after(store) < 6
    mine = Lease.acquire(store, "lease", "job", {})
    with pytest.raises(LeaseHeldError):
        taken_after(store)
    mine.end()
    assert taken_after(store) == 0


def test_a_clock_that_is_set_does_not_kill_a_process(tmp_path):
    code = """
import json
from dataclasses import asdict
from ingest.records.holders import Holder
print(json.dumps(asdict(Holder.me("t", 0))), flush=True)
input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        page = json.loads(process.stdout.readline())
        assert not any(isinstance(value, float) and value > 1e9 for value in page.values())
        assert Holder(**page).state == "alive"
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        assert Holder(**page).state == "stopped"
        process.send_signal(signal.SIGCONT)
        process.communicate("\n")
    assert Holder(**page).state == "dead"
