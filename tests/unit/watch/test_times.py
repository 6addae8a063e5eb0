"""Where the time of a run went, from the events of its ledger."""

from dataclasses import replace

import pytest

from ingest.core.outcome import Outcome
from ingest.records.events import AttemptBegan, PlanFrozen, Retried, Settled
from ingest.watch.times import Times, page, render

BEGUN = 1_767_225_600  # 2026-01-01, in seconds since 1970


def at(seconds):
    minutes, rest = divmod(seconds, 60)
    return f"2026-01-01T00:{int(minutes):02}:{rest:06.3f}+00:00"


def settled(index, seconds, *, ended, worker="a", attempt=1, size=100):
    outcome = Outcome((attempt, index, 1), f"p{index}", seconds={"read": seconds}, bytes=size)
    outcome = replace(outcome, cpu={"read": seconds / 2}, worker=worker)
    return Settled(at=at(ended), outcome=outcome)


def run(*events, partitions=4):
    planned = PlanFrozen(at=at(1), partitions=partitions, seconds=1.0)
    return Times.of([AttemptBegan(at=at(0)), planned, *events])


def test_a_workers_time_is_start_work_waiting_and_tail():
    times = run(
        settled(0, 2.0, ended=5.0),
        settled(1, 4.0, ended=7.0, worker="b"),
        settled(2, 1.0, ended=8.0),
        settled(3, 6.0, ended=13.0, worker="b"),
    )
    a, b = times.lanes.values()
    assert (a.start_s, a.busy_s, a.waiting_s, a.tail_s) == (3.0, 3.0, 2.0, 5.0)
    assert (b.start_s, b.busy_s, b.waiting_s, b.tail_s) == (3.0, 10.0, 0.0, 0.0)
    assert a.seconds == b.seconds == 13.0
    text = render(page("r", "j", times, {}), times)
    assert [line.split() for line in text.splitlines() if line.startswith("  all")][-1] == [
        "all", "4", "26.0", "23.1%", "50.0%", "7.7%", "19.2%",
    ]  # fmt: skip


def test_a_partition_counts_once_and_attempts_are_told_apart():
    times = run(
        settled(0, 2.0, ended=5.0),
        settled(0, 9.0, ended=10.0, worker="b"),
        AttemptBegan(at=at(60)),
        settled(1, 1.0, ended=63.0, attempt=2),
    )
    assert [(lane.attempt, lane.worker) for lane in times.lanes.values()] == [(1, "a"), (2, "a")]
    assert times.totals.seconds == {"read": 3.0}
    assert [lane.start_s for lane in times.lanes.values()] == [3.0, 2.0]


def test_failed_tries_are_counted_with_what_they_took():
    facts = {"partition": "p0", "index": 0, "kind": "connection", "message": "lost", "wait_s": 0.0}
    failed = [Retried(at=at(number), tries=number, seconds=1.5, **facts) for number in (1, 2)]
    times = run(*failed, settled(0, 1.0, ended=6.0))
    assert page("r", "j", times, {})["failed"] == {"connection": {"tries": 2, "seconds": 3.0}}
    assert "  2 failed tries (connection) took 3.0 s" in render(page("r", "j", times, {}), times)


def test_a_straggler_is_one_that_is_slow_for_its_size():
    usual = [settled(index, 1.0, ended=index + 2.0) for index in range(4)]
    large = settled(4, 8.0, ended=20.0, size=800)
    slow = settled(5, 8.0, ended=30.0)
    times = run(*usual, large, slow, partitions=6)
    assert times.slow == {5: (pytest.approx(8.0), pytest.approx(1.0))}
    text = render(page("r", "j", times, {5: "partition p5 (f.csv)"}), times)
    assert "  slow: partition p5 (f.csv): 8.0 s; partitions of its size usually take 1.0 s" in text
