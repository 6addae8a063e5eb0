"""Objects are written once and whole."""

import threading

import pytest

from ingest.core.errors import ConfigError
from ingest.core.storage import LocalStore, open_store


def test_only_the_first_create_wins(tmp_path):
    store = LocalStore(tmp_path)
    assert store.create("a/b", b"one")
    assert not store.create("a/b", b"two")
    assert store.read("a/b") == b"one"
    assert store.names("a") == ["b"]


def test_of_many_that_create_at_once_one_wins(tmp_path):
    store = LocalStore(tmp_path)
    won = []
    threads = [
        threading.Thread(target=lambda n=n: won.append(n) if store.create("x", b"%d" % n) else None)
        for n in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert store.read("x") == b"%d" % won[0]


def test_replacing_is_for_heartbeats(tmp_path):
    store = LocalStore(tmp_path)
    store.replace("beat", b"1")
    store.replace("beat", b"2")
    assert store.read("beat") == b"2"
    assert store.exists("beat")
    assert not store.exists("nothing")
    assert store.names("nowhere") == []


def test_a_place_that_cannot_be_written_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"the state cannot be written.*state=DIR"):
        LocalStore(tmp_path / "file").create("a", b"")


def test_only_local_places_have_a_store_yet(tmp_path):
    assert open_store(f"file://{tmp_path}").uri() == str(tmp_path)
    with pytest.raises(ConfigError, match='no store for "s3://bucket/state"'):
        open_store("s3://bucket/state")
