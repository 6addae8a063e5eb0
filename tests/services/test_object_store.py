"""The state's objects in a bucket of a real S3 server: written once, whatever answers are lost."""

from contextlib import suppress

import pytest

from ingest.core.errors import ConfigError, FatalError
from ingest.storage.objects import open_store
from ingest.testing.stores import LAWS


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_bucket_keeps_the_laws_of_stores(bucket, law):
    law(lambda: open_store(bucket.uri))


def test_objects_are_called_by_their_uris(bucket):
    store = open_store(f"{bucket.uri}/")
    store.create("runs/a", b"")
    assert store.uri("runs") == f"{bucket.uri}/runs"
    assert sorted(bucket.keys()) == ["create-once.json", "runs/a"]


@pytest.mark.parametrize("mode", ["lost", "reset", "slowdown"])
def test_who_created_an_object_knows_it_although_the_answer_was_lost(bucket, proxied, mode):
    store = open_store(bucket.uri)
    store.create("first", b"")
    proxied.arm(mode, match="^PUT .*/x ", times=2)
    assert store.create("x", b"one")
    assert proxied.faults[mode] == 2
    assert not store.create("x", b"one"), "another request for the same bytes has not"
    assert store.read("x") == b"one"


def test_that_the_check_of_the_store_loses_its_answer_changes_nothing(bucket, proxied):
    proxied.arm("lost", match="^PUT ", times=2)
    assert open_store(bucket.uri).create("x", b"one")
    assert bucket.get("x") == b"one"


def test_a_torn_or_slow_answer_is_asked_for_again(bucket, proxied):
    store = open_store(bucket.uri)
    store.create("x", b"0123456789" * 1000)
    proxied.arm("truncate", match="^GET ")
    proxied.arm("delay", delay_s=0.2, match="^GET ")
    assert store.read("x") == b"0123456789" * 1000


def test_a_store_that_asks_for_patience_too_long_is_given_up_with_a_sentence(bucket, proxied):
    store = open_store(bucket.uri)
    store.create("x", b"one")
    proxied.arm("slowdown", times=None)
    with suppress(ConfigError, FatalError):
        store.replace("beat", b"")
    assert proxied.faults["slowdown"] == 3, "a heartbeat is given up soon"


def test_a_store_that_ignores_conditions_is_refused(careless_url, bucket, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", careless_url)
    store = open_store(bucket.uri)
    with pytest.raises(ConfigError, match=r"ignores conditional writes \(If-None-Match\), so two"):
        store.create("x", b"")
    assert store.names("") == [], "and nothing is left there"


def test_what_is_wrong_with_the_request_is_said_in_one_line(bucket, monkeypatch):
    def said(uri):
        with pytest.raises(ConfigError) as error:
            open_store(uri).names("runs")
        assert len(error.value.lines) == 1
        return str(error.value)

    assert "s3://no-such-bucket/x/runs: the bucket does not exist. Create it" in said(
        "s3://no-such-bucket/x"
    )
    with monkeypatch.context() as wrong:
        wrong.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        assert "access denied: SignatureDoesNotMatch. Check the credentials of the" in said(
            bucket.uri
        )
    with monkeypatch.context() as wrong:
        wrong.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        wrong.setattr("ingest.storage.retrying.FIRST_WAIT_S", 0.001)
        text = said(bucket.uri)
        assert "Connection refused, 6 times in a row. Check the network" in text


def test_missing_credentials_are_one_line_that_says_where_they_were_looked_for(
    tmp_path, monkeypatch
):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(ConfigError, match=r"looked for AWS_ACCESS_KEY_ID and .* Set one of these"):
        open_store("s3://bucket/state")
