"""Publishing to a bucket, cut off at each of its requests, repeated, and made too late.

The bucket is in memory: what a real server adds is in tests/services.
"""

import contextlib
import io
import itertools
from dataclasses import dataclass, field

import obstore
import polars as pl
import pytest
from obstore.store import MemoryStore

from ingest.core.errors import FatalError
from ingest.sinks.base import Claim
from ingest.sinks.directory import manifest
from ingest.sinks.directory.bucket.place import Prefix
from ingest.sinks.directory.plan import PublishPlan
from ingest.sinks.jsonl import Jsonl
from ingest.storage.bucket import Bucket
from ingest.storage.connections import usual
from ingest.testing.faults import Crash, FaultyBucket, RequestFaults
from ingest.testing.sinks import delivery

OLD = pl.DataFrame({"month": [1, 1, 2], "value": ["old 1", "old 1b", "old 2"]})
NEW = pl.DataFrame({"month": [2, 3, 3], "value": ["new 2", "new 3", "new 3b"]})
LAST = pl.DataFrame({"month": [3], "value": ["last 3"]})
BEFORE = {"old 1", "old 1b", "old 2"}
EXPECTED = {
    "append": BEFORE | {"new 2", "new 3", "new 3b"},
    "overwrite": {"new 2", "new 3", "new 3b"},
    "overwrite_partitions": {"old 1", "old 1b", "new 2", "new 3", "new 3b"},
}
CONNECTION = usual("s3")
_PLACES = {}


class InMemory(Jsonl):
    """A sink whose place is given, and not opened."""

    @property
    def place(self):
        return _PLACES["place"]


@dataclass
class Desk:
    """A bucket in memory with the prefix `out`."""

    client: MemoryStore = field(default_factory=MemoryStore)

    def bucket(self, **fault):
        return FaultyBucket("s3://b", CONNECTION, RequestFaults(**fault), self.client)

    def place(self, bucket=None):
        _PLACES["place"] = Prefix("s3://b/out", CONNECTION, bucket or self.bucket())
        return _PLACES["place"]

    def sink(self, how):
        self.place()
        page = {"type": "jsonl", "path": "s3://b/out", "partition_by": ["month"]}
        return InMemory.model_validate({**page, "write_disposition": how})

    def prepared(self, how, rows, run_id):
        sink = self.sink(how)
        sink.stage(rows.head(1), run_id, "1-0-1")  # a try that lost
        files = [(0, file) for file in sink.stage(rows.head(1), run_id, "1-0-2")]
        files += [(1, file) for file in sink.stage(rows.tail(-1), run_id, "1-1-1")]
        return list(sink.prepare(files, delivery(run_id, "cut")))

    def publish(self, lines, **fault):
        """Publish; return how many requests that were."""
        faults = RequestFaults(**fault)
        bucket = FaultyBucket("s3://b", CONNECTION, faults, self.client)
        for _ in self.place(bucket).publish_steps(PublishPlan(lines), 0):
            pass
        return faults.requests

    @property
    def objects(self):
        pages = obstore.list(self.client)
        names = [entry["path"] for page in pages for entry in page]
        return {name: bytes(obstore.get(self.client, name).bytes()) for name in names}

    def copied(self):
        other = Desk()
        for name, data in self.objects.items():
            obstore.put(other.client, name, data)
        return other

    def values(self, names=None):
        found = self.objects
        names = [name for name in found if name.startswith("out/")] if names is None else names
        return [v for name in names for v in pl.read_ndjson(io.BytesIO(found[name]))["value"]]

    def by_manifest(self):
        return set(self.values([f"out/{name}" for name in manifest.current(self.place())]))

    def assert_settled(self, expected):
        assert sorted(self.values()) == sorted(expected), "each row once"
        assert self.by_manifest() == expected
        beside = [name for name in self.objects if not name.startswith("out/")]
        assert all("/manifests/" in name for name in beside), beside


def prepared(how):
    desk = Desk()
    desk.publish(desk.prepared("append", OLD, "run1"))
    return desk, desk.prepared(how, NEW, "run2")


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr("ingest.storage.retrying.FIRST_WAIT_S", 0.0001)


@pytest.mark.parametrize("when", ["before", "after", "lost"])
@pytest.mark.parametrize("how", EXPECTED)
def test_cut_at_any_request_the_next_attempt_finishes(how, when):
    whole, lines = prepared(how)
    for at in range(1, whole.copied().publish(lines) + 1):
        desk = whole.copied()
        try:
            desk.publish(lines, at=at, when=when)
        except Crash:
            assert when != "lost"
        seen = set(desk.values())
        assert seen >= BEFORE or seen >= EXPECTED[how], "nothing old goes before all new stands"
        assert desk.by_manifest() in (BEFORE, EXPECTED[how]), "all of a run, or nothing"
        desk.publish(lines)
        desk.assert_settled(EXPECTED[how])
        desk.publish(lines)
        desk.assert_settled(EXPECTED[how])


def test_cut_twice_the_third_attempt_finishes():
    whole, lines = prepared("overwrite_partitions")
    requests = whole.copied().publish(lines)
    for first, second in itertools.product(range(1, requests + 1, 2), range(1, requests + 1)):
        desk = whole.copied()
        for at in (first, second):
            with contextlib.suppress(Crash):
                desk.publish(lines, at=at, when="after")
        desk.publish(lines)
        desk.assert_settled(EXPECTED["overwrite_partitions"])


@pytest.mark.parametrize("last", EXPECTED)
@pytest.mark.parametrize("how", EXPECTED)
def test_a_late_attempt_changes_nothing(how, last):
    """An attempt stops at some step and wakes after another, and a new run, have published."""
    whole, lines = prepared(how)
    plan = PublishPlan(lines)
    steps = sum(1 for _ in whole.copied().place().publish_steps(plan, 0))
    for stop in range(steps + 1):
        desk = whole.copied()
        late = desk.place().publish_steps(plan, 0)
        for _ in itertools.islice(late, stop):
            pass
        desk.publish(lines)
        desk.publish(desk.prepared(last, LAST, "run3"))
        before = desk.objects
        for _ in late:
            pass
        assert desk.objects == before


@pytest.mark.parametrize("when", ["before", "after", "lost"])
def test_a_worker_that_is_cut_off_leaves_what_the_publish_removes(when):
    for at in range(1, 5):
        desk, _ = Desk(), None
        sink = desk.sink("append")
        desk.place(desk.bucket(at=at, when=when))
        with contextlib.suppress(Crash):
            sink.stage(OLD, "run1", "1-0-1")
        desk.place()
        lines = list(sink.prepare([(0, x) for x in sink.stage(OLD, "run1", "1-0-2")], RUN1))
        desk.publish(lines)
        desk.assert_settled(BEFORE)


RUN1 = delivery("run1", "cut")


def test_a_staged_object_that_vanished_stops_the_publish():
    desk, lines = prepared("overwrite")
    put = list(PublishPlan(lines).puts())[-1]
    obstore.delete(desk.client, [f".ingest-out/run2/{put.staged}"])
    with pytest.raises(FatalError, match="the staged object is gone"):
        desk.publish(lines)
    assert desk.by_manifest() == BEFORE
    staged = [(0, each) for each in desk.sink("append").stage(NEW, "run4", "1-1-1")]
    obstore.delete(desk.client, [".ingest-out/run4/1-1-1-1.staged"])
    with pytest.raises(FatalError, match=r"1-1-1-1\.staged: staged: the file has vanished"):
        list(desk.sink("append").prepare(staged, delivery("run4")))


def test_a_late_try_of_a_published_run_is_refused_and_leaves_nothing():
    desk, lines = prepared("append")
    desk.publish(lines)
    with pytest.raises(FatalError, match="run run2 is already published; this try is too late"):
        desk.sink("append").stage(LAST, "run2", "1-9-1")
    desk.assert_settled(EXPECTED["append"])


def test_a_foreign_object_is_never_removed():
    desk, lines = prepared("overwrite")
    obstore.put(desk.client, "out/notes.txt", b"mine")
    desk.publish(lines)
    assert desk.objects.pop("out/notes.txt") == b"mine"


ONE, OTHER = Claim("run1", "cut", "s3://one"), Claim("run9", "cut", "s3://other")


@pytest.mark.parametrize("when", ["before", "after", "lost"])
def test_a_claim_that_is_cut_off_stands_or_does_not(when):
    for at in range(1, 9):
        desk = Desk()
        with contextlib.suppress(Crash):
            desk.place(desk.bucket(at=at, when=when)).claim(ONE)
        desk.place().claim(ONE)
        with pytest.raises(FatalError, match=r"recorded in another state, s3://one\. Finish it"):
            desk.place().claim(OTHER)
        with contextlib.suppress(Crash):
            desk.place(desk.bucket(at=at, when=when)).release("run1")
        for run_id in ("run9", "run1", "run1"):
            desk.place().release(run_id)
        desk.place().claim(OTHER)
        assert len([name for name in desk.objects if "claims" in name]) == 1


class Stopped(Bucket):
    """A bucket whose user is stopped before it creates an object, and others go on meanwhile."""

    meanwhile = staticmethod(lambda: None)

    def create(self, name, data, token=""):
        self.meanwhile()
        self.meanwhile = lambda: None
        return super().create(name, data, token)


def test_whoever_wakes_with_an_old_number_has_not_claimed():
    desk = Desk()
    bucket = Stopped("s3://b", CONNECTION, desk.client)

    def others():
        desk.place().claim(ONE)
        desk.place().release("run1")
        desk.place().claim(ONE)

    bucket.meanwhile = others
    with pytest.raises(FatalError, match="recorded in another state, s3://one"):
        desk.place(bucket).claim(OTHER)
    assert list(desk.objects) == [".ingest-out/claims/000000003.json"]
