"""The ledger is the fence: one writer at a time, and a late one has no effect."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.errors import FatalError, FencedError
from ingest.core.outcome import Outcome
from ingest.records.events import AttemptBegan, RunAbandoned, RunDone, Settled, Warned
from ingest.records.ledger import Ledger
from ingest.records.reader import Reader
from ingest.storage.objects import LocalStore
from ingest.testing.clock import SetClock
from ingest.testing.faults import Crash, CrashingStore


def reopened(store, run_id="r"):
    """Return the ledger as the next attempt has read it."""
    reader = Reader(store, run_id)
    list(reader.events())
    return Ledger(store, run_id, after=reader.read)


def kinds(store, run_id="r"):
    return [event.name for event in Reader(store, run_id).events()]


BEGAN = AttemptBegan()
SETTLED = Settled(outcome=Outcome((1, 0, 1), "p"))


def test_what_was_appended_is_read_back_in_order(tmp_path):
    store = LocalStore(tmp_path)
    ledger = Ledger(store, "r")
    told = []
    ledger.listen(told.append)
    assert ledger.begin(AttemptBegan(host="here")) == 1
    ledger.append(SETTLED)
    ledger.append(RunDone())
    ledger.flush()
    events = list(Reader(store, "r").events())
    assert [event.name for event in events] == ["attempt", "settled", "done"]
    assert events[1].outcome == SETTLED.outcome
    assert events == told, "listeners get what is read back"


def test_a_later_attempt_fences_the_one_before(tmp_path):
    store = LocalStore(tmp_path)
    first = Ledger(store, "r", SetClock())
    first.begin(BEGAN)
    second = reopened(store)
    assert second.begin(BEGAN) == 2
    first.append(SETTLED)
    with pytest.raises(FencedError, match="attempt 2 has taken over from attempt 1"):
        first.flush()
    second.append(RunDone())
    second.flush()
    assert kinds(store) == ["attempt", "attempt", "done"]


def test_of_two_that_begin_at_once_one_is_fenced(tmp_path):
    store = LocalStore(tmp_path)
    one, other = Ledger(store, "r"), Ledger(store, "r")

    class Late:
        """A store whose listing is a moment old."""

        def names(self, folder):
            names = store.names(folder)
            one.begin(BEGAN)
            return names

        def __getattr__(self, name):
            return getattr(store, name)

    other._reader._store = Late()
    with pytest.raises(FencedError, match="attempt 1 has taken over"):
        other.begin(BEGAN)
    assert kinds(store) == ["attempt"]


def test_who_slept_before_it_began_does_not_go_on_with_what_others_have_ended(tmp_path):
    store = LocalStore(tmp_path)
    sleeper, other = reopened(store), reopened(store)
    other.begin(BEGAN)
    other.append(RunAbandoned())
    other.flush()
    with pytest.raises(
        FencedError, match="attempt 1 has taken over from this attempt before it started"
    ):
        sleeper.begin(BEGAN)
    assert kinds(store) == ["attempt", "abandoned"]


def test_a_ledger_whose_last_object_has_vanished_is_not_continued(tmp_path):
    store = LocalStore(tmp_path)
    ledger = Ledger(store, "r", SetClock())
    ledger.begin(BEGAN)
    (tmp_path / "runs/r/ledger/00000000.jsonl").unlink()
    ledger.append(RunDone())
    with pytest.raises(FatalError, match=r"00000000\.jsonl was deleted"):
        ledger.flush()


def test_an_object_cut_off_at_the_end_of_a_line_is_damaged(tmp_path):
    store = LocalStore(tmp_path)
    ledger = Ledger(store, "r", SetClock())
    ledger.begin(BEGAN)
    ledger.append(Warned(message="one"))
    ledger.append(Warned(message="two"))
    ledger.flush()
    path = tmp_path / "runs/r/ledger/00000001.jsonl"
    path.write_text(path.read_text().rstrip("\n").rpartition("\n")[0] + "\n")
    with pytest.raises(FatalError, match=r"the ledger is damaged: 1 events instead of 2"):
        kinds(store)


def test_a_lost_answer_to_our_own_write_is_not_a_fence(tmp_path):
    store = LocalStore(tmp_path)

    class LosesAnswers(LocalStore):
        def create(self, name, data):
            super().create(name, data)
            return False

    ledger = Ledger(LosesAnswers(tmp_path), "r")
    ledger.begin(BEGAN)
    ledger.append(RunDone())
    ledger.flush()
    assert kinds(store) == ["attempt", "done"]


def test_it_is_written_within_a_second(tmp_path):
    clock = SetClock()
    store = LocalStore(tmp_path)
    ledger = Ledger(store, "r", clock)
    ledger.begin(BEGAN)
    ledger.append(SETTLED)
    ledger.flush_if_due()
    assert kinds(store) == ["attempt"]
    clock.advance(1.0)
    ledger.flush_if_due()
    assert kinds(store) == ["attempt", "settled"]


class Takes(LocalStore):
    """A store that needs so long to create an object, by a clock that is set."""

    def __init__(self, root, clock, seconds):
        super().__init__(root)
        self.clock, self.seconds = clock, seconds

    def create(self, name, data):
        self.clock.advance(self.seconds)
        return super().create(name, data)


@pytest.mark.parametrize(("takes_s", "apart_s"), [(0.0, 0.01), (0.002, 0.02), (0.03, 0.05)])
def test_what_is_quick_to_write_is_written_sooner(tmp_path, takes_s, apart_s):
    clock = SetClock()
    store = Takes(tmp_path, clock, takes_s)
    ledger = Ledger(store, "r", clock)
    ledger.begin(BEGAN)
    ledger.append(SETTLED)
    ledger.flush()
    clock.advance(apart_s - takes_s - 0.001)
    ledger.append(SETTLED)
    assert kinds(store) == ["attempt", "settled"]
    clock.advance(0.002)
    ledger.flush_if_due()
    assert kinds(store) == ["attempt", "settled", "settled"]


def test_a_damaged_ledger_is_an_error_that_names_the_file(tmp_path):
    store = LocalStore(tmp_path)
    Ledger(store, "r").begin(BEGAN)
    path = tmp_path / "runs/r/ledger/00000000.jsonl"
    path.write_text(path.read_text()[:40])
    with pytest.raises(FatalError, match=r"00000000\.jsonl: the ledger is damaged"):
        kinds(store)


def test_a_format_of_the_future_is_refused(tmp_path):
    store = LocalStore(tmp_path)
    Ledger(store, "r").begin(BEGAN)
    path = tmp_path / "runs/r/ledger/00000000.jsonl"
    path.write_text(path.read_text().replace('"format":1', '"format":9'))
    with pytest.raises(FatalError, match=r"format 9.*reads format 1"):
        kinds(store)


@given(
    crashes=st.lists(st.tuples(st.integers(1, 6), st.sampled_from(["before", "after"])), max_size=5)
)
def test_any_sequence_of_crashes_leaves_each_event_at_most_once_and_in_order(
    tmp_path_factory, crashes
):
    store = LocalStore(tmp_path_factory.mktemp("state"))
    number = 0
    for at, when in crashes:
        with contextlib.suppress(Crash):
            ledger = reopened(CrashingStore(store, at, when))
            ledger.begin(BEGAN)
            while True:
                number += 1  # first: an append that is overdue writes, and may die of that
                ledger.append(Warned(message=str(number)))
                ledger.flush()
    reopened(store).begin(BEGAN)
    written = [
        int(event.message) for event in Reader(store, "r").events() if event.name == "warned"
    ]
    assert written == sorted(set(written))


def test_a_gap_is_an_error_and_not_an_endless_search(tmp_path):
    store = LocalStore(tmp_path)
    for _ in range(3):
        reopened(store).begin(BEGAN)
    (tmp_path / "runs/r/ledger/00000001.jsonl").unlink()
    with pytest.raises(FatalError, match=r"00000001\.jsonl is missing"):
        Ledger(store, "r").begin(BEGAN)
