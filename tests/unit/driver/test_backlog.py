"""What is handed out, in which order, and what does not come up again."""

from ingest.core.outcome import Outcome
from ingest.records.events import Settled
from tests.unit.driver.runs import Attempt, halves


def indexes(taken):
    return [assignment.partition.index for assignment in taken]


def settle(attempt, assignment):
    outcome = Outcome(assignment.key, assignment.partition.id)
    attempt.ledger.append(Settled(outcome=outcome))
    attempt.backlog.closed(assignment.partition.index)


def test_everything_is_handed_out_once(tmp_path):
    backlog = Attempt(tmp_path).backlog
    assert indexes(backlog.take(3)) == [0, 1, 2]
    assert not backlog.empty
    assert indexes(backlog.take(3)) == [3]
    assert backlog.empty
    assert backlog.take(3) == []


def test_what_waits_comes_up_when_it_is_due_and_before_what_is_fresh(tmp_path):
    attempt = Attempt(tmp_path)
    backlog = attempt.backlog
    (first,) = backlog.take(1)
    assert backlog.back(first.key) is first
    backlog.again(0, wait_s=5)
    assert backlog.next_due_s() == 5
    assert indexes(backlog.take(1)) == [1]
    attempt.clock.advance(5)
    assert backlog.next_due_s() == 0
    (again,) = backlog.take(1)
    assert again.key == (1, 0, 2)
    assert again.search is False


def test_a_search_is_handed_out_as_one(tmp_path):
    backlog = Attempt(tmp_path).backlog
    (first,) = backlog.take(1)
    backlog.back(first.key)
    backlog.again(0, search=True)
    assert [a.search for a in backlog.take(2)] == [True, False]


def test_a_partition_of_which_a_try_is_out_is_not_queued_too(tmp_path):
    backlog = Attempt(tmp_path).backlog
    (first,) = backlog.take(1)
    second = backlog.double(0)
    assert second.key == (1, 0, 2)
    backlog.back(first.key)
    backlog.again(0)
    assert 0 not in indexes(backlog.take(9))
    backlog.back(second.key)
    backlog.again(0)
    assert indexes(backlog.take(9)) == [0]


def test_the_answer_of_whoever_comes_second_is_ignored(tmp_path):
    attempt = Attempt(tmp_path)
    (first,) = attempt.backlog.take(1)
    second = attempt.backlog.double(0)
    assert attempt.backlog.back(second.key) is second
    settle(attempt, second)
    assert attempt.backlog.back(first.key) is None
    assert not attempt.backlog.out


def test_an_unknown_answer_is_ignored(tmp_path):
    assert Attempt(tmp_path).backlog.back((7, 0, 1)) is None


def test_failures_are_counted_by_kind_and_forgotten_when_it_is_settled(tmp_path):
    attempt = Attempt(tmp_path)
    (first,) = attempt.backlog.take(1)
    kinds = ["connection", "bug", "connection"]
    assert [attempt.backlog.failed(0, kind) for kind in kinds] == [1, 1, 2]
    settle(attempt, first)
    assert not attempt.backlog.failures
    assert not attempt.backlog.numbers


def test_a_later_attempt_is_dealt_what_is_open_parts_of_a_split_among_it(tmp_path):
    attempt = Attempt(tmp_path, count=3)
    settle(attempt, attempt.backlog.take(1)[0])
    facts = {"partition": "p1", "index": 1, "tries": 1, "kind": "timeout", "message": "slow"}
    attempt.loop._split(halves(attempt.backlog.partition(1)), facts)
    attempt.ledger.flush()
    resumed = Attempt(tmp_path)
    taken = resumed.backlog.take(9)
    assert indexes(taken) == [3, 4, 2]
    assert [(a.partition.slices[0].start, a.partition.slices[0].end) for a in taken[:2]] == [
        (0, 4),
        (4, 8),
    ]
    assert {a.attempt for a in taken} == {2}
