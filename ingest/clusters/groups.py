"""The pods of a Ray cluster on Kubernetes: its head and its groups of workers."""

from typing import Literal

from pydantic import ByteSize, Field

from ingest.core.model import Model

GIBIBYTE = 1024**3


class Toleration(Model):
    """Lets workers be placed on nodes that have this taint."""

    key: str
    """The key of the taint."""
    value: str | None = None
    """The value of the taint. Without it, every value."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = "NoSchedule"
    """What the taint does to other pods."""


class Head(Model):
    """The pod that runs the driver and Ray's own services. It processes no partitions."""

    cpu: int = Field(default=2, ge=1)
    """Number of CPUs."""
    memory: ByteSize = Field(default=ByteSize(4 * GIBIBYTE), ge=1)
    """The memory, such as `4GiB`. Ray's services take about 1.5 GiB of it."""
    node_selector: dict[str, str] = Field(default_factory=dict)
    """Labels that a node must have."""
    tolerations: tuple[Toleration, ...] = ()
    """Taints of nodes that are accepted."""


class WorkerGroup(Model):
    """Workers of one size. Ray adds and removes them as the run needs them."""

    cpu: int = Field(default=2, ge=1)
    """Number of CPUs of each pod; each CPU processes one partition at a time."""
    memory: ByteSize = Field(default=ByteSize(8 * GIBIBYTE), ge=1)
    """The memory of each pod, such as `8GiB`."""
    gpu: int = Field(default=0, ge=0)
    """Number of GPUs of each pod."""
    gpu_resource: str = "nvidia.com/gpu"
    """What Kubernetes calls such a GPU."""
    min_workers: int = Field(default=0, ge=0)
    """Number of pods that are started at once, and kept until the end of the run."""
    max_workers: int = Field(default=4, ge=1)
    """The largest number of pods."""
    spot: bool = False
    """Whether to use nodes that may be taken away at short notice. A lost node costs only the
    partitions that it was processing. How such nodes are found: `platform`, otherwise
    `node_selector` and `tolerations`."""
    node_selector: dict[str, str] = Field(default_factory=dict)
    """Labels that a node must have."""
    tolerations: tuple[Toleration, ...] = ()
    """Taints of nodes that are accepted."""
