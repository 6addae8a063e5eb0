"""The whole way of a run on clusters that grow, shrink and die, with all of it in a bucket."""

import time

import pytest

from ingest.workers.pool import UNKNOWN
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


@pytest.mark.timeout(300)
def test_a_node_joins_and_dies_then_the_head_and_another_cluster_completes_the_run(s3, tmp_path):
    bucket = new_bucket(s3)
    journey = Journey.prepare(tmp_path, bucket, number=150, seconds=0.7)
    with head(1, **bucket.environment) as first:
        process = journey.submit(first)
        journey.await_work(2)
        of_head = frozenset(line[0] for line in journey.work)
        with joined(first, 1, **bucket.environment) as second:
            there = time.time()
            journey.await_work(2, but=of_head)
            began = min(float(line[2]) for line in journey.work if line[0] not in of_head)
            second.kill()
        process.kill()  # the terminal is lost: that changes nothing
        process.communicate()
        seen = len(journey.work)
        journey.await_work(seen + 3)
        first.node.kill()
    assert began - there < USED_S
    journey.hurry()
    with head(2, **bucket.environment) as last:
        assert journey.check(journey.submit(last)) == 2
    assert journey.extra <= 2 * UNKNOWN, journey.work  # a pack for each death


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_run_is_suspended_and_resumed_beside_another_attempt_while_nodes_are_lost(s3, tmp_path):
    bucket = new_bucket(s3)
    journey = Journey.prepare(tmp_path, bucket, number=80, seconds=1.0)
    with head(1, **bucket.environment) as first:
        process = journey.submit(first)
        journey.await_work(3)
        second = journey.submit(first)
        assert second.communicate(timeout=60)[0] == ""
        assert second.returncode == 1  # the job is running
        first.node.kill()  # as Kueue does when it suspends a run
    process.communicate(timeout=90)
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


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_runs_share_a_cluster_by_weight_and_ask_for_what_they_need(s3, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    small, large = (
        Journey.prepare(tmp_path / name, new_bucket(s3), number=number, seconds=1.0)
        for name, number in (("a", 60), ("b", 60))
    )
    with head(4, **small.bucket.environment) as cluster:
        first = small.submit(cluster)
        small.await_work(8)
        alone = small.pids(5.0)
        second = large.submit(cluster, "execution.weight=3")
        large.await_work(10)
        time.sleep(4.0)
        shared = small.pids(3.0), large.pids(3.0)
        asked = small.asked(cluster)
        small.check(first)
        large.check(second)
        assert alone == 4
        assert shared == (1, 3)
        assert 0 < asked <= 8  # seconds of work for each, not a worker for each partition
        assert small.extra == large.extra == 0
        assert small.asked(cluster) == 0


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_run_that_runs_out_of_memory_does_not_fail_another(s3, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    good = Journey.prepare(tmp_path / "a", new_bucket(s3), number=20, seconds=1.0)
    bad = Journey.prepare(tmp_path / "b", new_bucket(s3), number=4, seconds=1.0)
    functions = tmp_path / "b/jobs/journey/functions.py"
    functions.write_text(
        "def twice(rows):\n"
        "    held = []\n"
        "    while True:\n"
        "        held.append(bytearray(b'x') * (1 << 24))\n"
    )
    with head(2, **good.bucket.environment) as cluster:
        process = good.submit(cluster)
        good.await_work(2)
        other = bad.submit(cluster, "execution.max_memory=1GiB", "execution.max_poison_rows=0")
        other.communicate(timeout=120)
        good.check(process)
    assert other.returncode == 1
    assert good.extra == 0
