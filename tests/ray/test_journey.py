"""The whole way of a run on clusters that grow, shrink and die, with all of it in a bucket."""

import time

import pytest

from tests.chaos.servers import new_bucket
from tests.ray.head import head, joined
from tests.ray.journey import Journey
from tests.services import ceph

pytestmark = pytest.mark.ray
USED_S = 10.0


@pytest.fixture(scope="module")
def s3():
    if not ceph.installed():
        pytest.skip("Ceph is not installed")
    with ceph.gateway() as url:
        yield url


def test_a_node_joins_and_dies_then_the_head_and_another_cluster_completes_the_run(s3, tmp_path):
    bucket = new_bucket(s3)
    journey = Journey.prepare(tmp_path, bucket, number=40, seconds=0.7)
    with head(1, **bucket.environment) as first:
        process = journey.submit(first)
        journey.await_work(2)
        of_head = frozenset(line[0] for line in journey.work)
        with joined(first, 1, **bucket.environment) as second:
            there = time.time()
            journey.await_work(2, but=of_head)
            began = min(float(line[2]) for line in journey.work if line[0] not in of_head)
            second.kill()
        seen = len(journey.work)
        journey.await_work(seen + 3)
        first.node.kill()
    assert began - there < USED_S
    process.communicate(timeout=60)
    assert process.returncode == 1
    with head(2, **bucket.environment) as last:
        assert journey.check(journey.submit(last)) == 2
    assert journey.extra <= 2 + 2 + 2, journey.work  # what each death has interrupted
