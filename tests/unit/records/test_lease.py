"""A lease says whether to try."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict

import pytest

from ingest.core.errors import FatalError, FencedError
from ingest.core.processes import began
from ingest.records.holders import Holder
from ingest.records.lease import TIME_TO_LIVE_S, Lease, LeaseHeldError, Observer
from ingest.storage.objects import LocalStore
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
    Lease.acquire(store, "lease", "job", {}, Observer(store, clock)).end()
    assert clock.monotonic() == 0


def test_the_silent_lease_of_another_machine_expires_on_our_own_clock(tmp_path):
    store = LocalStore(tmp_path)
    store.create("lease/000001.json", b'{"token":"t","host":"elsewhere","pid":1}')
    store.replace("lease/000001.beat", b"once")
    clock = SetClock()
    Lease.acquire(store, "lease", "job", {}, Observer(store, clock)).end()
    assert clock.monotonic() >= TIME_TO_LIVE_S


def test_the_beating_lease_of_another_machine_is_respected(tmp_path):
    store = LocalStore(tmp_path)
    store.create("lease/000001.json", b'{"token":"t","host":"elsewhere","pid":1}')

    class Beating(SetClock):
        def sleep(self, seconds):
            super().sleep(seconds)
            store.replace("lease/000001.beat", str(self.monotonic()).encode())

    with pytest.raises(LeaseHeldError, match="process 1 on elsewhere"):
        Lease.acquire(store, "lease", "job", {}, Observer(store, Beating()))


def test_two_silent_leases_expire_at_the_same_time(tmp_path):
    store = LocalStore(tmp_path)
    for folder in ("job", "sink"):
        store.create(f"{folder}/000001.json", b'{"token":"t","host":"elsewhere","pid":1}')
    clock = SetClock()
    observer = Observer(store, clock, ttl_s=5)
    for folder in ("job", "sink"):
        observer.last(folder)
    for folder in ("job", "sink"):
        Lease.acquire(store, folder, folder, {}, observer).end()
    assert 5 <= clock.monotonic() < 6


def test_a_holder_that_asked_for_more_time_gets_it(tmp_path):
    store = LocalStore(tmp_path)
    store.create("lease/000001.json", b'{"token":"t","host":"elsewhere","pid":1,"ttl_s":60}')
    clock = SetClock()
    Lease.acquire(store, "lease", "job", {}, Observer(store, clock, ttl_s=5)).end()
    assert clock.monotonic() >= 60


def test_a_stopped_process_counts_as_alive_only_by_its_beat(tmp_path):
    store = LocalStore(tmp_path)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        holder = asdict(Holder.me("t", 0)) | {"pid": process.pid, "began": began(process.pid)}
        store.create("lease/000001.json", json.dumps(holder).encode())
        with pytest.raises(LeaseHeldError, match=f"process {process.pid}"):
            Lease.acquire(store, "lease", "job", {}, Observer(store, SetClock()))
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        clock = SetClock()
        Lease.acquire(store, "lease", "job", {}, Observer(store, clock)).end()
        assert clock.monotonic() >= TIME_TO_LIVE_S
        process.kill()


def test_a_lost_answer_to_our_own_claim_is_no_other_holder(tmp_path):
    class LosesAnswers(LocalStore):
        def create(self, name, data):
            super().create(name, data)
            return False

    with Lease.acquire(LosesAnswers(tmp_path), "lease", "job", {}):
        assert (tmp_path / "lease/000001.json").exists()
        assert not (tmp_path / "lease/000002.json").exists()


def test_a_damaged_lease_is_refused(tmp_path):
    store = LocalStore(tmp_path)
    store.create("lease/000001.json", b"")
    with pytest.raises(FatalError, match=r"000001\.json: the lease is damaged"):
        Lease.acquire(store, "lease", "job", {})


def test_a_lease_that_somebody_took_over_is_not_ours_any_more(tmp_path):
    store = LocalStore(tmp_path)
    with Lease.acquire(store, "lease", "job", {}) as ours:
        ours.check()
        store.create("lease/000002.json", b'{"token":"t","host":"elsewhere","pid":7}')
        with pytest.raises(FencedError, match="lease: process 7 on elsewhere has taken over"):
            ours.check()
        store.create("lease/000002.end", b"")
        with pytest.raises(FencedError):
            ours.check()
