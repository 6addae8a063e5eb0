"""Nodes that leave a cluster: one that says so costs nothing, one that freezes is noticed."""

import subprocess
import time

import pytest

from tests.chaos.servers import new_bucket
from tests.ray.head import head, joined
from tests.ray.journey import Journey
from tests.ray.network import Folder, network, possible

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(300)]
NOTICED_S = 40.0
PACK_S = 6.0  # a worker that gets nothing more has ended by then what it had


def test_a_node_that_does_not_answer_is_noticed(s3, tmp_path):
    journey = Journey.prepare(tmp_path, new_bucket(s3), 200, seconds=0.5)
    with head(1, **journey.bucket.environment) as cluster:
        process = journey.submit(cluster, "execution.speculation=null")
        journey.await_work(2)
        of_head = frozenset(line[0] for line in journey.work)
        with joined(cluster, 1, **journey.bucket.environment) as node:
            journey.await_work(3, but=of_head)
            node.freeze()
            began = time.monotonic()
            journey.hurry()
            while journey.missing:  # what the node holds is completed once its loss is noticed
                assert time.monotonic() - began < NOTICED_S, journey.missing
                time.sleep(0.1)
            print("noticed_s", time.monotonic() - began)
            journey.check(process)


@pytest.mark.skipif(not possible(), reason="needs root, to make networks")
def test_a_node_that_is_cut_off_is_noticed(tmp_path):
    """Until the run is published: what the node still completes reaches nobody."""
    journey = Journey.prepare(tmp_path, Folder(tmp_path / "shared"), 150, seconds=0.5)
    with network() as link, head(1, host=link.here) as cluster:
        process = journey.submit(cluster, "execution.speculation=null")
        journey.await_work(2)
        of_head = frozenset(line[0] for line in journey.work)
        with joined(cluster, 1, network=link):
            journey.await_work(3, but=of_head)
            link.cut()
            began = time.monotonic()
            journey.hurry()
            while process.poll() is None:
                assert time.monotonic() - began < NOTICED_S, journey.missing
                time.sleep(0.1)
            print("cut_s", time.monotonic() - began)
            journey.check(process)


def test_a_node_that_is_drained_costs_nothing(s3, tmp_path):
    journey = Journey.prepare(tmp_path, new_bucket(s3), 200, seconds=0.5)
    with head(1, **journey.bucket.environment) as cluster:
        process = journey.submit(cluster)
        journey.await_work(2)
        of_head = frozenset(line[0] for line in journey.work)
        with joined(cluster, 1, **journey.bucket.environment) as node:
            journey.await_work(3, but=of_head)
            name = next(line[0] for line in journey.work if line[0] not in of_head)
            drain = ["ray", "drain-node", "--address", cluster.address, "--node-id", name]
            drain += ["--reason", "DRAIN_NODE_REASON_PREEMPTION", "--reason-message", "a test"]
            drain += ["--deadline-remaining-seconds", "60"]
            subprocess.run(drain, env=cluster.environment, check=True, capture_output=True)
            time.sleep(PACK_S)
            before = [line[0] for line in journey.work].count(name)
            journey.await_work(len(journey.work) + 10)
            assert [line[0] for line in journey.work].count(name) == before
            node.kill()
        journey.hurry()
        assert journey.check(process) == 1
    print("extra", journey.extra)
    assert journey.extra == 0
