"""A place in a bucket: what a sink will need of it, and what a dead upload leaves there."""

import pytest

from ingest.core.errors import FatalError
from ingest.storage.bucket import PART_BYTES, Bucket, Object
from ingest.storage.connections import usual
from ingest.storage.retrying import Retrying
from ingest.storage.uploads import abort, unfinished
from tests.services.bucket import BUCKET


@pytest.fixture
def place(bucket):
    return Bucket(bucket.uri, usual("s3"))


def test_objects_are_put_copied_listed_and_removed(place, bucket, tmp_path):
    place.put("a/small", b"1")
    file = tmp_path / "large"
    file.write_bytes(b"0123456789" * (PART_BYTES // 10 + 1))
    place.put("large", file)
    assert place.size("large") == file.stat().st_size
    assert bucket.get("large") == file.read_bytes()
    place.copy("a/small", "b/copy")
    assert sorted(place.objects()) == [
        Object("a/small", 1), Object("b/copy", 1), Object("large", file.stat().st_size),
    ]  # fmt: skip
    assert list(place.objects("a")) == [Object("a/small", 1)]
    with pytest.raises(FileNotFoundError):
        place.copy("nothing", "x")
    place.remove(["a/small", "large", "nothing"])
    assert bucket.keys() == ["b/copy"]
    assert place.size("large") is None


@pytest.mark.parametrize(
    "name", ["é x", "a+b", "a%20b", "day=2026-01-01/x", "q?x#h", "back\\slash"]
)
def test_names_are_what_they_are(place, bucket, name):
    place.put(f"k/{name}", b"1")
    place.copy(f"k/{name}", f"c/{name}")
    assert bucket.keys() == [f"c/{name}", f"k/{name}"]
    assert [each.name for each in place.objects("k")] == [f"k/{name}"]


@pytest.mark.parametrize("name", ["a\tb", "a//b", "../x"])
def test_names_that_no_store_takes_are_refused(place, name):
    with pytest.raises(FatalError, match="an object cannot have this name"):
        place.put(name, b"1")


def test_an_upload_in_parts_is_made_again_after_faults(place, proxied, bucket):
    again, data = Retrying(12), bytes(2 * PART_BYTES + 1)
    faulty = Bucket(bucket.uri, usual("s3"))
    again(lambda: faulty.names(""))
    proxied.arm("lost", match="^PUT .*partNumber=2")
    proxied.arm("slowdown", match="^POST .*uploadId")
    again(lambda: faulty.put("x", data))
    assert proxied.faults == {"lost": 1, "slowdown": 1}
    assert place.size("x") == len(data)


def test_uploads_that_nobody_completes_are_found_and_aborted(bucket):
    began = bucket.client.create_multipart_upload(Bucket=BUCKET, Key=f"{bucket.prefix}/a/x")
    connection = usual("s3")
    (upload,) = unfinished(connection, bucket.uri)
    assert (upload.name, upload.number) == ("a/x", began["UploadId"])
    assert unfinished(connection, f"{bucket.uri}/b") == []
    for _ in range(2):
        abort(connection, bucket.uri, upload)
    assert unfinished(connection, bucket.uri) == []
    with pytest.raises(FatalError, match=r"uploads cannot be listed: .*NoSuchBucket"):
        unfinished(connection, "s3://no-such-bucket")
