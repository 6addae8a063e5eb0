"""The whole way of a run on clusters that grow, shrink and die, with all of it in a bucket."""

import time

import pytest

from ingest.workers.pool import UNKNOWN
from tests.chaos.servers import new_bucket
from tests.ray.head import head, joined
from tests.ray.journey import Journey

pytestmark = pytest.mark.ray
USED_S = 10.0


@pytest.mark.timeout(300)
def test_a_node_joins_and_dies_then_the_head_and_another_cluster_completes_the_run(
    bucket, cluster, tmp_path
):
    if bucket is None:
        pytest.skip("Ceph is not installed")
    journey = Journey.prepare(tmp_path, bucket, number=100, seconds=0.7)
    process = journey.submit(cluster)
    journey.await_work(2)
    of_head = frozenset(line[0] for line in journey.work)
    with joined(cluster, 1, **bucket.environment) as second:
        there = time.time()
        journey.await_work(2, but=of_head)
        began = min(float(line[2]) for line in journey.work if line[0] not in of_head)
        second.kill()
    process.kill()  # the terminal is lost: that changes nothing
    process.communicate()
    seen = len(journey.work)
    journey.await_work(seen + 3)
    cluster.node.kill()
    journey.hurry()
    assert journey.check(journey.run_here()) == 2
    assert journey.extra <= 2 * UNKNOWN, journey.work  # a pack for each death
    assert began - there < USED_S


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_run_is_suspended_and_resumed_beside_another_attempt_while_nodes_are_lost(s3, tmp_path):
    bucket = new_bucket(s3)
    journey = Journey.prepare(tmp_path, bucket, number=80, seconds=1.0)
    with head(1, **bucket.environment) as first:
        process = journey.submit(first)
        journey.await_work(3)
        second = journey.submit(first)
        assert second.communicate(timeout=120)[0] == ""
        assert second.returncode == 1  # the job is running
        first.node.kill()  # as Kueue does when it suspends a run
    process.communicate(timeout=180)
    assert process.returncode == 1  # the cluster does not answer any more
    with head(1, **bucket.environment) as last:
        process = journey.submit(last)
        lost = 0
        while process.poll() is None and lost < 3:
            with joined(last, 1, **bucket.environment) as node:
                until = time.monotonic() + 20.0
                while time.monotonic() < until and process.poll() is None:
                    time.sleep(0.2)
                node.kill()
                lost += 1
        assert journey.check(process) == 2
    assert lost >= 2
    assert journey.extra <= 0.15 * journey.number, journey.extra
