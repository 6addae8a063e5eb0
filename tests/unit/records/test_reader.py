"""A reader follows a ledger from where it stopped, and has no part in who may write."""

import pytest

from ingest.core.errors import FatalError
from ingest.records.events import AttemptBegan, RunDone, Warned
from ingest.records.ledger import Ledger
from ingest.records.reader import START, Position, Reader
from ingest.records.runs import OtherFormatError
from ingest.storage.objects import LocalStore


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path)


def begun(store):
    ledger = Ledger(store, "r", after=len(store.names("runs/r/ledger")))
    ledger.begin(AttemptBegan())
    return ledger


def write(ledger, *messages):
    for message in messages:
        ledger.append(Warned(message=message))
    ledger.flush()


class Counting:
    """A store that counts what it is asked, and cannot be written to."""

    def __init__(self, store):
        self.store, self.asked = store, []

    def read(self, name):
        self.asked.append(name)
        return self.store.read(name)


def test_it_goes_on_where_it_stopped_wherever_that_was(store):
    reader, ledger = Reader(store, "r"), begun(store)
    write(ledger, "one", "two", "three")
    seen = list(reader.follow())
    assert [event.name for _, event in seen] == ["attempt", "warned", "warned", "warned"]
    for number, (position, _) in enumerate(seen, 1):
        assert list(reader.follow(position)) == seen[number:]
    last = seen[-1][0]
    write(ledger, "four")
    ((last, event),) = reader.follow(last)
    assert event.message == "four"
    assert list(reader.follow(last)) == []


def test_what_is_not_there_yet_is_no_error(store):
    reader = Reader(store, "r")
    assert list(reader.follow()) == []
    begun(store)
    assert [position for position, _ in reader.follow()] == [Position(1)]
    assert list(reader.follow(Position(7))) == []


def test_to_ask_costs_one_look_at_the_store_and_nothing_else(store):
    ledger = begun(store)
    for number in range(20):
        write(ledger, str(number))
    watched = Counting(store)
    *_, (last, _) = Reader(watched, "r").follow()
    watched.asked.clear()
    assert list(Reader(watched, "r").follow(last)) == []
    assert watched.asked == ["runs/r/ledger/00000021.jsonl"]


def test_whoever_follows_changes_nothing_about_who_may_write(store):
    ledger = begun(store)
    reader = Reader(store, "r")
    list(reader.follow(START))
    assert reader.read == 0, "only what was read as a whole can be taken over"
    write(ledger, "one")
    ledger.append(RunDone())
    ledger.flush()
    assert [event.name for event in reader.events()] == ["attempt", "warned", "done"]
    assert reader.read == len(store.names("runs/r/ledger"))


def test_an_event_of_a_later_release_is_refused_with_what_to_do(store, tmp_path):
    write(begun(store), "one")
    file = tmp_path / "runs/r/ledger/00000001.jsonl"
    for mine, theirs, said in (
        ('"event":"warned"', '"event":"paused"', 'unknown event "paused"'),
        ('"warned",', '"warned","version":2,', 'event "warned" of version 2, up to 1 is known'),
    ):
        whole = file.read_text()
        file.write_text(whole.replace(mine, theirs))
        for read in (Reader(store, "r").events, Reader(store, "r").follow):
            with pytest.raises(OtherFormatError, match=said) as error:
                list(read())
            assert "00000001.jsonl" in str(error.value)
            assert "Update ingest, then type the same command again" in str(error.value)
        file.write_text(whole)


def test_an_event_without_its_keys_is_damage_and_no_traceback(store, tmp_path):
    write(begun(store), "one")
    file = tmp_path / "runs/r/ledger/00000001.jsonl"
    for line in ('{"event":"warned","at":""}', '{"at":""}', "[]", '{"event":[]}'):
        header = file.read_text().splitlines()[0]
        file.write_text(f"{header}\n{line}\n")
        with pytest.raises(FatalError, match=r"00000001\.jsonl: the ledger is damaged"):
            list(Reader(store, "r").events())
