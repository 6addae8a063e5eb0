"""Only new files of a bucket, known by their etags, with the cursor in a bucket too."""

import pytest

from ingest.config.load import load
from ingest.driver.drive import drive
from ingest.driver.request import Request
from ingest.job import Job
from ingest.storage.objects import open_store
from ingest.testing.faults import Crash, CrashingStore
from ingest.workers.in_process import InProcessWorkers
from tests.services.desk import Desk


@pytest.fixture
def desk(tmp_path, monkeypatch, capsys, bucket):
    monkeypatch.chdir(tmp_path)
    bucket.put("in/a.csv", b"n\n1\n")
    return Desk(tmp_path, capsys)


def settings(bucket):
    return [
        "orders",
        f"source.path={bucket.uri}/in",
        "source.incremental=files",
        "sink.write_disposition=append",
        f"state={bucket.uri}/state",
    ]


def test_new_objects_are_read_once_and_changed_ones_are_refused(desk, bucket):
    run = ["run", *settings(bucket)]
    desk.type(*run)
    bucket.put("in/b.csv", b"n\n2\n")
    desk.type(*run)
    assert desk.rows() == [1, 2]
    assert "nothing new: earlier runs have read 2 files" in desk.type(*run)

    bucket.put("in/a.csv", b"n\n3\n")  # of the same size: only the etag differs
    assert "in/a.csv is now 4 bytes of version" in desk.type(*run, code=2)
    assert "1 of 2 files marked as read (1 already were)" in desk.type(
        "cursor", "set", *settings(bucket)
    )
    assert "2 files read and published" in desk.type("cursor", "show", *settings(bucket))
    assert desk.rows() == [1, 2]


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_while_the_cursor_moves(desk, bucket, when):
    loaded = load(Job, None, settings(bucket))
    store = open_store(f"{bucket.uri}/state")

    class Dying(CrashingStore):
        def create(self, name, data):
            if "/cursor/" in name:
                self._at = min(self._at, self.creates + 1)
            return super().create(name, data)

    request = Request(loaded.job, loaded.yaml(), loaded.place, InProcessWorkers())
    request.store = Dying(store, 1000, when)
    with pytest.raises(Crash):
        drive(request)
    bucket.put("in/b.csv", b"n\n2\n")
    desk.type("run", *settings(bucket))
    desk.type("run", *settings(bucket))

    assert desk.rows() == [1, 2]
    assert "nothing new" in desk.type("run", *settings(bucket))
