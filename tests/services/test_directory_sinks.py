"""Directory sinks that publish to a bucket of a real server: the laws, and what is refused."""

import io
import json

import polars as pl
import pytest

from ingest.core.errors import ConfigError
from ingest.sinks.csv import Csv
from ingest.sinks.jsonl import Jsonl
from ingest.sinks.parquet import Parquet
from ingest.testing.sinks import LAWS, ROWS, Subject
from tests.services.bucket import BUCKET

FILES = {k: v for k, v in ROWS.schema.items() if k != "part"}
KINDS = {
    "parquet": (Parquet, {}, lambda data: pl.read_parquet(data, hive_partitioning=False)),
    "csv": (
        Csv,
        {"null_text": "NULL"},
        lambda data: pl.read_csv(data, null_values=["NULL"], schema=FILES),
    ),
    "jsonl": (Jsonl, {}, lambda data: pl.read_ndjson(data, schema=FILES)),
}


def seen(bucket, name):
    """Read all objects of a prefix as anybody would who knows the format."""
    frames = [ROWS.clear()]
    for key in bucket.keys("out/"):
        value = key.split("/")[1].removeprefix("part=")
        part = None if value == "__HIVE_DEFAULT_PARTITION__" else value
        frame = KINDS[name][2](io.BytesIO(bucket.get(key)))
        column = pl.lit(part, dtype=pl.String).alias("part")
        frames.append(frame.with_columns(column).select(ROWS.columns))
    return pl.concat(frames)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", KINDS)
def test_a_bucket_keeps_the_laws_of_sinks(bucket, name, law):
    kind, options, _ = KINDS[name]

    def make(disposition):
        place = {"path": f"{bucket.uri}/out", "write_disposition": disposition}
        return kind(type=name, partition_by=("part",), **place, **options)

    law(Subject(make, lambda: seen(bucket, name)))


def refusal(path, inputs=(), **options):
    page = {"type": "parquet", "path": path, "write_disposition": "overwrite", **options}
    with pytest.raises(ConfigError) as error:
        Parquet.model_validate(page).check(inputs)
    assert len(error.value.lines) == 1
    return str(error.value)


def test_what_cannot_work_is_refused_at_once_in_one_line(bucket, careless_url, monkeypatch):
    out = f"{bucket.uri}/out"
    assert f'path: "{out}" is inside the source "{bucket.uri}"' in refusal(out, [f"{bucket.uri}/"])
    s3a = out.replace("s3:", "s3a:")
    assert f'the source "{out}/a" is inside "{out}"' in refusal(s3a, [f"{s3a}/a"])
    assert "path: s3://no-such-bucket/.ingest-x: the bucket does not exist" in refusal(
        "s3://no-such-bucket/x"
    )
    assert "objects in it would have keys of up to 1," in refusal(f"{bucket.uri}/{'x' * 990}")
    assert "Write at most 4294967296" in refusal(out, target_file_bytes=5 * 1024**3)
    with monkeypatch.context() as wrong:
        wrong.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        assert "access denied: SignatureDoesNotMatch. Check the credentials" in refusal(f"{out}2")
    with monkeypatch.context() as none:
        none.delenv("AWS_ACCESS_KEY_ID")
        none.setenv("HOME", "/nowhere")
        assert "path: no credentials for S3: looked for AWS_ACCESS_KEY_ID" in refusal(f"{out}3")
    bucket.put("out/notes.txt", b"mine")
    assert f'"{out}" contains files that no run of ingest has published: "notes.txt"' in refusal(
        out
    )
    assert bucket.keys() == ["out/notes.txt"], "nothing is left by the checks"
    monkeypatch.setenv("AWS_ENDPOINT_URL", careless_url)
    assert "ignores conditional writes (If-None-Match), so runs of two states" in refusal(out)


def test_who_may_only_read_is_refused_before_anything_runs(bucket):
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": ["s3:PutObject"],
                "Resource": [f"arn:aws:s3:::{BUCKET}/{bucket.prefix}/*"],
            }
        ],
    }
    bucket.client.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
    try:
        text = refusal(f"{bucket.uri}/out")
    finally:
        bucket.client.delete_bucket_policy(Bucket=BUCKET)
    assert "access denied: AccessDenied. Check the credentials of the environment" in text


def test_objects_that_stand_for_folders_are_no_files(bucket):
    for key in ("out/", "out/part=a/"):
        bucket.put(key, b"")
    page = {"type": "parquet", "path": f"{bucket.uri}/out", "write_disposition": "overwrite"}
    sink = Parquet.model_validate(page)
    sink.check([])
    assert list(sink.place.files()) == []
