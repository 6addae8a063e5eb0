"""A lease says whether to try."""

import json

import pytest

from ingest.core.storage import LocalStore
from ingest.records.lease import TIME_TO_LIVE_S, Lease, LeaseHeldError
from ingest.testing.clock import SetClock


def test_a_second_holder_is_turned_away_with_the_first_ones_name(tmp_path):
    store = LocalStore(tmp_path)
    with (
        Lease.acquire(store, "lease", 'job "x"', {"run_id": "r1"}),
        pytest.raises(LeaseHeldError, match='job "x": in use by process'),
    ):
        Lease.acquire(store, "lease", 'job "x"', {})


def test_it_is_free_again_once_ended(tmp_path):
    store = LocalStore(tmp_path)
    for _ in range(3):
        with Lease.acquire(store, "lease", "job", {}):
            pass
    assert [n for n in store.names("lease") if n.endswith(".json")] == [
        "000001.json",
        "000002.json",
        "000003.json",
    ]


def test_the_lease_of_a_process_that_died_here_is_taken_over_at_once(tmp_path):
    store = LocalStore(tmp_path)
    Lease.acquire(store, "lease", "job", {}).end()
    (tmp_path / "lease/000001.end").unlink()
    holder = json.loads((tmp_path / "lease/000001.json").read_text())
    (tmp_path / "lease/000001.json").write_text(json.dumps({**holder, "pid": 2**22 + 1}))
    clock = SetClock()
    Lease.acquire(store, "lease", "job", {}, clock).end()
    assert clock.monotonic() == 0


def test_the_silent_lease_of_another_machine_expires_on_our_own_clock(tmp_path):
    store = LocalStore(tmp_path)
    store.create("lease/000001.json", b'{"token":"t","host":"elsewhere","pid":1,"started":0}')
    store.replace("lease/000001.beat", b"once")
    clock = SetClock()
    Lease.acquire(store, "lease", "job", {}, clock).end()
    assert clock.monotonic() >= TIME_TO_LIVE_S


def test_the_beating_lease_of_another_machine_is_respected(tmp_path):
    store = LocalStore(tmp_path)
    store.create("lease/000001.json", b'{"token":"t","host":"elsewhere","pid":1,"started":0}')

    class Beating(SetClock):
        def sleep(self, seconds):
            super().sleep(seconds)
            store.replace("lease/000001.beat", str(self.monotonic()).encode())

    with pytest.raises(LeaseHeldError, match="process 1 on elsewhere"):
        Lease.acquire(store, "lease", "job", {}, Beating())
