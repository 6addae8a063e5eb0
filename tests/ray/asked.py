"""Print what a cluster is asked to have and what nodes it has, as JSON.

`python -m tests.ray.asked ADDRESS`: the number of CPUs, and of nodes with CPUs that are alive.
"""

import json
import sys

import ray
from ray._private.ray_constants import AUTOSCALER_RESOURCE_REQUEST_CHANNEL
from ray.experimental.internal_kv import _internal_kv_get


def main(address: str) -> None:
    ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    page = json.loads(_internal_kv_get(AUTOSCALER_RESOURCE_REQUEST_CHANNEL) or b"[]")
    nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
    print(json.dumps([len(page), len(nodes)]))


if __name__ == "__main__":
    main(sys.argv[1])
