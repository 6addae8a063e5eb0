"""A run that nobody can work says why, and ends; one that takes its time does not."""

import pytest

from ingest.core.errors import FatalError
from ingest.execution import Execution
from tests.pools.simulated import SimulatedWorkers
from tests.unit.driver.runs import Attempt

WHY = "2 workers of 1 CPU each are asked for; the cluster has 0 CPUs"


class Stuck(SimulatedWorkers):
    """Answers nothing before `until`, on the run's clock; `why` is what it says of it."""

    clock = None
    asked = 0

    def __init__(self, why, until=1e9):
        super().__init__(capacity=5)
        self.why, self.until = why, until

    def results(self, timeout_s):
        self.clock.advance(timeout_s)
        return super().results(timeout_s) if self.clock.monotonic() >= self.until else []

    def stalled(self):
        self.asked += 1
        return self.why


def make(tmp_path, workers, **execution):
    attempt = Attempt(tmp_path, workers=workers, execution=Execution(**execution))
    workers.clock = attempt.clock
    return attempt


def test_a_run_that_cannot_be_scheduled_ends_and_says_why(tmp_path):
    attempt = make(tmp_path, Stuck(WHY), stall_timeout_s=60)
    with pytest.raises(FatalError, match=r"waited 60 s for 2 workers of 1 CPU.*stall_timeout_s=N"):
        attempt.run()
    stalls = attempt.events("stalled")
    assert [event.message for event in stalls] == [WHY] * 4
    assert [event.seconds for event in stalls] == [15, 30, 45, 60]


def test_a_cluster_that_comes_in_time_is_waited_for(tmp_path):
    attempt = make(tmp_path, Stuck(WHY, until=50), stall_timeout_s=60)
    attempt.run()
    assert attempt.settled() == [0, 1, 2, 3]
    assert len(attempt.events("stalled")) == 3


def test_a_partition_that_takes_long_is_no_stall(tmp_path):
    workers = Stuck("", until=10_000)
    attempt = make(tmp_path, workers, stall_timeout_s=60, speculation=None)
    attempt.run()
    assert attempt.settled() == [0, 1, 2, 3]
    assert attempt.events("stalled") == []
    assert workers.asked < 10_000 / 15 + 1, "not cheap to ask"


def test_a_short_limit_is_kept_too(tmp_path):
    attempt = make(tmp_path, Stuck(WHY), stall_timeout_s=2)
    with pytest.raises(FatalError, match="waited 2 s for"):
        attempt.run()


def test_waiting_for_a_retry_is_no_stall(tmp_path):
    attempt = make(tmp_path, Stuck(WHY, until=0), stall_timeout_s=2)
    attempt.loop.stall.since = -100.0
    attempt.loop.stall.moved()
    attempt.loop.stall.check()
    assert attempt.events("stalled") == []
