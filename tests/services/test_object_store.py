"""The state's objects in a bucket of a real S3 server: written once, whatever answers are lost."""

import threading
from contextlib import suppress

import pytest

from ingest.core.errors import ConfigError, FatalError
from ingest.storage.objects import open_store


def test_an_object_is_created_once_and_listed_like_a_file(bucket):
    store = open_store(bucket.uri)
    assert store.create("runs/a/ledger/0", b"one")
    assert not store.create("runs/a/ledger/0", b"two")
    assert store.read("runs/a/ledger/0") == b"one"
    assert store.create("runs/a/mark", b"")
    assert store.names("runs/a") == ["ledger", "mark"]
    assert store.names("") == ["runs"]
    assert store.names("nowhere") == []
    assert (store.size("runs/a"), store.size("runs/a/ledger/0"), store.size("x")) == (3, 3, 0)
    assert store.exists("runs/a/mark")
    assert not store.exists("runs/a/nothing")
    with pytest.raises(FileNotFoundError):
        store.read("nothing")
    store.replace("beat", b"1")
    store.replace("beat", b"2")
    assert store.read("beat") == b"2"
    for name in ("runs/a", "beat", "nothing"):
        store.remove(name)
    assert store.names("") == []
    assert store.create("runs/a/ledger/0", b"again")
    assert store.uri("runs") == f"{bucket.uri}/runs"


def test_of_many_that_create_at_once_one_wins(bucket):
    open_store(bucket.uri).create("first", b"")
    won = []

    def create(number):
        if open_store(bucket.uri).create("x", b"%d" % number):
            won.append(number)

    threads = [threading.Thread(target=create, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert open_store(bucket.uri).read("x") == b"%d" % won[0]


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
