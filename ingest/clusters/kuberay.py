"""A Ray cluster on Kubernetes, as KubeRay makes it for each run."""

import re
from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from ingest.clusters.groups import Head, WorkerGroup
from ingest.core.model import Model

RAY_VERSION = "2.60.0"
LONGEST_NAME = 63
_LABEL = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")


class SecretKey(Model):
    """A key of a Kubernetes Secret in the namespace of the run."""

    secret: str = Field(min_length=1)
    """The name of the Secret."""
    key: str = Field(min_length=1)
    """The key in it."""


class KubeRayCluster(Model):
    """A Ray cluster on Kubernetes, started for one run and removed after it.

    `ingest k8s render` writes its manifests. Needs the KubeRay operator, version 1.6 or later.
    """

    hints: ClassVar[Mapping[str, str]] = {
        "worker_groups": "write at least one group: worker_groups: {cpu: {max_workers: 4}}",
    }

    type: Literal["kuberay"]
    image: str = Field(min_length=1)
    """The container image, with `ingest` and what the job's steps import, by a tag that does not
    change or a digest: `registry.example.org/ingest:0.1.0`."""
    image_pull_secrets: tuple[str, ...] = ()
    """Names of Secrets with the credentials of the registry."""
    ray_version: str = Field(default=RAY_VERSION, pattern=r"^\d+\.\d+\.\d+$")
    """The version of Ray in the image."""
    namespace: str = Field(default="ingest", pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")
    """The Kubernetes namespace of the run."""
    service_account: str = "ingest"
    """The service account of all pods. It carries the workload identity (IRSA, GKE, AKS) that
    opens the buckets."""
    platform: Literal["other", "eks", "gke", "aks"] = "other"
    """The kind of Kubernetes, for the labels and taints of its spot nodes and its workload
    identity."""
    queue: str | None = None
    """The LocalQueue of Kueue that admits the run. Without it, the run starts at once."""
    head: Head = Head()
    """The pod of the driver."""
    worker_groups: dict[str, WorkerGroup] = Field(min_length=1)
    """Groups of workers by name. A group is used before those below it."""
    idle_timeout_s: int = Field(default=60, ge=1)
    """How long a worker may have nothing to do, in seconds, before it is removed."""
    env: dict[str, str | SecretKey] = Field(default_factory=dict)
    """Environment variables of all pods: a text, or `{secret: NAME, key: KEY}`."""
    env_secrets: tuple[str, ...] = ()
    """Names of Secrets whose keys all become environment variables."""
    secret_files: dict[str, str] = Field(default_factory=dict)
    """Secrets that are mounted as folders of files: the folder, and the name of the Secret."""
    volumes: dict[str, str] = Field(default_factory=dict)
    """Shared file systems: the folder, and the name of a PersistentVolumeClaim that all pods can
    write to."""
    auth_secret: str | None = "ingest-ray-token"  # noqa: S105 - the name of one
    """The name of the Secret whose key `auth_token` clients of Ray must present. `null` turns
    Ray's authentication off."""
    labels: dict[str, str] = Field(default_factory=dict)
    """More labels of all objects and pods."""
    max_attempts: int = Field(default=4, ge=1)
    """How often the run is tried, each time on a new cluster. Each attempt resumes the one
    before."""
    deadline_s: int = Field(default=86_400, ge=1)
    """How long the run may take in all, in seconds."""
    start_deadline_s: int = Field(default=3600, ge=1)
    """How long the run may wait for nodes, images or quota before it starts, in seconds."""
    keep_s: int = Field(default=300, ge=0)
    """How long the cluster is kept after the run, in seconds, so that its logs can be read."""
    schedule_by: Literal["cronjob", "raycronjob"] = "cronjob"
    """What starts the runs of a job with a schedule: a CronJob of Kubernetes, or a RayCronJob,
    for which KubeRay's operator needs the feature gate `RayCronJob`."""

    @property
    def cpus(self) -> int:
        """The largest number of CPUs that process partitions at once.

        Without those beside GPUs, which are for the steps that need them, if there are others.
        """
        groups = self.worker_groups.values()
        plain = [group for group in groups if not group.gpu] or groups
        return sum(group.cpu * group.max_workers for group in plain)

    @field_validator("image")
    @classmethod
    def _fixed(cls, image: str) -> str:
        name = image.rpartition("/")[2]
        if "@sha256:" not in image and (":" not in name or name.endswith(":latest")):
            raise ValueError(
                f'"{image}": an image needs a tag that does not change, or a digest, because a '
                "resumed run must use the same version. Write NAME:TAG or NAME@sha256:DIGEST"
            )
        return image

    @field_validator("worker_groups")
    @classmethod
    def _named(cls, groups: dict[str, WorkerGroup]) -> dict[str, WorkerGroup]:
        for name, group in groups.items():
            if not _LABEL.fullmatch(name) or len(name) > LONGEST_NAME:
                raise ValueError(
                    f'"{name}": the name of a group has lower-case letters, digits and -, and '
                    "begins with a letter"
                )
            if group.min_workers > group.max_workers:
                raise ValueError(
                    f"{name}: min_workers ({group.min_workers}) is above max_workers "
                    f"({group.max_workers}). Raise max_workers"
                )
        return groups

    @model_validator(mode="after")
    def _spot_is_marked(self) -> Self:
        for name, group in self.worker_groups.items():
            if group.spot and self.platform == "other" and not group.node_selector:
                raise ValueError(
                    f"worker_groups.{name}: spot: true, but nothing says which nodes are meant. "
                    "Write their labels: node_selector, or set platform to eks, gke or aks"
                )
        return self
