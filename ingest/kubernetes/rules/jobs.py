"""What KubeRay's webhook and the API server refuse in Ray jobs."""

from collections.abc import Iterator

import yaml

from ingest.core import cron
from ingest.kubernetes.manifest import Manifest, items, mapping
from ingest.kubernetes.rules.base import JOBS, rule
from ingest.kubernetes.starting import QUEUE

MANAGERS = ("ray.io/kuberay-operator", "kueue.x-k8s.io/multikueue")
MOST_GROUPS_IN_QUEUE = 17


@rule("cluster-or-selector", *JOBS)
def cluster_or_selector(manifest: Manifest) -> Iterator[str]:
    """A Ray job has a cluster of its own, or names one with `clusterSelector`."""
    job = manifest.job or {}
    selector = mapping(job.get("clusterSelector"))
    if not selector and not job.get("rayClusterSpec"):
        yield "rayClusterSpec: is missing. Write it, or clusterSelector: {ray.io/cluster: NAME}"
    if selector and not selector.get("ray.io/cluster"):
        yield "clusterSelector: names no cluster. Write ray.io/cluster: NAME"


@rule("selector-limits", *JOBS)
def selector_limits(manifest: Manifest) -> Iterator[str]:
    """A job on a cluster of others cannot be suspended, retried with a new one, or own it."""
    job = manifest.job or {}
    if not job.get("clusterSelector"):
        return
    if job.get("suspend"):
        yield "suspend: is not possible with clusterSelector. Remove it, or use rayClusterSpec"
    if job.get("backoffLimit"):
        yield "backoffLimit: is not possible with clusterSelector. Remove it"
    if job.get("submissionMode") == "SidecarMode":
        yield "submissionMode: SidecarMode is not possible with clusterSelector. Use K8sJobMode"


@rule("suspend-needs-shutdown", *JOBS)
def suspend_needs_shutdown(manifest: Manifest) -> Iterator[str]:
    """Only a job whose cluster ends with it can be suspended."""
    job = manifest.job or {}
    if job.get("suspend") and not job.get("shutdownAfterJobFinishes"):
        yield "suspend: true needs shutdownAfterJobFinishes: true. Write both"


@rule("ttl-needs-shutdown", *JOBS)
def ttl_needs_shutdown(manifest: Manifest) -> Iterator[str]:
    """A time to keep the cluster means nothing where it is kept for good."""
    job = manifest.job or {}
    if job.get("ttlSecondsAfterFinished") and not job.get("shutdownAfterJobFinishes"):
        yield "ttlSecondsAfterFinished: needs shutdownAfterJobFinishes: true. Write both"


@rule("positive-times", *JOBS)
def positive_times(manifest: Manifest) -> Iterator[str]:
    """Deadlines are at least one second; a time to keep and a number of retries at least 0."""
    job = manifest.job or {}
    limits = {"activeDeadlineSeconds": 1, "preRunningDeadlineSeconds": 1}
    for name, least in {**limits, "ttlSecondsAfterFinished": 0, "backoffLimit": 0}.items():
        value = job.get(name)
        if isinstance(value, int) and value < least:
            yield f"{name}: {value} is too small. Write at least {least}"


@rule("interactive-mode", *JOBS)
def interactive_mode(manifest: Manifest) -> Iterator[str]:
    """A job that waits for a person to submit it is not tried again."""
    job = manifest.job or {}
    if job.get("submissionMode") == "InteractiveMode" and job.get("backoffLimit"):
        yield "backoffLimit: is not possible in InteractiveMode. Write 0, or use K8sJobMode"


@rule("sidecar-mode", *JOBS)
def sidecar_mode(manifest: Manifest) -> Iterator[str]:
    """A submitter inside the head has no pod of its own, and its head does not restart."""
    job = manifest.job or {}
    if job.get("submissionMode") != "SidecarMode":
        return
    for name in ("submitterPodTemplate", "submitterConfig"):
        if name in job:
            yield f"{name}: is not possible in SidecarMode. Remove it, or use K8sJobMode"
    for where, pod in list(manifest.pods())[:1]:
        if pod.get("restartPolicy", "Never") != "Never":
            yield f"{where}.restartPolicy: must be Never in SidecarMode"


@rule("runtime-env-yaml", *JOBS)
def runtime_env_yaml(manifest: Manifest) -> Iterator[str]:
    """`runtimeEnvYAML` is a text that contains a YAML mapping."""
    text = (manifest.job or {}).get("runtimeEnvYAML")
    if not isinstance(text, str) or not text:
        return
    try:
        page = yaml.safe_load(text)
    except yaml.YAMLError:
        page = None
    if not isinstance(page, dict):
        yield "runtimeEnvYAML: is not a YAML mapping. Write one, or remove it"


@rule("managed-by", *JOBS, "RayCluster")
def managed_by(manifest: Manifest) -> Iterator[str]:
    """`managedBy` names KubeRay or MultiKueue."""
    value = (manifest.job or manifest.cluster or {}).get("managedBy")
    if value is not None and value not in MANAGERS:
        yield f'managedBy: "{value}". Write one of {", ".join(MANAGERS)}, or remove it'


@rule("queue-limits", "RayJob")
def queue_limits(manifest: Manifest) -> Iterator[str]:
    """Kueue admits jobs that own their cluster, end it, and have up to 17 groups of workers."""
    job = manifest.job or {}
    if QUEUE not in mapping(manifest.metadata.get("labels")):
        return
    if not job.get("shutdownAfterJobFinishes"):
        yield f"shutdownAfterJobFinishes: must be true with the label {QUEUE}"
    if job.get("clusterSelector"):
        yield f"clusterSelector: is not possible with the label {QUEUE}. Use rayClusterSpec"
    number = len(items(mapping(job.get("rayClusterSpec")).get("workerGroupSpecs")))
    if number > MOST_GROUPS_IN_QUEUE:
        yield (
            f"workerGroupSpecs: has {number} groups. Kueue admits up to {MOST_GROUPS_IN_QUEUE}: "
            "merge some"
        )


@rule("cron-form", "RayCronJob", "CronJob")
def cron_form(manifest: Manifest) -> Iterator[str]:
    """A schedule has five fields and a time zone that exists."""
    if wrong := cron.mistake(str(manifest.spec.get("schedule") or "")):
        yield f"schedule: {wrong.replace('timezone', 'timeZone')}"
    zone = manifest.spec.get("timeZone")
    if isinstance(zone, str) and (wrong := cron.unknown_zone(zone)):
        yield f"timeZone: {wrong}"


RULES = (
    cluster_or_selector,
    selector_limits,
    suspend_needs_shutdown,
    ttl_needs_shutdown,
    positive_times,
    interactive_mode,
    sidecar_mode,
    runtime_env_yaml,
    managed_by,
    queue_limits,
    cron_form,
)
