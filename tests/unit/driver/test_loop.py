"""The loop settles every partition once, whatever comes back."""

import random
from collections import Counter
from dataclasses import replace

import pytest

from ingest.checks.contract import Contract
from ingest.core.errors import BadRowError, ContractError, FatalError, Interrupted
from ingest.core.outcome import Book, Failure, Staged
from ingest.driver.audit import audit
from ingest.execution import Execution, Retries, Retry
from ingest.records.history import History
from ingest.workers.base import Lost
from tests.pools.simulated import SimulatedWorkers, no_rows
from tests.unit.driver.runs import Attempt


def failing(assignment, kind, **fields):
    return replace(no_rows(assignment), failure=Failure(kind, "what broke", **fields))


def retry(**classes):
    return Execution(retry=Retries(**classes))


def bytes_read(assignment):
    """Answer with a row for each byte of the partition."""
    rows = sum(piece.bytes for piece in assignment.partition.slices)
    staged = Staged("main", rows, rows, {"name": f"{assignment.key}"})
    books = (Book("source", rows, rows), Book("contract", rows, rows))
    return replace(no_rows(assignment), books=books, staged=(staged,), bytes=rows)


def test_every_partition_is_settled_once(tmp_path):
    attempt = Attempt(tmp_path, count=12)
    attempt.run()
    assert attempt.settled() == list(range(12))


def test_what_fails_is_tried_again_and_the_ledger_says_so(tmp_path):
    seen = []

    def flaky(assignment):
        seen.append(assignment.key)
        fails = assignment.partition.index == 3 and assignment.try_number < 3
        return failing(assignment, "throttled") if fails else no_rows(assignment)

    attempt = Attempt(tmp_path, flaky, count=6)
    attempt.run()
    assert attempt.settled() == list(range(6))
    assert [key[2] for key in seen if key[1] == 3] == [1, 2, 3]
    retries = [(e.index, e.kind, e.message) for e in attempt.events("retry")]
    assert retries == [(3, "throttled", "what broke")] * 2
    assert attempt.history.retries == Counter(throttled=2)


def test_the_other_side_is_left_alone_for_as_long_as_it_asks(tmp_path):
    def busy(assignment):
        first = assignment.try_number == 1
        return failing(assignment, "throttled", retry_after_s=120) if first else no_rows(assignment)

    attempt = Attempt(tmp_path, busy, count=1)
    attempt.run()
    assert attempt.clock.monotonic() >= 120
    assert [event.wait_s >= 120 for event in attempt.events("retry")] == [True]


def test_each_class_of_failure_has_its_own_count(tmp_path):
    kinds = ["connection", "throttled"] * 3

    def weather(assignment):
        number = assignment.try_number - 1
        return failing(assignment, kinds[number]) if number < 6 else no_rows(assignment)

    limits = Retry(max_tries=4, wait_s=0)
    attempt = Attempt(tmp_path, weather, 1, execution=retry(connection=limits, throttled=limits))
    attempt.run()
    assert attempt.history.retries == Counter(connection=3, throttled=3)


def test_a_partition_that_keeps_failing_ends_the_run_and_the_others_stay_settled(tmp_path):
    def poison(assignment):
        bad = assignment.partition.index == 0
        return Lost(assignment.key, "worker died", culprit=True) if bad else no_rows(assignment)

    short = retry(lost_worker=Retry(max_tries=3, wait_s=0))
    attempt = Attempt(tmp_path, poison, 3, execution=short, by_row=False)
    with pytest.raises(FatalError, match="failed after 3 tries: worker died"):
        attempt.run()
    assert attempt.settled() == [1, 2]


def test_a_neighbour_of_a_dead_worker_is_not_blamed(tmp_path):
    lost = set()

    def unlucky(assignment):
        if assignment.try_number < 10 and assignment.partition.index == 1:
            lost.add(assignment.key)
            return Lost(assignment.key, "waited behind another", culprit=False)
        return no_rows(assignment)

    attempt = Attempt(tmp_path, unlucky, 3)
    attempt.run()
    assert len(lost) == 9
    assert attempt.settled() == [0, 1, 2]
    assert not attempt.history.retries


@pytest.mark.parametrize(
    ("kind", "error"),
    [("bad_row", BadRowError), ("contract", ContractError), ("fatal", FatalError)],
)
def test_what_is_hopeless_ends_the_run_at_once(tmp_path, kind, error):
    calls = []

    def bad(assignment):
        calls.append(assignment.key)
        return failing(assignment, kind)

    with pytest.raises(error, match=r"^what broke$"):
        Attempt(tmp_path, bad, 1).run()
    assert len(calls) == 1


def test_the_error_budget_ends_the_run_early(tmp_path):
    def dirty(assignment):
        books = (Book("source", 10, 9, dropped={"quarantined": 1}), Book("contract", 9, 9))
        return replace(no_rows(assignment), books=books, errors={"x: not_null": 1})

    attempt = Attempt(tmp_path, dirty, 100, contract=Contract(on_error="quarantine", max_errors=7))
    with pytest.raises(ContractError, match=r"max_errors: 8 rows.*x: is null \(8 rows\)"):
        attempt.run()
    assert len(attempt.settled()) < 20


def test_stopping_settles_what_is_out_and_no_more(tmp_path):
    answered = []

    def answer(assignment):
        answered.append(assignment)
        if len(answered) == 7:
            attempt.loop.stop.set()
        return no_rows(assignment)

    attempt = Attempt(tmp_path, answer, 50)
    with pytest.raises(Interrupted):
        attempt.run()
    assert len(attempt.settled()) == 10  # two rounds of five


class Lingering(SimulatedWorkers):
    """Answers nothing but in `drain`, and there only what takes less than the grace."""

    grace_s = None

    def results(self, timeout_s):  # noqa: ARG002 - never waits
        return []

    def drain(self, grace_s):
        self.grace_s = grace_s
        taken = [each for each in self._waiting if each.partition.index < grace_s]
        yield from (self._answer(each) for each in taken)


def test_stopping_waits_for_what_is_worked_up_to_the_grace(tmp_path):
    workers = Lingering(bytes_read, capacity=4)
    attempt = Attempt(tmp_path, workers=workers, execution=Execution(grace_s=3))
    attempt.loop._hand_out()
    attempt.loop.stop.set()
    with pytest.raises(Interrupted):
        attempt.run()
    assert workers.grace_s == 3
    assert attempt.settled() == [0, 1, 2]
    resumed = Attempt(tmp_path, bytes_read)
    resumed.run()
    assert resumed.settled() == [0, 1, 2, 3]
    assert resumed.history.totals.records == 32


def test_what_fails_while_the_run_stops_is_left_for_the_next_attempt(tmp_path):
    workers = Lingering(lambda assignment: failing(assignment, "bug"), capacity=4)
    attempt = Attempt(tmp_path, workers=workers)
    attempt.loop._hand_out()
    attempt.loop.stop.set()
    with pytest.raises(Interrupted):
        attempt.run()
    assert attempt.settled() == []
    assert attempt.events("retry") == []


def test_an_answer_that_comes_twice_is_settled_once(tmp_path):
    class Echo(SimulatedWorkers):
        def results(self, timeout_s):
            return [each for each in super().results(timeout_s) for _ in range(2)]

    attempt = Attempt(tmp_path, workers=Echo(no_rows, 2))
    attempt.run()
    assert attempt.settled() == [0, 1, 2, 3]


def dies_if_large(assignment, most=2):
    """Take the worker down unless the partition is small."""
    if sum(piece.bytes for piece in assignment.partition.slices) > most:
        return Lost(assignment.key, "killed for its memory", culprit=True, kind="out_of_memory")
    return bytes_read(assignment)


def test_what_is_too_large_for_a_worker_is_searched_and_then_cut_until_it_fits(tmp_path):
    seen = []

    def answer(assignment):
        seen.append((assignment.partition.index, assignment.search))
        return dies_if_large(assignment)

    attempt = Attempt(tmp_path, answer, count=1, size=8)
    attempt.run()
    assert [search for index, search in seen if index == 0] == [False, False, True]
    assert attempt.settled() == [3, 4, 5, 6]
    first, *_ = attempt.events("split")
    assert (first.index, first.kind) == (0, "out_of_memory")
    assert [child.index for child in first.children] == [1, 2]
    history = attempt.history
    assert (history.partitions, history.splits, history.searches) == (4, 3, 3)
    assert history.totals.records == 8
    audit(history, Contract())


def test_what_cannot_be_cut_any_further_ends_the_run(tmp_path):
    attempt = Attempt(tmp_path, lambda each: dies_if_large(each, most=0), count=1, size=2)
    with pytest.raises(FatalError, match=r"f0\): failed after 3 tries: killed for its memory"):
        attempt.run()


def test_what_is_small_is_not_cut(tmp_path):
    attempt = Attempt(tmp_path, lambda each: dies_if_large(each, most=4), count=1, size=8)
    attempt.loop.least_split_bytes = 8
    with pytest.raises(FatalError, match="failed after 3 tries"):
        attempt.run()


def test_a_cut_partition_stays_cut_for_the_next_attempt(tmp_path):
    def stops(assignment):
        if assignment.partition.index == 3:
            attempt.loop.stop.set()
        return dies_if_large(assignment, most=4)

    attempt = Attempt(tmp_path, stops, count=3, size=8)
    with pytest.raises(Interrupted):
        attempt.run()
    assert attempt.events("split")
    worked = []

    def answer(assignment):
        worked.append(assignment.partition.index)
        return dies_if_large(assignment, most=4)

    resumed = Attempt(tmp_path, answer)
    before = {index for index, state in enumerate(resumed.history.closed) if state}
    resumed.run()
    assert before
    assert not before & set(worked)
    assert resumed.history.totals.records == 24
    audit(resumed.history, Contract())
    assert History.of(resumed.ledger.reader.events()).closed == resumed.history.closed


def test_what_a_cut_partition_still_comes_to_is_ignored(tmp_path):
    attempt = Attempt(tmp_path, bytes_read, count=1)
    (first,) = attempt.backlog.take(1)
    late = attempt.backlog.double(0)
    attempt.backlog.back(first.key)
    parts = attempt.loop.split(first.partition)
    facts = {"partition": "p0", "index": 0, "tries": 1, "kind": "timeout", "message": "slow"}
    attempt.loop._split(parts, facts)
    attempt.loop._take_back(bytes_read(late))
    assert attempt.settled() == []
    attempt.run()
    assert attempt.settled() == [1, 2]
    assert attempt.history.totals.records == 8
    audit(attempt.history, Contract())


def test_no_partition_is_given_up_while_another_try_of_it_is_out(tmp_path):
    attempt = Attempt(tmp_path, count=1, by_row=False, execution=retry(bug=Retry(max_tries=1)))
    (first,) = attempt.backlog.take(1)
    twin = attempt.backlog.double(0)
    attempt.loop._take_back(failing(first, "bug"))
    attempt.loop._take_back(no_rows(twin))
    assert attempt.settled() == [0]
    attempt.run()


def test_two_tries_that_both_fail_are_followed_by_one(tmp_path):
    attempt = Attempt(tmp_path, count=1)
    (first,) = attempt.backlog.take(1)
    twin = attempt.backlog.double(0)
    attempt.loop._take_back(failing(first, "connection"))
    assert not attempt.backlog.waiting
    attempt.loop._take_back(failing(twin, "connection"))
    assert len(attempt.backlog.waiting) == 1
    attempt.run()
    assert attempt.settled() == [0]


@pytest.mark.parametrize("seed", range(5))
def test_any_schedule_of_failures_settles_each_byte_once(tmp_path, seed):
    dice = random.Random(seed)

    def weather(assignment):
        fate = dice.random()
        if fate < 0.2:
            return Lost(assignment.key, "died", culprit=fate < 0.1)
        if fate < 0.3:
            return failing(assignment, dice.choice(["connection", "throttled"]))
        return bytes_read(assignment)

    limits = Retry(max_tries=50, wait_s=0)
    attempt = Attempt(
        tmp_path, weather, 60, size=1 << 20, execution=retry(connection=limits, throttled=limits)
    )
    attempt.run()
    history = attempt.history
    assert history.totals.records == 60 << 20
    assert history.partitions == len(attempt.settled()) == 60 + history.splits
    assert not attempt.backlog.out
    assert not attempt.backlog.numbers
    audit(history, Contract())
