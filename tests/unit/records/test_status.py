"""The page of what a driver is doing: seldom written, never trusted."""

from ingest.core.errors import FatalError
from ingest.records.status import Status, working
from ingest.storage.objects import LocalStore
from ingest.testing.clock import SetClock


class Slow(LocalStore):
    """A store that takes its time, as a bucket does, and then has no space."""

    writes, full = 0, False

    def replace(self, name, data):
        self.writes += 1
        self.clock.sleep(0.1)
        if self.full:
            raise FatalError("no space")
        super().replace(name, data)


def test_it_is_written_each_second_and_takes_at_most_a_hundredth_of_the_time(tmp_path):
    store = Slow(tmp_path)
    store.clock = clock = SetClock()
    status = Status(store, "r", clock)
    status.tell([1])
    assert working(store, "r") == frozenset()  # a short run writes nothing
    for second in range(100):
        clock.sleep(1)
        status.tell([second, 7])
    assert 8 <= store.writes <= 11
    assert 7 in working(store, "r")


def test_what_cannot_be_written_or_read_is_unknown(tmp_path):
    store = Slow(tmp_path)
    store.clock, store.full = SetClock(), True
    status = Status(store, "r", store.clock)
    store.clock.sleep(2)
    status.tell([1])
    assert working(store, "r") == frozenset()
    for torn in ("", "[", "[]", '{"format": 1, "working": null}', '{"format": 2, "working": [1]}'):
        LocalStore(tmp_path).replace("runs/r/status.json", torn.encode())
        assert working(store, "r") == frozenset()
