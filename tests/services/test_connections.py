"""Connections to a real S3 server: sources and state through them, and what works is told."""

import json
import shutil

import polars as pl
import pytest

from ingest.config.load import load
from ingest.driver.drive import drive
from ingest.driver.request import Request
from ingest.job import Job
from ingest.storage.objects import open_store
from ingest.testing.faults import Crash, CrashingStore
from ingest.testing.proxy import FaultProxy
from ingest.workers.in_process import InProcessWorkers
from tests.services import ceph
from tests.services.desk import WANTED, Desk


@pytest.fixture
def desk(tmp_path, monkeypatch, capsys, bucket):
    for name in bucket.environment:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("LAKE_KEY", ceph.KEY)
    monkeypatch.setenv("LAKE_SECRET", ceph.SECRET)
    monkeypatch.chdir(tmp_path)
    desk = Desk(tmp_path, capsys)
    desk.connect(bucket.url)
    for file in (tmp_path / "in").iterdir():
        bucket.put(f"in/{file.name}", file.read_bytes())
    return desk


def test_a_job_reads_and_records_through_a_connection(desk, bucket):
    words = ("orders", f'source.path="{bucket.uri}/in/*.csv"', "source.connection=lake")
    state = (f"state={bucket.uri}/state", "state_connection=lake")
    here = f"--state {bucket.uri}/state --state-connection lake"
    assert here in desk.type("run", *words, *state)
    assert desk.rows() == WANTED
    (run,) = desk.runs(*here.split(" "))
    assert "OK" in desk.type("verify", run["run_id"], *here.split(" "))
    recorded = bucket.get(f"state/runs/{run['run_id']}/job.yaml").decode()
    assert ceph.SECRET not in recorded
    assert "env: LAKE_SECRET" in recorded


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_all_kinds_of_files_are_read_through_a_connection(desk, bucket, kind, tmp_path):
    file = tmp_path / f"rows.{kind}"
    frame = pl.DataFrame({"n": WANTED})
    frame.write_parquet(file) if kind == "parquet" else frame.write_ndjson(file)
    bucket.put(f"rows/rows.{kind}", file.read_bytes())
    source = f"{{type: {kind}, path: '{bucket.uri}/rows/', connection: lake}}"
    text = (tmp_path / "conf/job/orders.yaml").read_text().splitlines()
    lines = [f"source: {source}" if line.startswith("source") else line for line in text]
    desk.write("conf/job/orders.yaml", "\n".join(lines))
    desk.type("run", "orders", "source.include_file_columns=true")
    assert desk.rows() == WANTED


def test_worker_processes_read_through_a_connection(desk, bucket):
    words = (f'source.path="{bucket.uri}/in"', "source.connection=lake", "cluster=processes")
    desk.type("run", "orders", *words, f"state={bucket.uri}/state", "state_connection=lake")
    assert desk.rows() == WANTED


def test_a_lookup_is_read_through_a_connection(desk, bucket):
    bucket.put("names.csv", b"n,name\n1,one\n")
    reference = f"{{path: '{bucket.uri}/names.csv', connection: lake, columns: {{n: int64}}}}"
    step = f"transforms: [{{type: lookup, key: n, how: inner, reference: {reference}}}]\n"
    text = (desk.place / "conf/job/orders.yaml").read_text()
    desk.write("conf/job/orders.yaml", text + step)
    desk.type("run", "orders")
    assert desk.rows() == [1]


def test_a_run_is_resumed_with_the_connection_that_it_was_made_with(desk, bucket):
    words = ("orders", f'source.path="{bucket.uri}/in/*.csv"', "source.connection=lake")
    loaded = load(Job, None, [*words, "execution.lease_s=1"])
    store = CrashingStore(open_store(".ingest"), 13)
    with pytest.raises(Crash):
        drive(Request(loaded.job, loaded.yaml(), loaded.place, InProcessWorkers(), store=store))
    shutil.rmtree(desk.place / "conf")
    (run,) = desk.runs()
    desk.type("resume", run["run_id"])
    assert desk.rows() == WANTED


def test_what_works_through_a_connection_is_told(desk, bucket, careless_url):
    found = json.loads(desk.type("connections", "test", "lake", f"{bucket.uri}/try", "--json"))
    assert all(page["works"] for page in found), found
    assert len(found) == 7
    assert bucket.keys("try") == []
    listed = desk.type("connections", "test", "lake", f"{bucket.uri}/in", "--read-only")
    assert listed.split() == ["list", "ok", "read", "ok"]
    desk.connect(careless_url, "careless")
    text = desk.type("connections", "test", "careless", "s3://test-bucket/try", code=1)
    assert "create-once  failed\n  the store ignores conditional writes" in text
    assert text.count("ok") == 6
    assert f"careless             s3       {careless_url}" in desk.type("connections")


def test_a_missing_secret_or_bucket_is_a_line_with_the_connection(desk, bucket, monkeypatch):
    monkeypatch.delenv("LAKE_SECRET")
    words = ("connections", "test", "lake", bucket.uri)
    assert (
        'connection "lake": secret_access_key: environment variable LAKE_SECRET is not set'
        in desk.type(*words, code=2)
    )
    monkeypatch.setenv("LAKE_SECRET", "wrong")
    assert 'Check the credentials of connection "lake"' in desk.type(*words, code=1)


@pytest.mark.parametrize("mode", ["slowdown", "reset", "truncate"])
def test_a_source_that_fails_is_read_again(desk, bucket, mode):
    with FaultProxy(bucket.url) as proxy:
        desk.connect(proxy.url)
        proxy.arm(mode, times=3, match="^GET .*csv")
        words = (f'source.path="{bucket.uri}/in/*.csv"', "source.connection=lake")
        desk.type("run", "orders", *words)
        assert proxy.faults[mode] == 3
    assert desk.rows() == WANTED
