"""The pods of a run: not root, nothing to write but memory and a scratch folder, ends in order."""

from typing import Any

from ingest.clusters.groups import Head, Toleration, WorkerGroup
from ingest.clusters.kuberay import KubeRayCluster
from ingest.kubernetes.names import dns_label
from ingest.kubernetes.quantities import memory
from ingest.records.holders import SUBMISSION
from ingest.watch.metrics.serving import PORT as METRICS

Page = dict[str, Any]
CONF = "/etc/ingest/conf"
SCRATCH = "/tmp"  # noqa: S108 - a volume of the pod
USER = 1000
WORKER_GRACE_S = 60
METRICS_PORT = 9464
"""Where the driver answers Prometheus about its run."""
KEEP_ALIVE = {
    "RAY_grpc_client_keepalive_time_ms": "10000",
    "RAY_grpc_client_keepalive_timeout_ms": "5000",
}
"""A node that is lost is noticed after half a minute, and not after eight (see `workers.md`)."""

_SPOT: dict[str, tuple[dict[str, str], tuple[Toleration, ...]]] = {
    "other": ({}, ()),
    "eks": ({"eks.amazonaws.com/capacityType": "SPOT"}, ()),
    "gke": (
        {"cloud.google.com/gke-spot": "true"},
        (Toleration(key="cloud.google.com/gke-spot", value="true"),),
    ),
    "aks": (
        {"kubernetes.azure.com/scalesetpriority": "spot"},
        (Toleration(key="kubernetes.azure.com/scalesetpriority", value="spot"),),
    ),
}
_IDENTITY_NODES = {"gke": {"iam.gke.io/gke-metadata-server-enabled": "true"}}
_IDENTITY_LABELS = {"aks": {"azure.workload.identity/use": "true"}}
_STAYS = {  # what removes nodes that are not full, has to leave the driver's alone
    "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
    "karpenter.sh/do-not-disrupt": "true",
}


def labels(cluster: KubeRayCluster, job: str) -> dict[str, str]:
    """Return the labels of all objects and pods of a job."""
    return {
        "app.kubernetes.io/name": "ingest",
        "app.kubernetes.io/part-of": "ingest",
        "ingest/job": dns_label(job),
        **cluster.labels,
    }


def head_pod(cluster: KubeRayCluster, job: str, config: str | None, grace_s: float) -> Page:
    """Return the template of the head, where the driver runs.

    `config` is the name of the ConfigMap with the job; `grace_s` is how long the driver may finish
    running partitions, in seconds, before it is ended.
    """
    size = _resources(cluster.head.cpu, cluster.head)
    stop = ["python", "-m", "ingest.k8s", "drain", "--seconds", f"{grace_s:g}"]
    container = _ray_container("ray-head", cluster, size, stop)
    container["ports"] = [
        {"name": "gcs", "containerPort": 6379},
        {"name": "dashboard", "containerPort": 8265},
        {"name": "client", "containerPort": 10001},
        {"name": "metrics", "containerPort": 8080},
    ]
    spec = _spec(cluster, container, int(grace_s) + WORKER_GRACE_S)
    spec |= _nodes(cluster, cluster.head.node_selector, cluster.head.tolerations)
    if config:
        name = {"fieldRef": {"fieldPath": "metadata.labels['ray.io/cluster']"}}
        container["env"].append({"name": SUBMISSION, "valueFrom": name})
        container["env"].append({"name": METRICS, "value": str(METRICS_PORT)})
        container["ports"].append({"name": "run-metrics", "containerPort": METRICS_PORT})
        items = [{"key": "job.yaml", "path": f"job/{job}.yaml"}]
        spec["volumes"].append({"name": "job", "configMap": {"name": config, "items": items}})
        container["volumeMounts"].append({"name": "job", "mountPath": CONF, "readOnly": True})
    return {"metadata": _metadata(cluster, job, annotations=_STAYS), "spec": spec}


def worker_pod(cluster: KubeRayCluster, job: str, group: WorkerGroup) -> Page:
    """Return the template of the workers of a group."""
    size = _resources(group.cpu, group)
    if group.gpu:
        size[group.gpu_resource] = str(group.gpu)
    stop = ["ray", "stop", "--grace-period", str(WORKER_GRACE_S // 3)]
    container = _ray_container("ray-worker", cluster, size, stop)
    container["ports"] = [{"name": "metrics", "containerPort": 8080}]
    spec = _spec(cluster, container, WORKER_GRACE_S)
    spec["automountServiceAccountToken"] = False
    selector, tolerations = _SPOT[cluster.platform] if group.spot else ({}, ())
    spec |= _nodes(cluster, {**selector, **group.node_selector}, (*tolerations, *group.tolerations))
    return {"metadata": _metadata(cluster, job), "spec": spec}


def submitter_pod(cluster: KubeRayCluster, job: str) -> Page:
    """Return the template of the pod that hands the run to Ray, and follows it."""
    container = {
        "name": "ray-job-submitter",
        "image": cluster.image,
        "env": [{"name": "HOME", "value": SCRATCH}],
        "resources": _same({"cpu": "500m", "memory": "1Gi"}),
        "securityContext": container_security(),
        "volumeMounts": [{"name": "scratch", "mountPath": SCRATCH}],
    }
    spec = _spec(cluster, container, WORKER_GRACE_S, shared=False)
    spec["automountServiceAccountToken"] = False
    return {"metadata": _metadata(cluster, job), "spec": spec}


def pod_security() -> Page:
    """Return what all containers of a pod have in common."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "fsGroup": USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> Page:
    """Return a container's own part of it."""
    return {
        "runAsNonRoot": True,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def _metadata(cluster: KubeRayCluster, job: str, annotations: dict[str, str] | None = None) -> Page:
    page: Page = {"labels": labels(cluster, job) | _IDENTITY_LABELS.get(cluster.platform, {})}
    return page | ({"annotations": dict(annotations)} if annotations else {})


def _ray_container(
    name: str, cluster: KubeRayCluster, size: dict[str, str], stop: list[str]
) -> Page:
    mounts = [{"name": "scratch", "mountPath": SCRATCH}]
    for number, (path, _) in enumerate(_mounted(cluster)):
        is_secret = path in cluster.secret_files
        mount: Page = {"name": f"volume-{number}", "mountPath": path}
        mounts.append(mount | ({"readOnly": True} if is_secret else {}))
    container: Page = {
        "name": name,
        "image": cluster.image,
        "env": _variables(cluster),
        "resources": _same(size),
        "securityContext": container_security(),
        "volumeMounts": mounts,
        "lifecycle": {"preStop": {"exec": {"command": stop}}},
    }
    if cluster.env_secrets:
        container["envFrom"] = [{"secretRef": {"name": each}} for each in cluster.env_secrets]
    return container


def _variables(cluster: KubeRayCluster) -> list[Page]:
    """Return the environment; Ray's own variables are added by KubeRay."""
    usual = {"HOME": SCRATCH, "TMPDIR": SCRATCH, "PYTHONUNBUFFERED": "1", **KEEP_ALIVE}
    variables: list[Page] = [
        {"name": key, "value": value} for key, value in usual.items() if key not in cluster.env
    ]
    for key, value in cluster.env.items():
        if isinstance(value, str):
            variables.append({"name": key, "value": value})
        else:
            reference = {"name": value.secret, "key": value.key}
            variables.append({"name": key, "valueFrom": {"secretKeyRef": reference}})
    return variables


def _spec(cluster: KubeRayCluster, container: Page, grace_s: int, *, shared: bool = True) -> Page:
    spec: Page = {
        "serviceAccountName": cluster.service_account,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": grace_s,
        "securityContext": pod_security(),
        "containers": [container],
        "volumes": [{"name": "scratch", "emptyDir": {}}],
    }
    if shared:
        spec["volumes"] += [
            {"name": f"volume-{number}", **source}
            for number, (_, source) in enumerate(_mounted(cluster))
        ]
    if cluster.image_pull_secrets:
        spec["imagePullSecrets"] = [{"name": each} for each in cluster.image_pull_secrets]
    return spec


def _mounted(cluster: KubeRayCluster) -> list[tuple[str, Page]]:
    """Return the folders that the job reads and writes, each with what is there."""
    secrets = [
        (path, {"secret": {"secretName": name}}) for path, name in cluster.secret_files.items()
    ]
    claims = [
        (path, {"persistentVolumeClaim": {"claimName": name}})
        for path, name in cluster.volumes.items()
    ]
    return [*secrets, *claims]


def _nodes(
    cluster: KubeRayCluster, selector: dict[str, str], tolerations: tuple[Toleration, ...]
) -> Page:
    wanted = {**_IDENTITY_NODES.get(cluster.platform, {}), **selector}
    page: Page = {"nodeSelector": wanted} if wanted else {}
    if tolerations:
        page["tolerations"] = [_toleration(each) for each in tolerations]
    return page


def _toleration(told: Toleration) -> Page:
    page: Page = {"key": told.key, "operator": "Exists" if told.value is None else "Equal"}
    if told.value is not None:
        page["value"] = told.value
    return page | {"effect": told.effect}


def _resources(cpu: int, size: Head | WorkerGroup) -> dict[str, str]:
    return {"cpu": str(cpu), "memory": memory(size.memory)}


def _same(size: dict[str, str]) -> Page:
    """Return requests and limits; equal, a pod is not the first to go when memory is short."""
    return {"requests": dict(size), "limits": dict(size)}
