"""Objects of S3 as sources read them: the planned version exactly, whatever fails, or an error."""

import random

import fsspec.config
import pytest

from ingest.core.errors import RetryableError
from ingest.core.partition import Slice
from ingest.sources.files import direct
from ingest.sources.files.identity import InputChangedError
from ingest.sources.files.opening import open_input
from ingest.storage.object_file import ObjectFile
from tests.services.bucket import BUCKET

DATA = random.Random(1).randbytes(3_000_000)
STEP = 100_000


def forget_clients():
    direct._bucket.cache_clear()
    fsspec.filesystem("s3").clear_instance_cache()


def placed(bucket, name) -> Slice:
    """Put an object, and return the slice that a plan has of it."""
    bucket.put(name, DATA)
    key = f"{bucket.prefix}/{name}"
    etag = bucket.client.head_object(Bucket=BUCKET, Key=key)["ETag"].strip('"')
    return Slice(f"{bucket.uri}/{name}", len(DATA), etag, bytes=len(DATA))


@pytest.fixture
def piece(bucket) -> Slice:
    return placed(bucket, "x.csv")


@pytest.fixture
def failing(piece, proxied):
    """Return the proxy that all clients go through from now on."""
    forget_clients()
    yield proxied
    forget_clients()


def content(piece):
    with open_input(piece) as file:
        return b"".join(iter(lambda: file.read(STEP), b""))


def content_if(piece, happens, after_bytes=STEP):
    """Return what is read if something happens meanwhile."""
    with open_input(piece) as file:
        first = file.read(after_bytes)
        happens()
        return first + file.read()


def test_no_more_is_asked_than_two_times_for_the_version_and_once_for_each_range(piece, failing):
    with open_input(piece) as file:
        assert isinstance(file, ObjectFile)
        assert file.read() == DATA
    assert [line.partition(" ")[0] for line in failing.requests] == ["HEAD", "GET", "HEAD"]


@pytest.mark.parametrize("name", ["a b+c%20d.csv", "ü=1/#&?.csv", "a//b.csv", "~'();:@$,![].csv"])
def test_names_of_any_kind(bucket, name):
    assert content(placed(bucket, name)) == DATA


def test_an_object_that_is_replaced_while_it_is_read_is_an_error(piece, bucket):
    with pytest.raises(InputChangedError, match="and is now"):
        content_if(piece, lambda: bucket.put("x.csv", DATA[::-1]))
    with pytest.raises(InputChangedError, match="and is now"):
        content(piece)


def test_one_that_is_replaced_when_all_is_read_is_an_error_too(piece, bucket):
    with pytest.raises(InputChangedError, match="and is now"):
        content_if(piece, lambda: bucket.put("x.csv", DATA[::-1]), after_bytes=len(DATA))


def test_one_that_is_removed_while_it_is_read_is_gone(piece, bucket):
    key = f"{bucket.prefix}/x.csv"
    with pytest.raises(InputChangedError, match="and is gone"):
        content_if(piece, lambda: bucket.client.delete_object(Bucket=BUCKET, Key=key))


@pytest.mark.parametrize("fault", ["slowdown", "reset", "truncate"])
def test_requests_that_fail_are_made_again(piece, failing, fault):
    assert content_if(piece, lambda: failing.arm(fault, match="^GET ")) == DATA
    assert failing.faults[fault] == 1


def test_one_that_is_replaced_while_a_request_is_made_again_is_an_error(piece, bucket, failing):
    def replace():
        failing.arm("reset", match="^GET ")
        bucket.put("x.csv", DATA[::-1])

    with pytest.raises(InputChangedError, match="and is now"):
        content_if(piece, replace)


def test_a_store_that_never_answers_is_tried_again_later(piece, failing, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    failing.arm("reset", times=None)
    with pytest.raises(RetryableError, match="the storage did not answer"):
        content(piece)


def test_where_obstore_cannot_be_told_what_fsspec_knows_fsspec_reads(piece, monkeypatch):
    monkeypatch.setitem(fsspec.config.conf, "s3", {"anon": False})
    with open_input(piece) as file:
        assert not isinstance(file, ObjectFile)
        assert file.read() == DATA
