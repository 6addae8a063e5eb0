"""Print how many CPUs a cluster is asked to have: `python -m tests.ray.asked ADDRESS`."""

import json
import sys

import ray
from ray._private.ray_constants import AUTOSCALER_RESOURCE_REQUEST_CHANNEL
from ray.experimental.internal_kv import _internal_kv_get


def main(address: str) -> None:
    ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    page = json.loads(_internal_kv_get(AUTOSCALER_RESOURCE_REQUEST_CHANNEL) or b"[]")
    print(len(page))


if __name__ == "__main__":
    main(sys.argv[1])
