"""What KubeRay's webhook refuses in Ray clusters, and what the autoscaler cannot do."""

from collections import Counter
from collections.abc import Iterator

from ingest.kubernetes.manifest import (
    Manifest,
    autoscaler,
    autoscaling,
    environment,
    items,
    mapping,
    ray_version,
)
from ingest.kubernetes.rules.base import CLUSTERS, JOBS, rule

OF_RAY = ("num-cpus", "num-gpus", "memory", "resources")
VERSION_OF_AUTOSCALER = "RAY_enable_autoscaler_v2"


@rule("has-containers", *CLUSTERS)
def has_containers(manifest: Manifest) -> Iterator[str]:
    """Head and workers have a container; the first one is Ray's."""
    for where, group in manifest.groups():
        spec = mapping(mapping(group.get("template")).get("spec"))
        if not items(spec.get("containers")):
            yield f"{where}.template.spec.containers: is empty. Write a container"


@rule("group-names", *CLUSTERS)
def group_names(manifest: Manifest) -> Iterator[str]:
    """Groups of workers have different names."""
    names = Counter(str(group.get("groupName")) for _, group in manifest.workers())
    for name, number in names.items():
        if number > 1:
            yield f'workerGroupSpecs: {number} groups are called "{name}". Write different names'


@rule("group-sizes", *CLUSTERS)
def group_sizes(manifest: Manifest) -> Iterator[str]:
    """`minReplicas` is at most `maxReplicas`, and `replicas` is between them."""
    for where, group in manifest.workers():
        least, most = group.get("minReplicas", 0), group.get("maxReplicas", 2**31 - 1)
        if not (isinstance(least, int) and isinstance(most, int)):
            continue
        if least > most:
            yield f"{where}: minReplicas {least} is above maxReplicas {most}. Raise maxReplicas"
        now = group.get("replicas", least)
        if isinstance(now, int) and least <= most and not least <= now <= most:
            yield f"{where}.replicas: {now}. Write {least} to {most}, or remove it"


@rule("resources-once", *CLUSTERS)
def resources_once(manifest: Manifest) -> Iterator[str]:
    """What a group has for Ray is in `rayStartParams` or in `resources`, not in both."""
    for where, group in manifest.groups():
        parameters = mapping(group.get("rayStartParams"))
        if group.get("resources") and any(parameters.get(name) for name in OF_RAY):
            yield f"{where}: resources and rayStartParams both set resources. Write one of them"


@rule("labels-of-group", *CLUSTERS)
def labels_of_group(manifest: Manifest) -> Iterator[str]:
    """Labels for Ray are in `labels` of the group, not in `rayStartParams`."""
    for where, group in manifest.groups():
        if "labels" in mapping(group.get("rayStartParams")):
            yield f"{where}.rayStartParams.labels: is not possible. Write {where}.labels"


@rule("autoscaler-restart-policy", *CLUSTERS)
def autoscaler_restart_policy(manifest: Manifest) -> Iterator[str]:
    """With autoscaler v2, pods are replaced and do not restart by themselves."""
    cluster = manifest.cluster
    if cluster is None or not autoscaling(cluster) or autoscaler(cluster) != "v2":
        return
    for where, group in manifest.groups():
        policy = mapping(mapping(group.get("template")).get("spec")).get("restartPolicy", "Never")
        if policy != "Never":
            yield f"{where}.template.spec.restartPolicy: {policy}. Write Never, or remove it"


@rule("autoscaler-version", *CLUSTERS)
def autoscaler_version(manifest: Manifest) -> Iterator[str]:
    """The autoscaler's version is set in one place, and only where there is one."""
    cluster = manifest.cluster or {}
    told = mapping(cluster.get("autoscalerOptions")).get("version")
    for where, variable in _head_variables(manifest, VERSION_OF_AUTOSCALER):
        if not autoscaling(cluster) and variable in {"1", "true"}:
            yield f"{where}: needs enableInTreeAutoscaling: true. Write it, or remove {where}"
        elif autoscaling(cluster) and told:
            yield f"{where}: autoscalerOptions.version is set too. Remove {where}"


@rule("autoscaler-suspend", *CLUSTERS)
def autoscaler_suspend(manifest: Manifest) -> Iterator[str]:
    """A group cannot be suspended while the autoscaler decides how many workers it has."""
    for where, group in manifest.workers():
        if group.get("suspend") and autoscaling(manifest.cluster):
            yield f"{where}.suspend: is not possible with autoscaling. Remove it"


@rule("autoscaler-group-options", *CLUSTERS)
def autoscaler_group_options(manifest: Manifest) -> Iterator[str]:
    """`idleTimeoutSeconds` and `priority` of a group need autoscaler v2; priority Ray 2.56."""
    cluster = manifest.cluster or {}
    is_v2 = autoscaling(cluster) and autoscaler(cluster) == "v2"
    for where, group in manifest.workers():
        for name in ("idleTimeoutSeconds", "priority"):
            if name in group and not is_v2:
                yield f"{where}.{name}: needs autoscaler v2: enableInTreeAutoscaling: true"
        if "priority" in group and is_v2 and () < ray_version(cluster) < (2, 56):
            yield f"{where}.priority: needs Ray 2.56, not {cluster.get('rayVersion')}. Remove it"


@rule("token-authentication", *CLUSTERS)
def token_authentication(manifest: Manifest) -> Iterator[str]:
    """Authentication by token needs `rayVersion`, from 2.52; a Ray job needs a token of its own."""
    cluster = manifest.cluster or {}
    options = mapping(cluster.get("authOptions"))
    if options.get("mode") == "token" and ray_version(cluster) < (2, 52):
        given = cluster.get("rayVersion") or "none"
        yield f"authOptions.mode: token needs rayVersion from 2.52.0; found: {given}"
    if options.get("enableK8sTokenAuth") and manifest.kind in JOBS:
        yield "authOptions.enableK8sTokenAuth: is not possible for a Ray job. Write secretName"


@rule("fault-tolerance", *CLUSTERS)
def fault_tolerance(manifest: Manifest) -> Iterator[str]:
    """Redis for the control store is set up in `gcsFaultToleranceOptions` only."""
    cluster = manifest.cluster or {}
    options = cluster.get("gcsFaultToleranceOptions")
    annotations = mapping(manifest.metadata.get("annotations"))
    parameters = mapping(mapping(cluster.get("headGroupSpec")).get("rayStartParams"))
    instead = "Write gcsFaultToleranceOptions"
    if options and annotations.get("ray.io/ft-enabled"):
        yield f"metadata.annotations.ray.io/ft-enabled: is set too. {instead} only"
    if options and annotations.get("ray.io/external-storage-namespace"):
        yield f"metadata.annotations.ray.io/external-storage-namespace: is set too. {instead} only"
    for name in ("RAY_REDIS_ADDRESS", "REDIS_PASSWORD", "REDIS_USERNAME"):
        is_allowed = name == "REDIS_PASSWORD" and not options
        is_allowed |= name != "REDIS_USERNAME" and bool(annotations.get("ray.io/ft-enabled"))
        for where, _ in [] if is_allowed else _head_variables(manifest, name):
            yield f"{where}: is not possible here. {instead} instead"
    for name in ("redis-password", "redis-username"):
        if parameters.get(name) and (options or name == "redis-username"):
            yield f"headGroupSpec.rayStartParams.{name}: is not possible. {instead} instead"


def _head_variables(manifest: Manifest, name: str) -> Iterator[tuple[str, object]]:
    """Yield the variable of Ray's container in the head, with where it is, if it is set there."""
    for where, group in list(manifest.groups())[:1]:
        spec = mapping(mapping(group.get("template")).get("spec"))
        for container in map(mapping, items(spec.get("containers"))[:1]):
            variables = environment(container)
            if name in variables:
                yield f"{where}.template.spec.containers[0].env.{name}", variables[name]


RULES = (
    has_containers,
    group_names,
    group_sizes,
    resources_once,
    labels_of_group,
    autoscaler_restart_policy,
    autoscaler_version,
    autoscaler_suspend,
    autoscaler_group_options,
    token_authentication,
    fault_tolerance,
)
