"""The objects of a run on KubeRay: the Ray job, the cluster, the job's file, the schedules."""

import hashlib
from typing import Any

from ingest import __version__
from ingest.clusters.kuberay import KubeRayCluster
from ingest.core.dataclass import dataclass
from ingest.job import Job
from ingest.kubernetes import pods
from ingest.kubernetes.names import SCHEDULE, dns_label
from ingest.kubernetes.pods import Page
from ingest.kubernetes.starting import OF_COPIES, QUEUE, TEMPLATE
from ingest.schedule import Schedule

RAY = "ray.io/v1"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - within a pod; NetworkPolicy and token guard it
STARTER = "ingest-starter"
"""The service account that may start Ray jobs."""
RECORD_S = {"SUCCEEDED": 7 * 86_400, "FAILED": 30 * 86_400}
"""How long the RayJob of a run is kept, in seconds, where KubeRay removes it."""
_LATE_S = 3600


@dataclass(frozen=True, slots=True)
class Render:
    """What is rendered: a job on its cluster, with the text of its file."""

    job: Job
    cluster: KubeRayCluster
    text: str

    @property
    def config_name(self) -> str:
        """The name of the ConfigMap: a changed job has another, so that a run keeps its own."""
        digest = hashlib.sha256(self.text.encode()).hexdigest()[:8]
        return f"{dns_label(self.job.name, 48)}-job-{digest}"

    @property
    def if_running(self) -> str:
        """What a run does if it finds its job running, as `ingest run` calls it."""
        if self.job.schedule is None:
            return "wait"
        return "wait" if self.job.schedule.overlap == "queue" else "skip"

    @property
    def schedule_name(self) -> str:
        """The name of its schedule."""
        return dns_label(self.job.name, SCHEDULE)

    def metadata(self, name: str, **more: Any) -> Page:
        """Return the metadata of an object."""
        return {
            "name": name,
            "namespace": self.cluster.namespace,
            "labels": pods.labels(self.cluster, self.job.name),
            "annotations": {"ingest/owner": self.job.owner, "ingest/version": __version__},
            **more,
        }


def config_map(render: Render) -> Page:
    """Return the ConfigMap with the job's file. It never changes: see `Render.config_name`."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": render.metadata(render.config_name),
        "immutable": True,
        "data": {"job.yaml": render.text},
    }


def ray_job(render: Render, name: str) -> Page:
    """Return the Ray job of one run."""
    metadata = render.metadata(name)
    if render.cluster.queue:
        metadata["labels"] |= {QUEUE: render.cluster.queue}
    return {
        "apiVersion": RAY,
        "kind": "RayJob",
        "metadata": metadata,
        "spec": {**_job_spec(render), **_ending(render.cluster)},
    }


def ray_cluster(render: Render, name: str) -> Page:
    """Return a cluster that stays, for many runs."""
    return {
        "apiVersion": RAY,
        "kind": "RayCluster",
        "metadata": render.metadata(name),
        "spec": _cluster_spec(render, config=None),
    }


def ray_cron_job(render: Render, schedule: Schedule) -> Page:
    """Return the schedule as KubeRay has it. It starts runs whatever the one before does."""
    return {
        "apiVersion": RAY,
        "kind": "RayCronJob",
        "metadata": render.metadata(render.schedule_name),
        "spec": {
            "schedule": schedule.cron,
            "timeZone": schedule.timezone,
            "jobTemplate": {**_job_spec(render), **_removal(render.cluster)},
        },
    }


def template(render: Render) -> Page:
    """Return the Ray job that a CronJob copies for each run: suspended, it never runs itself.

    As an object of the cluster it is checked by KubeRay's webhook when it is applied, and patches
    of kustomize reach it. Kueue must not admit it: the queue is a label of its copies only.
    """
    page = ray_job(render, f"{render.schedule_name}-template")
    labels, annotations = page["metadata"]["labels"], page["metadata"]["annotations"]
    if queue := labels.pop(QUEUE, ""):
        annotations[OF_COPIES] = queue
    labels[TEMPLATE] = "true"
    page["spec"]["suspend"] = True
    return page


def cron_job(render: Render, schedule: Schedule) -> Page:
    """Return the schedule as Kubernetes has it: a pod that starts a Ray job, if none is running."""
    name = {"fieldRef": {"fieldPath": "metadata.labels['batch.kubernetes.io/job-name']"}}
    container: Page = {
        "name": "start",
        "image": render.cluster.image,
        "command": ["python", "-m", "ingest.k8s", "start"],
        "args": [
            f"{render.schedule_name}-template",
            "--name",
            "$(RUN_NAME)",
            "--overlap",
            schedule.overlap,
        ],
        "env": [{"name": "HOME", "value": pods.SCRATCH}, {"name": "RUN_NAME", "valueFrom": name}],
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"cpu": "500m", "memory": "256Mi"},
        },
        "securityContext": pods.container_security(),
        "volumeMounts": [{"name": "scratch", "mountPath": pods.SCRATCH}],
    }
    spec: Page = {
        "serviceAccountName": STARTER,
        "restartPolicy": "Never",
        "securityContext": pods.pod_security(),
        "containers": [container],
        "volumes": [{"name": "scratch", "emptyDir": {}}],
    }
    if render.cluster.image_pull_secrets:
        spec["imagePullSecrets"] = [{"name": each} for each in render.cluster.image_pull_secrets]
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": render.metadata(render.schedule_name),
        "spec": {
            "schedule": schedule.cron,
            "timeZone": schedule.timezone,
            "concurrencyPolicy": "Forbid" if schedule.overlap == "skip" else "Allow",
            "startingDeadlineSeconds": _LATE_S,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 3,
            "jobTemplate": {
                "spec": {
                    "backoffLimit": 3,
                    "template": {
                        "metadata": {"labels": pods.labels(render.cluster, render.job.name)},
                        "spec": spec,
                    },
                }
            },
        },
    }


def _job_spec(render: Render) -> Page:
    cluster, job = render.cluster, render.job
    words = ["python", "-m", "ingest.run", "--conf", pods.CONF, f"+job={job.name}"]
    words += ["--progress", "log", "--if-running", render.if_running]
    return {
        "entrypoint": " ".join(words),
        "submissionMode": "K8sJobMode",
        "metadata": {"ingest_job": job.name, "ingest_config": render.config_name},
        "backoffLimit": cluster.max_attempts - 1,
        "activeDeadlineSeconds": cluster.deadline_s,
        "preRunningDeadlineSeconds": cluster.start_deadline_s,
        "submitterPodTemplate": pods.submitter_pod(cluster, job.name),
        "rayClusterSpec": _cluster_spec(render, render.config_name),
    }


def _ending(cluster: KubeRayCluster) -> Page:
    """Return how a cluster ends with its run, in the only form that Kueue admits."""
    return {"shutdownAfterJobFinishes": True, "ttlSecondsAfterFinished": cluster.keep_s}


def _removal(cluster: KubeRayCluster) -> Page:
    """Return how a cluster ends and when the run's RayJob goes, which a RayCronJob keeps for good.

    The condition is the job's status: one that never ran, and so has none, stays to be looked at.
    """
    return {
        "deletionStrategy": {
            "deletionRules": [
                {"policy": policy, "condition": {"jobStatus": status, "ttlSeconds": seconds}}
                for status, record_s in RECORD_S.items()
                for policy, seconds in (
                    ("DeleteCluster", cluster.keep_s),
                    ("DeleteSelf", max(record_s, cluster.keep_s)),
                )
            ]
        }
    }


def _cluster_spec(render: Render, config: str | None) -> Page:
    cluster, job = render.cluster, render.job
    spec: Page = {
        "rayVersion": cluster.ray_version,
        "enableInTreeAutoscaling": True,
        "autoscalerOptions": {
            "version": "v2",
            "idleTimeoutSeconds": cluster.idle_timeout_s,
            "upscalingMode": "Default",
            "resources": {
                "requests": {"cpu": "200m", "memory": "512Mi"},
                "limits": {"cpu": "500m", "memory": "1Gi"},
            },
            "securityContext": pods.container_security(),
            "env": [{"name": "HOME", "value": pods.SCRATCH}],
            "volumeMounts": [{"name": "scratch", "mountPath": pods.SCRATCH}],
        },
        "headGroupSpec": {
            "rayStartParams": {"dashboard-host": EVERYWHERE, "num-cpus": "0"},
            "template": pods.head_pod(cluster, job.name, config, job.execution.grace_s),
        },
        "workerGroupSpecs": [
            {
                "groupName": name,
                "priority": len(cluster.worker_groups) - number,
                "replicas": group.min_workers,
                "minReplicas": group.min_workers,
                "maxReplicas": group.max_workers,
                "rayStartParams": {},
                "template": pods.worker_pod(cluster, job.name, group),
            }
            for number, (name, group) in enumerate(cluster.worker_groups.items())
        ],
    }
    if cluster.auth_secret:
        spec["authOptions"] = {"mode": "token", "secretName": cluster.auth_secret}
    return spec
