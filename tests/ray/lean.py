"""A Ray of one or more nodes on this machine, with the few processes of a private one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ingest.workers.on_ray.cluster import ENVIRONMENT, _environment, _token
from ingest.workers.on_ray.lean import lean_node

STORE_BYTES = 100 * 1024 * 1024
SETTINGS = {"RAY_health_check_initial_delay_ms": "0", "RAY_health_check_period_ms": "300"}
"""A node that is killed is known to be dead after 2 s; with Ray's own settings after up to 15."""


@contextmanager
def lean_cluster(*cpus: int) -> Iterator[Any]:
    """Start a node for each number of CPUs, the first of them the head; ended by force after.

    It has no job server, and forks its workers. Commands that are started meanwhile inherit what
    they need to reach `address`.
    """
    from ray.cluster_utils import Cluster

    with _environment(ENVIRONMENT | SETTINGS | _token()):
        with lean_node():
            cluster = Cluster()
            for number in cpus:
                cluster.add_node(
                    num_cpus=number, object_store_memory=STORE_BYTES, include_dashboard=False
                )
        try:
            yield cluster
        finally:
            for node in (*cluster.worker_nodes, cluster.head_node):
                cluster.remove_node(node, allow_graceful=False)
            cluster.shutdown()
