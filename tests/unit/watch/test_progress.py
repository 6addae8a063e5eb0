"""Progress is a fold over events, on stderr."""

import io
import json

import pytest

from ingest.core.outcome import Book, Outcome
from ingest.watch.progress import Bar, JsonLines, Log, watcher

BOOKS = (Book("source", 10, 8, dropped={"skipped": 2}), Book("contract", 8, 8))


def settled(index):
    outcome = Outcome(key=(1, index, 1), partition=f"p{index}", books=BOOKS)
    return {"event": "settled", "at": "now", "outcome": outcome.to_json()}


EVENTS = [
    {"event": "attempt", "at": "now", "run_id": "r1", "resumed": False},
    {"event": "planned", "at": "now", "partitions": 2, "files": 3, "seconds": 0.1},
    settled(0),
    {"event": "retry", "at": "now", "partition": "p1", "kind": "lost", "message": "died"},
    settled(1),
    {"event": "publish_begin", "at": "now", "plans": {}},
    {"event": "published", "at": "now", "output": "main", "uri": "out"},
    {"event": "done", "at": "now"},
]


def test_the_log_says_what_changes_the_course():
    lines = []
    log = Log(lines.append)
    for event in EVENTS:
        log(event)
    texts = [line.split("s  ", 1)[1] for line in lines]
    assert texts[0] == "run r1"
    assert texts[1] == "planned 2 partitions of 3 files"
    assert texts[2] == "partition p1: trying again after lost: died"
    assert texts[3].startswith("2 of 2 partitions, 20 rows")
    assert texts[3].endswith("4 rejected, 1 retry")
    assert texts[4:] == ["all checks passed; publishing", "published output: out", "done"]


def test_a_resumed_run_counts_what_was_settled_before():
    lines = []
    log = Log(lines.append)
    facts = {"run_id": "r1", "phase": "planned", "settled": 5, "partitions": 6, "indexes": 6}
    facts |= {"number": 2, "changes": ["cluster.type: was ..."], "warnings": ["polars 1 then"]}
    log({"event": "attempt", "at": "now", "resumed": True, **facts})
    log(settled(5))
    assert lines[0].endswith("resuming run r1 (attempt 2): 5 of 6 partitions completed")
    assert lines[1].endswith("  cluster.type: was ...")
    assert lines[2].endswith("  warning: polars 1 then")
    assert "6 of 6 partitions" in lines[3]


def test_the_bar_says_above_itself_that_a_run_is_gone_on_with():
    stream = io.StringIO()
    facts = {"run_id": "r1", "phase": "committed", "settled": 6, "partitions": 6, "indexes": 6}
    inputs = {"counts": {"new": 2, "changed": 1}, "open": {}, "examples": []}
    with Bar(stream) as bar:
        bar({"event": "attempt", "at": "now", "resumed": True, "number": 3, **facts})
        bar({"event": "inputs", "at": "now", **inputs})
    assert (
        "resuming run r1 (attempt 3): all checks passed; publishing the rest" in stream.getvalue()
    )
    assert (
        "2 files are new since this run began: they are not part of this run" in stream.getvalue()
    )
    assert (
        "1 input file changed after the run was planned, but it was read before"
        in stream.getvalue()
    )


def test_json_is_the_events_themselves():
    lines = []
    watch = JsonLines(lines.append)
    for event in EVENTS:
        watch(event)
    assert [json.loads(line) for line in lines] == json.loads(json.dumps(EVENTS))


def test_the_bar_has_true_totals_and_clears_itself():
    stream = io.StringIO()
    with Bar(stream) as bar:
        for event in EVENTS:
            bar(event)
        assert bar._progress.tasks[0].total == 2
        assert bar._progress.tasks[0].completed == 2
        assert bar._progress.tasks[0].description == "publishing"


@pytest.mark.parametrize(
    ("mode", "kind"), [("auto", Log), ("log", Log), ("json", JsonLines), ("bar", Bar)]
)
def test_the_mode_is_chosen_by_name_and_by_the_terminal(mode, kind):
    assert type(watcher(mode, io.StringIO())) is kind
