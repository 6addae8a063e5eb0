"""An object as a file: any reading gives its bytes, of one version, or an error."""

import io
import random
import zlib
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pyarrow as pa
import pytest
from obstore.store import MemoryStore

from ingest.core.errors import ThrottledError
from ingest.storage import object_file
from ingest.storage.bucket import Bucket
from ingest.storage.connections import S3Connection
from ingest.storage.object_file import ObjectChangedError, ObjectFile

DATA = random.Random(3).randbytes(1_000_003)


class Recorded(Bucket):
    """Objects in memory; says which ranges were asked for, and may refuse."""

    def __init__(self):
        super().__init__("s3://bucket", S3Connection(type="s3"), MemoryStore())
        self.ranges = []
        self.refuse_from = len(DATA) + 1

    def read_version(self, name, etag, start, end):
        if end > self.refuse_from:
            raise ThrottledError("busy")
        self.ranges.append((start, end))
        return super().read_version(name, etag, start, end)


@pytest.fixture
def bucket(monkeypatch):
    monkeypatch.setattr(object_file, "FIRST_BYTES", 1000)
    monkeypatch.setattr(object_file, "AHEAD_BYTES", 50_000)
    monkeypatch.setattr(object_file, "REQUEST_BYTES", 200_000)
    bucket = Recorded()
    bucket.put("x", DATA)
    return bucket


def opened(bucket, reopen=None):
    return ObjectFile(bucket, "x", *bucket.version("x"), reopen or pytest.fail)


def test_whatever_is_read_is_what_a_file_gives(bucket):
    chance, plain, file = random.Random(5), io.BytesIO(DATA), opened(bucket)
    for _ in range(500):
        if chance.random() < 0.3:
            place = chance.choice([(0, 0), (chance.randrange(len(DATA) + 9), 0), (-77, 2), (5, 1)])
            assert file.seek(*place) == plain.seek(*place)
        size = chance.choice([0, 1, 999, 4096, 70_000])
        assert file.read(size) == plain.read(size)
        assert file.tell() == plain.tell()
    file.seek(7)
    assert file.read() == DATA[7:]
    assert file.read(1) == b""


def test_a_little_is_fetched_for_a_header_and_more_of_what_is_read_on(bucket):
    file = opened(bucket)
    assert file.read(10) == DATA[:10]
    assert bucket.ranges == [(0, 1000)]
    while file.read(500):
        pass
    sizes = [end - start for start, end in bucket.ranges]
    assert sizes[:5] == [1000, 4000, 16_000, 50_000, 50_000]
    assert sum(sizes) == len(DATA), "nothing twice"


def test_what_is_large_is_fetched_in_several_requests(bucket):
    assert opened(bucket).read() == DATA
    assert max(end - start for start, end in bucket.ranges) == 200_000
    assert len(bucket.ranges) == 6


def test_pyarrow_reads_it(bucket):
    with pa.PythonFile(opened(bucket), "r") as file:
        assert zlib.crc32(file.read()) == zlib.crc32(DATA)


def test_of_another_version_nothing_is_read(bucket):
    file = opened(bucket)
    file.read(10)
    bucket.put("x", DATA[::-1])
    assert file.read(990) == DATA[10:1000], "that was fetched before"
    with pytest.raises(ObjectChangedError):
        file.read(1)
    bucket.remove(["x"])
    with pytest.raises(FileNotFoundError):
        file.read(1)


def test_what_fails_is_read_by_the_other_file_from_there_on(bucket):
    bucket.refuse_from = 500_000
    files = []

    def reopen():
        files.append(io.BytesIO(DATA))
        return files[-1]

    with opened(bucket, reopen) as file:
        assert b"".join(iter(lambda: file.read(7_000), b"")) == DATA
    assert len(files) == 1
    assert files[0].closed


class Careless(BaseHTTPRequestHandler):
    """A store that ignores conditions: it answers with the version that it has."""

    def do_GET(self):
        self.send_response(206)
        for name, value in {
            "Content-Length": "3",
            "Content-Range": "bytes 0-2/9",
            "ETag": '"new"',
            "Last-Modified": "Mon, 30 Nov 2026 00:00:00 GMT",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"abc")

    def log_message(self, *words):
        pass


def test_a_store_that_ignores_conditions_is_noticed():
    with HTTPServer(("127.0.0.1", 0), Careless) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_port}"
        bucket = Bucket("s3://b", S3Connection(type="s3", endpoint=endpoint, anonymous=True))
        assert bucket.read_version("x", '"new"', 0, 3) == b"abc"
        with pytest.raises(ObjectChangedError):
            bucket.read_version("x", '"old"', 0, 3)
        server.shutdown()
