from collections.abc import Iterator
from typing import Any

import pytest
import ray

from tests.pools.obedient import Obedient, assignments, work_off
from tests.ray.lean import lean_cluster

pytestmark = pytest.mark.ray


@pytest.fixture
def three_nodes() -> Iterator[Any]:
    """A head and two more nodes of one CPU each, to which this process is connected."""
    with lean_cluster(1, 1, 1) as cluster:
        try:
            ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
            yield cluster
        finally:
            ray.shutdown()


def test_a_node_that_vanishes_costs_nothing_but_time(three_nodes, make_workers):
    workers = make_workers(workers=3)
    workers.start(Obedient())
    work = assignments(["nap"] * 75)
    before, _ = work_off(workers, work[:30])

    three_nodes.remove_node(list(three_nodes.worker_nodes)[-1], allow_graceful=False)
    after, lost = work_off(workers, work[30:], limit_s=90)

    assert len({outcome.worker for outcome in before.values()}) == 3
    assert len(after) == 45
    assert sum(each.culprit for each in lost) <= 1
