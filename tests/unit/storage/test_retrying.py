"""Requests are made again by one wrapper: with one token, growing waits, and a limit."""

import itertools

import pytest

from ingest.core.errors import ConfigError, FatalError, RetryableError, ThrottledError
from ingest.storage.objects import LocalStore
from ingest.storage.retrying import LONGEST_WAIT_S, Retrying, RetryingStore
from ingest.testing.clock import SetClock


class Failing(LocalStore):
    """Fails before each answer as often as it is told, and keeps the tokens of `create`."""

    def __init__(self, root, times):
        super().__init__(root)
        self.times, self.tokens = times, []

    def create(self, name, data, token=""):
        self.tokens.append(token)
        self._fail()
        return super().create(name, data)

    def exists(self, name):
        self._fail()
        return super().exists(name)

    def replace(self, name, data):
        self._fail()
        super().replace(name, data)

    def _fail(self):
        if self.times:
            self.times -= 1
            raise RetryableError("no answer")


def test_a_create_that_is_made_again_has_the_same_token(tmp_path):
    failing, clock = Failing(tmp_path, 2), SetClock()
    store = RetryingStore(failing, 5, clock)
    assert store.create("x", b"1")
    assert len(failing.tokens) == 3
    assert len(set(failing.tokens)) == 1
    assert not store.create("x", b"1")
    assert len(set(failing.tokens)) == 2
    assert (store.read("x"), store.names(""), store.size("x")) == (b"1", ["x"], 1)
    store.remove("x")
    assert not store.exists("x")


def test_a_store_that_never_answered_is_probably_another_and_one_that_did_has_failed(tmp_path):
    failing = Failing(tmp_path, 100)
    store = RetryingStore(failing, 12, SetClock())
    with pytest.raises(ConfigError, match=r"no answer, 6 times in a row\. Check the network, the"):
        store.exists("x")
    failing.times = 0
    assert not store.exists("x")
    failing.times = 100
    with pytest.raises(FatalError, match=r"no answer, 12 times in a row\. .* then run again"):
        store.exists("x")
    failing.times = 100
    with pytest.raises(FatalError, match="3 times"):
        store.replace("beat", b"")


def test_waits_grow_to_a_limit_and_what_the_store_asks_for_is_added():
    clock, waits = SetClock(), []

    def request():
        waits.append(clock.monotonic())
        raise ThrottledError("slow down", retry_after_s=100.0)

    with pytest.raises(ConfigError):
        Retrying(6, clock)(request)
    gaps = [after - before for before, after in itertools.pairwise(waits)]
    assert len(gaps) == 5
    assert all(100 <= gap <= 100 + LONGEST_WAIT_S for gap in gaps)
    assert gaps[0] <= 100.1
