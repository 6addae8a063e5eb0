"""A Ray cluster of nodes on this machine, to be killed: `python -m tests.chaos.nodes 3`.

Prints `address HOST:PORT` when it stands, then obeys lines of its input: `lose` ends the processes
of the newest node by force, `add` adds a node; each is answered by `done`. Ends with its input.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

from ray.cluster_utils import Cluster

from ingest.workers.on_ray.cluster import ENVIRONMENT

STORE_BYTES = 100 * 1024 * 1024


@contextlib.contextmanager
def several_nodes(number: int) -> Iterator[Any]:
    """Start so many nodes of one CPU each; the first is the head, which runs drivers too."""
    os.environ.update(ENVIRONMENT)
    node = {"num_cpus": 1, "object_store_memory": STORE_BYTES}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    try:
        for _ in range(number - 1):
            cluster.add_node(**node)
        yield cluster
    finally:
        cluster.shutdown()


def main(number: int) -> None:
    """Keep the cluster, and do to it what the input says."""
    with several_nodes(number) as cluster:
        _say(f"address {cluster.address}")
        for line in sys.stdin:
            if line.strip() == "lose":
                cluster.remove_node(list(cluster.worker_nodes)[-1], allow_graceful=False)
            else:
                cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES)
            _say("done")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
