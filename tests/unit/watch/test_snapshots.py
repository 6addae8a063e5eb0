"""What a driver writes down of a long ledger says what the ledger says, or nothing at all."""

import json
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import get_args, get_type_hints

import pytest

from benchmarks.scripts.recorded import Recorded
from ingest.core.errors import FatalError
from ingest.core.outcome import Staged
from ingest.core.partition import Partition, Slice
from ingest.records.events import AttemptBegan, Combined, PartitionSplit, Stalled
from ingest.records.ledger import Ledger
from ingest.records.reader import Reader
from ingest.storage.objects import LocalStore
from ingest.testing.clock import SetClock
from ingest.watch.snapshots import FORMAT, Keeper, encoded, read_on, snapshot, told
from ingest.watch.story import Story

RUN = Recorded("orders", datetime(2026, 11, 1, tzinfo=UTC), partitions=60, completed=40, ending="",
               rejecting=7, retrying=11)  # fmt: skip
PARTS = (Partition(60, "a", (Slice("in/a", 9, "1"),)), Partition(61, "b", ()))
MORE = (
    PartitionSplit(partition="c", index=41, tries=1, kind="out_of_memory", message="m",
                   children=PARTS),
    Combined(output="main", index=62, parts=((1, 0), (2, 0)), bytes=20,
             staged=Staged("main", 7, 15, {"name": "x"})),
    Stalled(message="a node", seconds=7),
)  # fmt: skip


class Watched:
    """A run whose ledger is written by this process, and kept by a driver's keeper."""

    def __init__(self, store, after=0):
        self.store, self.clock = store, SetClock(datetime(2026, 11, 1, tzinfo=UTC))
        self.ledger = Ledger(store, RUN.run_id, self.clock, after=after)
        self.keeper = Keeper(store, RUN.run_id, self.clock)
        self.history = read_on(store, RUN.run_id).telling.history
        self.ledger.listen(self.history.see)
        self.ledger.listen(lambda event: self.keeper(event, self.history))
        self.ledger.kept_by(self.keeper.flushed)
        self.ledger.begin(AttemptBegan(run_id=RUN.run_id, job="orders", resumed=bool(after)))

    def write(self, events, each=1, apart_s=0.01):
        for number, event in enumerate(events, 1):
            self.ledger.append(event)
            self.clock.sleep(apart_s)
            if number % each == 0:
                self.ledger.flush()
        self.ledger.flush()


def folded(store):
    """Return the story by the events alone."""
    story = Story()
    for event in Reader(store, RUN.run_id).events():
        story.see(event)
    return story


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path)


def events():
    return [event for event in RUN.events() if not isinstance(event, AttemptBegan)]


def test_with_what_came_since_it_says_what_the_whole_ledger_says(store):
    run = Watched(store)
    run.write([*events()[:1], *MORE, *events()[1:]])
    early = snapshot(store, RUN.run_id)
    assert 16 <= early.telling.position.object < run.ledger._next
    story = read_on(store, RUN.run_id)
    assert story.telling.history == run.history
    story.telling.position = early.telling.position = Story().telling.position
    assert story == folded(store)
    assert early.telling.history.children[61] == PARTS[1]


def test_a_later_attempt_goes_on_from_it(store):
    Watched(store).write(events()[:30])
    second = Watched(store, after=len(store.names(f"runs/{RUN.run_id}/ledger")))
    second.write(events()[30:])
    story = read_on(store, RUN.run_id)
    assert [page.settled for page in story.telling.attempts.pages] == [26, 14]
    assert story.telling.position.object - snapshot(store, RUN.run_id).telling.position.object < 16
    story.telling.position = Story().telling.position
    assert story == folded(store)


def test_a_short_run_has_none(store):
    Watched(store).write(events(), each=500, apart_s=0.001)  # 6 objects
    assert len(store.names(f"runs/{RUN.run_id}/ledger")) < 16
    assert snapshot(store, RUN.run_id) is None
    assert told(store, RUN.run_id).history.totals.partitions == 40


class Slow(LocalStore):
    """A store that takes its time, as a bucket does."""

    writes = 0

    def replace(self, *_):
        self.writes += 1
        self.clock.sleep(1)


def test_writing_takes_at_most_a_hundredth_of_the_time(tmp_path):
    store = Slow(tmp_path)
    run = Watched(store)
    store.clock = run.clock
    run.write(events()[:1])
    for number in range(200):
        run.clock.sleep(2)
        run.write([Stalled(message="a node", seconds=number)])
    assert 3 <= store.writes <= 6


class Failing(LocalStore):
    """A store that cannot be read when a keeper asks what came before."""

    fails = False

    def read(self, name):
        if self.fails and "ledger" in name:
            raise FatalError("the storage does not answer")
        return super().read(name)


def test_a_driver_that_cannot_read_what_came_before_writes_none_and_goes_on(tmp_path):
    store = Failing(tmp_path)
    Watched(store).write(events()[:10], each=500)
    run = Watched(store, after=len(store.names(f"runs/{RUN.run_id}/ledger")))
    store.fails = True
    run.keeper(AttemptBegan(run_id=RUN.run_id, job="orders", resumed=True), run.history)
    store.fails = False
    run.write(events()[10:])
    assert run.history.totals.partitions == 40
    assert snapshot(store, RUN.run_id) is None


@pytest.mark.parametrize("damage", ["torn", "altered", "of another form", "of another ledger"])
def test_what_does_not_fit_is_passed_over(store, tmp_path, damage):
    Watched(store).write(events())
    path = tmp_path / "runs" / RUN.run_id / "snapshot.json"
    head, body = path.read_bytes().splitlines()
    header = json.loads(head)
    match damage:
        case "torn":
            path.write_bytes(head + body[:99])
        case "altered":
            path.write_bytes(head + b"\n" + body.replace(b'"rows":', b'"rows":1', 1))
        case "of another form":
            path.write_bytes(json.dumps(header | {"format": 0}).encode() + b"\n" + body)
        case "of another ledger":  # restored from a backup, and gone on with differently
            path.write_bytes(encoded(folded(store), header["objects"] + 999, b""))
    assert snapshot(store, RUN.run_id) is None
    assert told(store, RUN.run_id).history.totals.partitions == 40


def classes(kind, known):
    """Return the fields of all classes that a snapshot is made of, with their types."""
    if is_dataclass(kind) and kind.__name__ not in known:
        hints = get_type_hints(kind)
        known[kind.__name__] = {each.name: str(hints[each.name]) for each in fields(kind)}
        for hint in hints.values():
            classes(hint, known)
    for inner in get_args(kind):
        classes(inner, known)
    return known


def test_a_change_of_its_form_needs_another_number(golden):
    """If this fails, `FORMAT` in `watch/snapshots.py` has to grow."""
    golden(f"snapshot-{FORMAT}.json", json.dumps(classes(Story, {}), indent=1) + "\n")
