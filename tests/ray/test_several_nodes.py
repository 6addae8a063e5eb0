from collections.abc import Iterator
from typing import Any

import pytest
import ray

from ingest.workers.on_ray.cluster import ENVIRONMENT, _environment, _token
from ingest.workers.on_ray.lean import lean_node
from tests.pools.obedient import Obedient, assignments, work_off

pytestmark = pytest.mark.ray


@pytest.fixture
def three_nodes() -> Iterator[Any]:
    """A head and two more nodes of one CPU each, all on this machine."""
    from ray.cluster_utils import Cluster

    store = 100 * 1024 * 1024
    with _environment(ENVIRONMENT | _token()):
        with lean_node():
            cluster = Cluster(
                initialize_head=True,
                head_node_args={
                    "num_cpus": 1,
                    "object_store_memory": store,
                    "include_dashboard": False,
                },
            )
            for _ in range(2):
                cluster.add_node(num_cpus=1, object_store_memory=store)
        try:
            ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
            yield cluster
        finally:
            ray.shutdown()
            cluster.shutdown()


def test_a_node_that_vanishes_costs_nothing_but_time(three_nodes, make_workers):
    workers = make_workers(workers=3)
    workers.start(Obedient())
    work = assignments(["nap"] * 90)
    before, _ = work_off(workers, work[:30])

    three_nodes.remove_node(list(three_nodes.worker_nodes)[-1], allow_graceful=False)
    after, lost = work_off(workers, work[30:], limit_s=90)

    assert len({outcome.worker for outcome in before.values()}) == 3
    assert len(after) == 60
    assert sum(each.culprit for each in lost) <= 1
