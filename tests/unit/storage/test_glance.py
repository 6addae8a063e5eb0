"""Whoever only watches asks a store little, and never twice in one look."""

from collections import Counter

import pytest

from ingest.storage.glance import KEPT_BYTES, Glance
from ingest.storage.objects import LocalStore


class Counting(LocalStore):
    """A store that counts what it is asked."""

    def __init__(self, root):
        super().__init__(root)
        self.asked = Counter()

    def read(self, name):
        self.asked[name] += 1
        return super().read(name)

    def exists(self, name):
        self.asked[name] += 1
        return super().exists(name)

    def names(self, folder):
        self.asked[folder] += 1
        return super().names(folder)


@pytest.fixture
def store(tmp_path):
    return Counting(tmp_path)


def test_in_one_look_nothing_is_asked_twice_and_in_the_next_what_may_be_new(store):
    glance = Glance(store)
    store.create("runs/r/run.json", b"{}")
    store.replace("runs/r/status.json", b"1")
    for look in (1, 2):
        for _ in range(3):
            assert glance.read("runs/r/run.json") == b"{}"
            assert glance.read("runs/r/status.json") == b"%d" % look
            assert glance.exists("runs/r/receipt.json") == (look == 2)
            assert len(glance.names("runs/r")) == 1 + look
        store.replace("runs/r/status.json", b"2")
        store.create("runs/r/receipt.json", b"{}")
        assert store.asked["runs/r/run.json"] == 1
        assert store.asked["runs/r/status.json"] == look
        glance.look()


def test_what_was_absent_is_looked_for_again(store):
    glance = Glance(store)
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            glance.read("runs/r/ledger/00000000.jsonl")
    assert store.asked.total() == 1
    store.create("runs/r/ledger/00000000.jsonl", b"x")
    glance.look()
    assert glance.read("runs/r/ledger/00000000.jsonl") == b"x"


def test_large_objects_are_not_kept_and_nothing_is_written(store):
    store.create("large", b"x" * (KEPT_BYTES + 1))
    glance = Glance(store)
    assert glance.read("large") == glance.read("large")
    assert store.asked["large"] == 2
    for refused in (glance.create, glance.replace):
        with pytest.raises(NotImplementedError):
            refused("x", b"")
    with pytest.raises(NotImplementedError):
        glance.remove("large")
