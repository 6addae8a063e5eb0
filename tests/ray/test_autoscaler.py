"""A real autoscaler starts nodes for what a run needs, and ends them when it does not any more."""

import time

import pytest

from tests.chaos.servers import new_bucket
from tests.ray.head import Head, head
from tests.ray.journey import Journey

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(400)]
GONE_S = 120.0  # what a killed run has asked for is forgotten after 40 s


def await_nodes(cluster: Head, number: int) -> float:
    """Wait until so many nodes have CPUs; return how long that took."""
    began = time.monotonic()
    while (seen := Journey.asked(cluster))[1] != number:
        assert time.monotonic() - began < GONE_S, seen
        time.sleep(0.5)
    return time.monotonic() - began


def test_nodes_come_for_a_run_and_go_when_it_has_ended_or_its_driver_was_killed(s3, tmp_path):
    journey = Journey.prepare(tmp_path, new_bucket(s3), number=40, seconds=2.0)
    with head(0, growing=2, folder=tmp_path, **journey.bucket.environment) as cluster:
        began = time.monotonic()
        process = journey.run(cluster)
        journey.await_work(1)
        print("first_s", time.monotonic() - began)
        journey.await_work(20)
        assert len({line[0] for line in journey.work}) == 2
        assert journey.check(process) == 1
        print("gone_s", await_nodes(cluster, 0))
        assert Journey.asked(cluster)[0] == 0

        process = journey.run(cluster)
        journey.await_work(44)
        process.kill()
        process.communicate()
        print("gone_after_kill_s", await_nodes(cluster, 0))
        journey.hurry()
        assert journey.check(journey.run(cluster)) == 2
