"""The loop settles every partition once, whatever comes back."""

import random
import threading
from dataclasses import replace

import pytest

from ingest.checks.contract import Contract
from ingest.core.errors import BadRowError, ContractError, FatalError, Interrupted
from ingest.core.outcome import Book, Failure
from ingest.core.partition import Slice, partition_id
from ingest.core.storage import LocalStore
from ingest.driver.loop import Loop
from ingest.driver.retry import RetryPolicy
from ingest.records.history import History
from ingest.records.ledger import Ledger
from ingest.records.plans import PlanFacts, PlanWriter
from ingest.testing.clock import SetClock
from ingest.testing.workers import SimulatedWorkers, no_rows
from ingest.workers.base import Lost


def make(tmp_path, count, answer, contract=None, tries=4):
    store = LocalStore(tmp_path)
    writer = PlanWriter(store, "r")
    groups = [(Slice(f"f{i}", 1, "v", bytes=1),) for i in range(count)]
    writer.write((partition_id(group), group) for group in groups)
    plan = writer.freeze(PlanFacts(count, count, count, "in", {}, {}))
    history, clock = History(), SetClock()
    ledger = Ledger(store, "r", clock)
    ledger.listen(history.see)
    ledger.begin({})
    ledger.append("planned", partitions=count, seconds=0)
    workers = SimulatedWorkers(answer, capacity=5)
    policy = RetryPolicy(tries, 1.0)
    contract = contract or Contract()
    stop = threading.Event()
    return Loop(plan, workers, ledger, history, policy, contract, clock, stop), store


def settled(store):
    events = Ledger(store, "r").events()
    return [event["outcome"]["key"][1] for event in events if event["event"] == "settled"]


def test_every_partition_is_settled_once(tmp_path):
    loop, store = make(tmp_path, 12, no_rows)
    loop.run()
    assert sorted(settled(store)) == list(range(12))


def test_what_fails_is_tried_again_and_the_ledger_says_so(tmp_path):
    seen = []

    def flaky(assignment):
        seen.append(assignment.key)
        fails = assignment.partition.index == 3 and assignment.try_number < 3
        failure = Failure("retryable", "503 SlowDown") if fails else None
        return replace(no_rows(assignment), failure=failure)

    loop, store = make(tmp_path, 6, flaky)
    loop.run()
    assert sorted(settled(store)) == list(range(6))
    assert [key[2] for key in seen if key[1] == 3] == [1, 2, 3]
    retries = [e for e in Ledger(store, "r").events() if e["event"] == "retry"]
    assert [(e["index"], e["kind"], e["message"]) for e in retries] == [
        (3, "retryable", "503 SlowDown")
    ] * 2
    assert loop.history.retries == 2


def test_a_partition_that_keeps_failing_ends_the_run_and_the_others_stay_settled(tmp_path):
    def poison(assignment):
        bad = assignment.partition.index == 0
        return Lost(assignment.key, "worker died", culprit=True) if bad else no_rows(assignment)

    loop, store = make(tmp_path, 3, poison, tries=3)
    with pytest.raises(FatalError, match="given up after 3 tries: worker died"):
        loop.run()
    assert sorted(settled(store)) == [1, 2]


def test_a_neighbour_of_a_dead_worker_is_not_blamed(tmp_path):
    lost = set()

    def unlucky(assignment):
        index = assignment.partition.index
        if assignment.try_number < 10 and index == 1:
            lost.add(assignment.key)
            return Lost(assignment.key, "waited behind another", culprit=False)
        return no_rows(assignment)

    loop, store = make(tmp_path, 3, unlucky, tries=2)
    loop.run()
    assert len(lost) == 9
    assert sorted(settled(store)) == [0, 1, 2]


def test_bad_rows_end_the_run_at_once(tmp_path):
    calls = []

    def bad(assignment):
        calls.append(assignment.key)
        return replace(no_rows(assignment), failure=Failure("bad_row", "f0:3: too few fields"))

    loop, _ = make(tmp_path, 1, bad)
    with pytest.raises(BadRowError, match="f0:3: too few fields"):
        loop.run()
    assert len(calls) == 1


def test_the_error_budget_ends_the_run_early(tmp_path):
    def dirty(assignment):
        books = (Book("source", 10, 9, dropped={"quarantined": 1}), Book("contract", 9, 9))
        return replace(no_rows(assignment), books=books, errors={"x: not_null": 1})

    loop, store = make(tmp_path, 100, dirty, Contract(on_error="quarantine", max_errors=7))
    with pytest.raises(ContractError, match=r"max_errors: 8 rows.*x: not_null \(8 rows\)"):
        loop.run()
    assert len(settled(store)) < 20


def test_stopping_settles_what_is_out_and_no_more(tmp_path):
    loop, store = make(tmp_path, 50, no_rows)
    answered = []

    def answer(assignment):
        answered.append(assignment)
        if len(answered) == 7:
            loop.stop.set()
        return no_rows(assignment)

    loop.workers._answer = answer
    with pytest.raises(Interrupted):
        loop.run()
    assert len(settled(store)) == 10  # two rounds of five


def test_an_answer_that_comes_twice_is_settled_once(tmp_path):
    loop, store = make(tmp_path, 4, no_rows)

    class Echo(SimulatedWorkers):
        def results(self, timeout_s):
            return [each for each in super().results(timeout_s) for _ in range(2)]

    loop.workers = Echo(no_rows, 2)
    loop.run()
    assert sorted(settled(store)) == [0, 1, 2, 3]


def test_any_schedule_of_failures_settles_each_partition_once(tmp_path):
    dice = random.Random(7)

    def weather(assignment):
        fate = dice.random()
        if fate < 0.2:
            return Lost(assignment.key, "died", culprit=fate < 0.05)
        kind = "retryable" if fate < 0.3 else None
        failure = Failure(kind, "again") if kind else None
        return replace(no_rows(assignment), failure=failure)

    loop, store = make(tmp_path, 200, weather, tries=20)
    loop.run()
    assert sorted(settled(store)) == list(range(200))
    assert not loop.out
    assert not loop.handed
