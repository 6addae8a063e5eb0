"""A run whose state is in a bucket: the same commands, the same guarantees."""

import threading
from contextlib import suppress

import pytest

from ingest.config.load import load
from ingest.core.errors import FencedError
from ingest.driver.drive import drive
from ingest.driver.request import Request
from ingest.job import Job
from ingest.records.events import AttemptBegan
from ingest.records.history import History
from ingest.records.ledger import Ledger
from ingest.records.reader import Reader
from ingest.records.runs import Runs
from ingest.storage.objects import open_store
from ingest.testing.faults import Crash, CrashingStore
from ingest.workers.in_process import InProcessWorkers
from tests.services.desk import WANTED, Desk


@pytest.fixture
def desk(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path, capsys)


def test_every_command_finds_the_state_of_a_run_in_a_bucket(desk, bucket):
    here = ("--state", bucket.uri)
    assert f"--state {bucket.uri}" in desk.type("run", "orders", f"state={bucket.uri}")
    assert desk.rows() == WANTED
    assert not (desk.place / ".ingest").exists()
    (run,) = desk.runs(*here)
    assert run["state"] == "done"
    assert "verify" in desk.type("status", run["run_id"], *here)
    assert "OK" in desk.type("verify", run["run_id"], *here)
    assert "4 files" in desk.type("plan", "orders", f"state={bucket.uri}")
    desk.type("run", "orders", f"state={bucket.uri}")
    assert "removed run" in desk.type("clean", "--keep", "0h", *here)
    assert [page["state"] for page in desk.runs(*here)] == ["done"]
    assert desk.rows() == WANTED
    assert not [key for key in bucket.keys(f"runs/{run['run_id']}") if "ledger" in key]


def request(bucket, store) -> Request:
    settings = [f"state={bucket.uri}", "execution.partition_bytes=100", "execution.lease_s=1"]
    loaded = load(Job, None, ["orders", *settings])
    return Request(loaded.job, loaded.yaml(), loaded.place, InProcessWorkers(), store=store)


@pytest.mark.parametrize(
    ("at", "when"), [(4, "before"), (9, "after"), (12, "after"), (13, "before")]
)
def test_a_killed_run_is_resumed_from_the_bucket(desk, bucket, at, when):
    store = open_store(bucket.uri)
    with pytest.raises(Crash):
        drive(request(bucket, CrashingStore(store, at, when)))
    drive(request(bucket, store))
    assert desk.rows() == WANTED


def test_a_driver_whose_place_in_the_ledger_is_taken_stops(desk, bucket):
    receipt = drive(request(bucket, open_store(bucket.uri)))
    reader = Reader(open_store(bucket.uri), receipt["run_id"])
    assert History.of(reader.events()).phase == "done"
    first, second = (
        Ledger(open_store(bucket.uri), reader.run_id, after=reader.read) for _ in range(2)
    )
    began = AttemptBegan(run_id=reader.run_id, phase="done")
    second.begin(began)
    with pytest.raises(FencedError):
        first.begin(began)
    assert Runs(open_store(bucket.uri)).of_job("orders") == [receipt["run_id"]]


def test_of_two_drivers_that_race_for_a_place_in_the_ledger_one_writes(bucket):
    stores = [open_store(bucket.uri) for _ in range(2)]
    for race in range(50):
        ledgers = [Ledger(store, f"r{race}") for store in stores]
        start, won = threading.Barrier(2), []

        def begin(ledger, start=start, won=won):
            start.wait()
            with suppress(FencedError):
                won.append(ledger.begin(AttemptBegan(run_id=ledger.run_id)))

        threads = [threading.Thread(target=begin, args=(ledger,)) for ledger in ledgers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert won == [1], race


def test_a_store_that_fails_often_makes_a_run_slow_and_nothing_else(desk, bucket, proxied):
    open_store(bucket.uri).exists("x")
    proxied.arm("slowdown", times=None, share=0.3)
    proxied.arm("lost", times=None, share=0.05)
    for _ in range(2):
        desk.type("run", "orders", f"state={bucket.uri}")
        assert desk.rows() == WANTED
    assert min(proxied.faults["slowdown"], proxied.faults["lost"]) > 3
    proxied.calm()
    pages = desk.runs("--state", bucket.uri)
    assert [page["state"] for page in pages] == ["done"] * 2
    for page in pages:
        desk.type("verify", page["run_id"], "--state", bucket.uri)
    assert len(bucket.keys("runs")) == len(set(bucket.keys("runs")))


def test_a_small_job_asks_little_of_the_store(desk, bucket, proxied):
    desk.type("run", "orders", f"state={bucket.uri}")
    assert len(proxied.requests) <= 70
    flushes = [line for line in proxied.requests if "/ledger/" in line and line.startswith("PUT ")]
    looks = [line for line in proxied.requests if "/ledger/" in line and line.startswith("HEAD ")]
    assert len(looks) < len(flushes), "one put and one look for each"


def test_a_state_that_the_source_would_read_is_refused(desk, bucket):
    bucket.put("in/a.csv", b"n\n1\n")
    source = f'source.path="{bucket.uri}/**"'
    text = desk.type("run", "orders", source, f"state={bucket.uri}/state", code=2)
    assert "is inside the source, so the next run would read its own records" in text
    desk.type("run", "orders", source, f"state={bucket.uri}/.state")
    assert desk.rows() == [1]
