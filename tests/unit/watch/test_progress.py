"""Progress is a fold over events, on stderr."""

import io
import json

import pytest

from ingest.core.outcome import Book, Outcome
from ingest.records.events import (
    AttemptBegan,
    Committed,
    EffectPublished,
    Event,
    InputsDiffer,
    PlanFrozen,
    Retried,
    RunDone,
    Settled,
)
from ingest.records.history import History
from ingest.watch.bar import Bar
from ingest.watch.modes import watcher
from ingest.watch.progress import JsonLines, Log

BOOKS = (Book("source", 10, 8, dropped={"skipped": 2}), Book("contract", 8, 8))


def settled(index):
    outcome = Outcome(key=(1, index, 1), partition=f"p{index}", books=BOOKS)
    return Settled(at="now", outcome=outcome)


EVENTS = [
    AttemptBegan(at="now", run_id="r1"),
    PlanFrozen(at="now", partitions=2, files=3, seconds=0.1),
    settled(0),
    Retried(at="now", partition="p1", index=1, tries=1, kind="lost", message="died", wait_s=0.0),
    settled(1),
    Committed(at="now", effects={}),
    EffectPublished(at="now", effect="main", uri="out", rows=1, inserted=1, facts={}),
    RunDone(at="now"),
]


def follow(watching, *events, history=None):
    """Show events as the driver does, which folds each into its history before."""
    history = history or History()
    for event in events:
        history.see(event)
        watching(event, history)


def test_the_log_says_what_changes_the_course():
    lines = []
    follow(Log(lines.append), *EVENTS)
    texts = [line.split("s  ", 1)[1] for line in lines]
    assert texts[0] == "run r1"
    assert texts[1] == "planned 2 partitions of 3 files"
    assert texts[2] == "partition p1: trying again after lost: died"
    assert texts[3].startswith("2 of 2 partitions, 20 rows")
    assert texts[3].endswith("4 rejected, 1 retry")
    assert texts[4:] == [
        "row counts add up, and rejected rows are within the limits; publishing",
        "published output: out",
        "done",
    ]


def test_a_resumed_run_counts_what_was_settled_before():
    lines = []
    planned = PlanFrozen(at="then", partitions=6, seconds=0.1)
    before = History.of([AttemptBegan(), planned, *map(settled, range(5))])
    facts = {"run_id": "r1", "phase": "planned", "settled": 5, "partitions": 6, "number": 2}
    facts |= {"changes": ("cluster.type: was ...",), "warnings": ("polars 1 then",)}
    log = Log(lines.append)
    log._began -= 10
    follow(log, AttemptBegan(resumed=True, **facts), settled(5), history=before)
    assert lines[0].endswith("resuming run r1 (attempt 2): 5 of 6 partitions completed")
    assert lines[1].endswith("  cluster.type: was ...")
    assert lines[2].endswith("  warning: polars 1 then")
    assert "6 of 6 partitions, 60 rows, 1 rows/s, 12 rejected" in lines[3], (
        "the rate is of this attempt"
    )


def test_the_bar_says_above_itself_that_a_run_is_gone_on_with():
    stream = io.StringIO()
    began = AttemptBegan(run_id="r1", resumed=True, number=3, phase="committed")
    with Bar(stream) as bar:
        follow(bar, began, InputsDiffer(counts={"new": 2, "changed": 1}, open={}, examples=()))
    assert (
        "resuming run r1 (attempt 3): all partitions completed and checked; publishing the rest"
        in stream.getvalue()
    )
    assert (
        "2 files are new since this run began: they are not part of this run" in stream.getvalue()
    )
    assert (
        "1 input file changed after the run was planned; the run had already read it"
        in stream.getvalue()
    )


def test_json_is_the_events_themselves():
    lines = []
    follow(JsonLines(lines.append), *EVENTS)
    assert [Event.from_json(json.loads(line)) for line in lines] == EVENTS


def test_the_bar_has_true_totals_and_clears_itself():
    stream = io.StringIO()
    with Bar(stream) as bar:
        follow(bar, *EVENTS)
        assert bar._progress.tasks[0].total == 2
        assert bar._progress.tasks[0].completed == 2
        assert bar._progress.tasks[0].description == "publishing"


def test_below_the_bar_are_bytes_workers_and_the_slowest_partition():
    def outcome(index, seconds, worker):
        books = (Book("source", 10, 8, dropped={"quarantined": 2}),)
        return Settled(
            outcome=Outcome(
                key=(1, index, 1), partition=f"p{index}", books=books, bytes=1_000_000,
                seconds={"read": seconds}, worker=worker,
            )
        )  # fmt: skip

    stream = io.StringIO()
    planned = PlanFrozen(partitions=3, files=3, bytes=3_000_000, seconds=0.1)
    with Bar(stream) as bar:
        follow(bar, AttemptBegan(run_id="r1"), planned, outcome(0, 1.0, "a"), outcome(1, 4.0, "b"))
        assert bar.detail == (
            "2.0 MB of 3.0 MB, 2 workers, 4 quarantined, slowest partition p1: 4.0 s"
        )
        assert bar._progress.detail == bar.detail


@pytest.mark.parametrize(
    ("mode", "kind"), [("auto", Log), ("log", Log), ("json", JsonLines), ("bar", Bar)]
)
def test_the_mode_is_chosen_by_name_and_by_the_terminal(mode, kind):
    assert type(watcher(mode, io.StringIO())) is kind
