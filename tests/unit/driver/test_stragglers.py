"""What the end of a run waits for is worked a second time."""

from dataclasses import replace

from ingest.driver.stragglers import stragglers
from ingest.execution import Execution, Speculation
from ingest.records.events import Settled
from tests.pools.simulated import SimulatedWorkers, no_rows
from tests.unit.driver.runs import Attempt


class Slow(SimulatedWorkers):
    """Takes a second over each try, and for ever over the first of one partition.

    With `late`, that one answers after all, once its twin has begun.
    """

    def __init__(self, straggler=0, size=2, late=False):
        super().__init__(capacity=size)
        self.straggler, self.late, self.size, self.clock = straggler, late, size, None
        self.held, self.seen, self.out_at_once, self.began = [], [], 0, {}

    @property
    def idle(self):
        return self.size - len(self._waiting) - len(self.held)

    def worked_s(self, key):
        return self.clock.monotonic() - self.began[key]

    def submit(self, assignments):
        now = self.clock.monotonic()
        self.began |= {assignment.key: now for assignment in assignments}
        self.seen += [assignment.key for assignment in assignments]
        super().submit(assignments)
        self.out_at_once = max(self.out_at_once, len(self._waiting) + len(self.held))

    def results(self, timeout_s):  # noqa: ARG002 - a second passes each time
        self.clock.advance(1.0)
        answers = []
        for assignment in self._waiting:
            if assignment.key[1:] == (self.straggler, 1):
                self.held.append(assignment)
                continue
            outcome = replace(no_rows(assignment), seconds={"read": 1.0}, bytes=8)
            answers.append(outcome)
            if self.late and assignment.key[1] == self.straggler:
                answers.append(no_rows(self.held.pop()))
        self._waiting.clear()
        return answers


def make(tmp_path, workers, **rule):
    execution = Execution(speculation=Speculation(**rule) if rule else None)
    attempt = Attempt(tmp_path, workers=workers, execution=execution)
    workers.clock = attempt.clock
    return attempt


def test_a_straggler_is_worked_a_second_time_once_nothing_else_is_left(tmp_path):
    workers = Slow()
    attempt = make(tmp_path, workers, factor=3, min_s=10)
    attempt.run()
    assert attempt.settled() == [0, 1, 2, 3]
    assert workers.seen[-1] == (1, 0, 2)
    assert [event.index for event in attempt.events("speculate")] == [0]
    assert attempt.history.speculated == 1
    assert 10 < attempt.clock.monotonic() < 15
    assert workers.out_at_once == 2, "no more than the workers can hold"


def test_the_first_to_settle_wins_and_the_other_changes_nothing(tmp_path):
    attempt = make(tmp_path, Slow(late=True), factor=3, min_s=2)
    attempt.run()
    (won,) = [e for e in attempt.events("settled") if e.outcome.key[1] == 0]
    assert won.outcome.key == (1, 0, 2)
    assert attempt.history.totals.partitions == 4
    assert attempt.history.tries == 4


def test_nothing_is_doubled_without_an_idle_worker(tmp_path):
    workers = Slow(straggler=3, size=1)
    attempt = make(tmp_path, workers, factor=2, min_s=0)
    stopped = []

    def give_up(timeout_s, results=workers.results):
        if attempt.clock.monotonic() > 500:
            stopped.append(True)
            attempt.loop.stop.set()
            return [no_rows(workers.held.pop())]
        return results(timeout_s)

    workers.results = give_up
    attempt.run()
    assert stopped
    assert attempt.events("speculate") == []


def held(tmp_path, taken=4, settled=3):
    """Return an attempt that has handed so many out and settled so many: a second, 8 bytes each."""
    attempt = Attempt(tmp_path)
    out = attempt.backlog.take(taken)
    for assignment in out[:settled]:
        attempt.backlog.back(assignment.key)
        outcome = replace(no_rows(assignment), seconds={"read": 1.0}, bytes=8)
        attempt.ledger.append(Settled(outcome=outcome))
        attempt.backlog.closed(assignment.partition.index)
    return attempt


class Since:
    """Workers that began all that is out when the clock stood at `began_s`."""

    def __init__(self, clock, began_s=0.0):
        self.clock, self.began_s = clock, began_s

    def worked_s(self, key):  # noqa: ARG002 - all of them
        return self.clock.monotonic() - self.began_s


def found(attempt, began_s=0.0, **rule):
    workers = Since(attempt.clock, began_s)
    return list(stragglers(attempt.backlog, workers, attempt.history.totals, Speculation(**rule)))


def test_late_is_what_takes_a_multiple_of_its_like(tmp_path):
    attempt = held(tmp_path)
    attempt.clock.advance(3.0)
    assert found(attempt, factor=3, min_s=0) == []
    attempt.clock.advance(0.1)
    assert found(attempt, factor=3, min_s=0) == [3]
    assert found(attempt, factor=3, min_s=10) == []


def test_what_waited_for_its_worker_is_not_late_for_that(tmp_path):
    attempt = held(tmp_path)
    attempt.clock.advance(100)
    assert found(attempt, began_s=99, factor=3, min_s=0) == []
    assert found(attempt, began_s=90, factor=3, min_s=0) == [3]


def test_a_large_partition_may_take_longer(tmp_path):
    attempt = held(tmp_path)
    (key, out) = next(iter(attempt.backlog.out.items()))
    (piece,) = out.partition.slices
    large = replace(out.partition, slices=(replace(piece, bytes=80),))
    attempt.backlog.out[key] = replace(out, partition=large)
    attempt.clock.advance(29)
    assert found(attempt, factor=3, min_s=0) == []
    attempt.clock.advance(2)
    assert found(attempt, factor=3, min_s=0) == [3]


def test_nothing_is_late_while_there_is_other_work_or_nothing_to_compare(tmp_path):
    attempt = held(tmp_path / "other", taken=3, settled=1)
    attempt.clock.advance(100)
    assert found(attempt) == []
    attempt = held(tmp_path / "first", settled=0)
    attempt.clock.advance(100)
    assert found(attempt) == []


def test_what_is_searched_or_worked_twice_is_left_alone(tmp_path):
    attempt = held(tmp_path)
    attempt.clock.advance(100)
    assert found(attempt) == [3]
    attempt.backlog.double(3)
    assert found(attempt) == []
    attempt = held(tmp_path / "searched")
    (key, out) = next(iter(attempt.backlog.out.items()))
    attempt.backlog.out[key] = replace(out, search=True)
    attempt.clock.advance(100)
    assert found(attempt) == []
