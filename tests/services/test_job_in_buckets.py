"""A job whose source, output, quarantine and state are in a bucket: exact, whatever fails."""

import io
import threading
from contextlib import suppress

import polars as pl
import pytest

from ingest.config.load import load
from ingest.core.errors import FatalError
from ingest.driver.drive import drive
from ingest.driver.request import Request
from ingest.job import Job
from ingest.sinks.base import Claim
from ingest.sinks.directory import opening
from ingest.sinks.directory.bucket.place import Prefix
from ingest.sinks.jsonl import Jsonl
from ingest.storage.bucket import PART_BYTES, Bucket
from ingest.storage.connections import usual
from ingest.storage.object_store import ObjectStore
from ingest.storage.objects import open_store
from ingest.storage.retrying import RetryingStore
from ingest.testing.faults import Crash, FaultyBucket, RequestFaults
from ingest.testing.sinks import delivery
from ingest.workers.in_process import InProcessWorkers
from tests.services import ceph
from tests.services.bucket import BUCKET
from tests.services.desk import WANTED, Desk


class Lake(Desk):
    """The folder where commands are typed, and the bucket that all data are in."""

    def __init__(self, place, capsys, bucket):
        super().__init__(place, capsys)
        self.bucket = bucket
        for number in range(4):
            lines = (self.place / f"in/{number}.csv").read_text()
            bad = "bad\n" if number < 2 else ""
            bucket.put(f"in/{number}.csv", (lines + bad).encode())
        self.state = f"{bucket.uri}/state"
        self.settings = [
            f'source.path="{bucket.uri}/in/*.csv"',
            f"sink.path={bucket.uri}/out",
            "contract.on_error=quarantine",
            "execution.partition_bytes=100",
            "execution.lease_s=1",
            f"state={self.state}",
        ]

    def request(self, *more, store=None):
        loaded = load(Job, None, ["orders", *self.settings, *more])
        return Request(loaded.job, loaded.yaml(), loaded.place, InProcessWorkers(), store=store)

    def objects(self, prefix):
        frames = [pl.read_parquet(io.BytesIO(self.bucket.get(key))) for key in self.keys(prefix)]
        return pl.concat(frames) if frames else pl.DataFrame({"n": [], "original": []})

    def keys(self, prefix):
        return self.bucket.keys(f"{prefix}/")

    def assert_settled(self):
        assert sorted(self.objects("out")["n"].to_list()) == WANTED
        assert self.objects("out_quarantine").height == 2
        beside = self.bucket.keys(".ingest-")
        assert all("/manifests/" in key or "/claims/" in key for key in beside), beside


@pytest.fixture
def lake(tmp_path, monkeypatch, capsys, bucket):
    monkeypatch.chdir(tmp_path)
    return Lake(tmp_path, capsys, bucket)


def test_every_command_works_on_it(lake):
    here = ("--state", lake.state)
    lake.type("plan", "orders", *lake.settings)
    assert lake.bucket.keys(".ingest-") == [], "a plan leaves nothing"
    text = lake.type("run", "orders", *lake.settings)
    assert f"{lake.bucket.uri}/out_quarantine" in text
    lake.assert_settled()
    (run,) = lake.runs(*here)
    assert "OK: files match" in lake.type("verify", run["run_id"], *here)
    inside = [f"sink.path={lake.bucket.uri}/out/a/b", f"state={lake.bucket.uri}/out/a/b/c"]
    text = lake.type("plan", "orders", *lake.settings, *inside, code=2)
    assert f'"{lake.bucket.uri}/out/a/b" is inside "{lake.bucket.uri}/out", where runs are' in text
    assert f'"{lake.bucket.uri}/out/a/b/c" is inside the output' in text
    lake.type("run", "orders", *lake.settings)
    lake.assert_settled()
    assert "replaced its" in lake.type("verify", run["run_id"], *here)
    key = lake.keys("out")[0]
    lake.bucket.put(key, lake.bucket.get(key)[:-1])
    (second,) = {page["run_id"] for page in lake.runs(*here)} - {run["run_id"]}
    assert f"{key.removeprefix('out/')}: sha256" in lake.type("verify", second, *here, code=1)


def test_a_run_is_reproduced_byte_for_byte_and_what_is_gone_is_named(lake):
    here = ("--state", lake.state)
    lake.type("run", "orders", *lake.settings)
    lake.type("run", "orders", *lake.settings)  # replaces what the first has published
    (first, _) = (run["run_id"] for run in lake.runs(*here))
    published = lake.bucket.keys("out/")
    text = lake.type("rerun", first, *here)
    assert f"run {first}: came out byte for byte" in text
    assert sorted(pl.read_parquet(f"reruns/{first}/output")["n"].to_list()) == WANTED
    assert lake.bucket.keys("out/") == published
    lake.bucket.put("in/1.csv", b"n\n1\n")
    lake.bucket.remove("in/2.csv")
    text = lake.type("rerun", first, "--to", "again", *here, code=2)
    assert "cannot be reproduced" in text
    assert "in/1.csv" in text
    assert "in/2.csv" in text
    assert not (lake.place / "again").exists()


def test_what_a_dead_run_has_left_is_found_and_removed(lake):
    for output in ("out", "out_quarantine"):
        lake.bucket.put(f".ingest-{output}/probe/493f7c88ebfb327b", b"")
    lake.type("run", "orders", *lake.settings)
    run_id = lake.runs("--state", lake.state)[0]["run_id"]
    lake.bucket.put(f".ingest-out/{run_id}/1-9-1-0.staged", b"late")
    key = f"{lake.bucket.prefix}/.ingest-out/{run_id}/1-8-1-0.staged"
    lake.bucket.client.create_multipart_upload(Bucket=BUCKET, Key=key)
    (line,) = lake.type("clean", "--state", lake.state).splitlines()[:1]
    assert line == f"removed unpublished files of run {run_id}  4 B  for {lake.bucket.uri}/out"
    lake.assert_settled()
    found = lake.bucket.client.list_multipart_uploads(Bucket=BUCKET, Prefix=lake.bucket.prefix)
    assert "Uploads" not in found


def test_a_connection_is_named_by_the_sink_and_by_the_quarantine(lake, bucket, monkeypatch):
    for name in bucket.environment:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(lake.place))
    monkeypatch.setenv("LAKE_KEY", ceph.KEY)
    monkeypatch.setenv("LAKE_SECRET", ceph.SECRET)
    lake.connect(bucket.url)
    words = [*lake.settings, "source.connection=lake", "state_connection=lake"]
    assert "sink.path: no credentials for S3: looked for" in lake.type(
        "run", "orders", *words, code=2
    )
    lake.type("run", "orders", *words, "sink.connection=lake")
    lake.assert_settled()
    here = ("--state", lake.state, "--state-connection", "lake")
    run_id = lake.runs(*here)[0]["run_id"]
    bucket.put(f".ingest-out_quarantine/{run_id}/1-9-1-0.staged", b"late")
    assert "removed unpublished files of run" in lake.type("clean", *here)
    lake.assert_settled()
    elsewhere = [f"contract.quarantine.path={bucket.uri}/bad", "sink.path=out"]
    lake.type("run", "orders", *words, *elsewhere, code=2)
    lake.type("run", "orders", *words, *elsewhere, "contract.quarantine.connection=lake")
    assert lake.objects("bad").height == 2
    assert ceph.SECRET not in "".join(
        bucket.get(key).decode("latin-1") for key in lake.keys("state")
    )


def test_a_store_that_fails_often_makes_it_slow_and_nothing_else(lake, proxied):
    open_store(lake.state).exists("x")
    proxied.arm("slowdown", times=None, share=0.3)
    proxied.arm("lost", times=None, share=0.05)
    lake.type("run", "orders", *lake.settings)
    assert min(proxied.faults["slowdown"], proxied.faults["lost"]) > 3
    proxied.calm()
    lake.assert_settled()
    run_id = lake.runs("--state", lake.state)[0]["run_id"]
    lake.type("verify", run_id, "--state", lake.state)


def faulty(lake, monkeypatch, faults):
    """Have all buckets of the next run, the state's too, share these faults; return the state."""

    class Faulty(Prefix):
        def __init__(self, uri, connection):
            above = uri.rpartition("/")[0]
            super().__init__(uri, connection, FaultyBucket(above, connection, faults))

    opening._prefix.cache_clear()
    monkeypatch.setattr(opening, "Prefix", Faulty)
    connection = usual("s3")
    bucket = FaultyBucket(lake.state, connection, faults)
    return Beating(ObjectStore(lake.state, connection, bucket), connection.max_tries)


class Beating(RetryingStore):
    """Passes over that the heartbeat of a dead process dies too: it has a thread of its own."""

    def replace(self, name, data):
        with suppress(Crash):
            super().replace(name, data)


@pytest.fixture
def requests(lake, monkeypatch):
    """Return how many requests a whole run makes."""
    faults = RequestFaults()
    with monkeypatch.context() as patched:
        drive(lake.request(store=faulty(lake, patched, faults)))
    opening._prefix.cache_clear()
    return faults.requests


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_anywhere_it_is_resumed_exactly(lake, requests, monkeypatch, when):
    for at in (requests // 3, requests - 45, requests - 25):
        with monkeypatch.context() as patched, suppress(Crash):
            drive(lake.request(store=faulty(lake, patched, RequestFaults(at, when))))
        opening._prefix.cache_clear()
        drive(lake.request())
        lake.assert_settled()


def test_of_two_states_that_race_for_a_prefix_one_claims_it(bucket):
    claims = [Claim("run1", "orders", "s3://one"), Claim("run2", "orders", "s3://other")]
    for race in range(20):
        start, won = threading.Barrier(2), []

        def claim(mine, start=start, won=won, race=race):
            place = Prefix(f"{bucket.uri}/{race}", usual("s3"))
            start.wait()
            with suppress(FatalError):
                place.claim(mine)
                won.append(mine.run_id)

        threads = [threading.Thread(target=claim, args=(mine,)) for mine in claims]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1, race
        Prefix(f"{bucket.uri}/{race}", usual("s3")).release(won[0])


class Dying(RetryingStore):
    """Dies once a run is committed."""

    def create(self, name, data):
        made = super().create(name, data)
        if "/ledger/" in name and b'"publish_begin"' in data:
            raise Crash
        return made


def test_between_the_commit_of_one_state_and_its_end_another_does_not_publish(lake):
    other = [f"state={lake.bucket.uri}/other", "sink.replaces_jobs=any"]
    with pytest.raises(Crash):
        drive(lake.request(store=Dying(ObjectStore(lake.state, usual("s3")), 3)))
    with pytest.raises(FatalError, match="is recorded in another state"):
        drive(lake.request(*other))
    assert lake.keys("out") == [], "nothing was published by either"
    drive(lake.request())
    assert sorted(lake.objects("out")["n"].to_list()) == WANTED
    drive(lake.request(*other))
    lake.assert_settled()


def test_two_states_that_run_at_once_publish_one_after_the_other_or_one_of_them(lake):
    start, done = threading.Barrier(2), []
    append = ("sink.write_disposition=append", "contract.on_error=skip")
    requests = [lake.request(*append, f"state={lake.bucket.uri}/state{n}") for n in range(2)]

    def race(request):
        start.wait()
        with suppress(FatalError):
            done.append(drive(request)["run_id"])

    threads = [threading.Thread(target=race, args=(request,)) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done
    assert sorted(lake.objects("out")["n"].to_list()) == sorted(WANTED * len(done))


def test_large_objects_are_staged_in_parts_and_copied(bucket):
    page = {"type": "jsonl", "path": f"{bucket.uri}/out", "write_disposition": "append"}
    sink = Jsonl.model_validate(page)
    rows = pl.DataFrame({"text": ["x" * 1000] * (2 * PART_BYTES // 1000)})
    (staged,) = sink.stage(rows, "run1", "1-0-1")
    assert staged.bytes > 2 * PART_BYTES
    lines = list(sink.prepare([(0, staged)], delivery("run1")))
    assert sink.publish(lines).rows == rows.height
    assert sink.verify(lines).problems == ()
    assert Bucket(bucket.uri, usual("s3")).size("out/run1-0000000-0.jsonl") == staged.bytes
