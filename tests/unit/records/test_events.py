"""Every event comes back from its JSON as it was, and so does what earlier releases wrote."""

import json
from dataclasses import fields
from typing import get_type_hints

import pytest

from ingest.core.outcome import Book, Failure, Outcome, Staged
from ingest.core.partition import Partition, Slice
from ingest.records.events import (
    AttemptBegan,
    Event,
    IntentFacts,
    PartitionSplit,
    PlanFrozen,
    Settled,
    WorkersStarted,
)

OUTCOME = Outcome(
    key=(1, 2, 3),
    partition="p2",
    books=(Book("source", 3, 2, dropped={"skipped": 1}),),
    staged=(Staged("main", 2, 10, {"name": "1-2-3-0.staged", "sha256": "ab"}),),
    errors={"n: not_null": 1},
    examples=({"file": "a.csv", "line": 1, "reason": "n: not_null"},),
    seconds={"read": 0.1},
    failure=Failure("timeout", "slow"),
)
EVENTS = [
    AttemptBegan(at="now", run_id="r", resumed=True, notes=("one", "two")),
    Settled(at="now", outcome=OUTCOME),
    PartitionSplit(
        at="now",
        partition="p",
        index=0,
        tries=2,
        kind="timeout",
        message="slow",
        children=(Partition(4, "c", (Slice("f", 8, "v", 0, 4), Slice("g", 8, "v"))),),
    ),
]


def through_json(event):
    return Event.from_json(json.loads(json.dumps(event.to_json())))


def test_an_event_is_the_same_after_its_json():
    assert [through_json(event) for event in EVENTS] == EVENTS


VALUES = {str: "text", int: 3, float: 0.5, bool: True}
NESTED = {
    "outcome": OUTCOME,
    "children": EVENTS[2].children,
    "counts": {"new": 2},
    "open": {},
    "examples": ("a.csv: was 1 byte",),
    "effects": {"main": IntentFacts("1-main", 1, 3, "ab")},
    "facts": {"files": 3},
    "parts": ((0, 1), (7, 0)),
    "staged": OUTCOME.staged[0],
}


@pytest.mark.parametrize("kind", Event.classes.values(), ids=Event.classes)
def test_so_is_one_of_every_class(kind):
    hints, given = get_type_hints(kind), [field.name for field in fields(kind)]
    values = {name: NESTED.get(name, VALUES.get(hints[name], ())) for name in given}
    event = kind(**values)
    assert through_json(event) == event
    assert event.to_json()["event"] == kind.name


def test_the_json_is_plain_and_says_a_version_only_above_the_first():
    page = WorkersStarted(at="now", what="Ray", seconds=0.5).to_json()
    assert page == {"event": "started", "at": "now", "what": "Ray", "seconds": 0.5}
    page = PlanFrozen(at="now", partitions=3, seconds=0.5).to_json()
    assert page == {
        "event": "planned", "version": 2, "at": "now", "partitions": 3, "files": 0, "bytes": 0,
        "left_out": 0, "seconds": 0.5,
    }  # fmt: skip
    assert EVENTS[2].to_json()["children"][0]["slices"][0]["end"] == 4


def test_an_older_form_may_lack_keys_and_have_others():
    old = {"event": "planned", "at": "now", "partitions": 3, "seconds": 0.5, "folders": 7}
    assert Event.from_json(old) == PlanFrozen(at="now", partitions=3, seconds=0.5)
    page = EVENTS[1].to_json()
    del page["outcome"]["cpu"], page["outcome"]["worker"]
    assert Event.from_json(page) == EVENTS[1]
