"""A cluster whose autoscaler starts its nodes on this machine, and ends them when they are idle."""

import json
from pathlib import Path

from ray.autoscaler._private.fake_multi_node.node_provider import (
    FAKE_HEAD_NODE_ID,
    FakeMultiNodeProvider,
)

ENVIRONMENT = {
    "AUTOSCALER_UPDATE_INTERVAL_S": "1",
    "RAY_FAKE_CLUSTER": "1",
    "RAY_enable_autoscaler_v2": "1",
    "RAY_CLOUD_INSTANCE_ID": FAKE_HEAD_NODE_ID,
    "RAY_OVERRIDE_NODE_ID_FOR_TESTING": FAKE_HEAD_NODE_ID,
    "RAY_NODE_TYPE_NAME": "ray.head.default",
    "PYTHONPATH": str(Path(__file__).parents[2]),
}
IDLE_MINUTES = 0.1
EMPTY = (
    "initialization_commands",
    "setup_commands",
    "head_setup_commands",
    "worker_setup_commands",
    "head_start_ray_commands",
    "worker_start_ray_commands",
    "cluster_synced_files",
    "rsync_exclude",
    "rsync_filter",
)
"""What else a description of a cluster has to have."""


class Nodes(FakeMultiNodeProvider):
    """Ray's own, by another name: its wheel lacks the file that goes with the type."""


def write_config(file: Path, address: str, most: int) -> None:
    """Describe a head without CPUs, and at most so many nodes with one."""
    store = 100_000_000
    kinds = {
        "ray.head.default": {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0},
        "small": {
            "resources": {"CPU": 1, "object_store_memory": store},
            "node_config": {},
            "min_workers": 0,
            "max_workers": most,
        },
    }
    config = {
        "cluster_name": "small",
        "max_workers": most,
        "idle_timeout_minutes": IDLE_MINUTES,
        "upscaling_speed": 10.0,
        "provider": {
            "type": "external",
            "module": "tests.ray.autoscaled.Nodes",
            "gcs_address": address,
            "head_node_id": FAKE_HEAD_NODE_ID,
            "launch_multiple": True,
            "disable_node_updaters": True,
            "disable_launch_config_check": True,
        },
        "available_node_types": kinds,
        **{key: [] for key in EMPTY},
        **{key: {} for key in ("auth", "docker", "file_mounts")},
        "head_node_type": "ray.head.default",
    }
    file.write_text(json.dumps(config), encoding="utf-8")
