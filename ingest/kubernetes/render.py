"""From a job to the manifests of its runs. The same job and time give the same text."""

from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import yaml

from ingest.clusters.kuberay import KubeRayCluster
from ingest.config.job_file import job_file
from ingest.config.load import Loaded
from ingest.core.errors import ConfigError
from ingest.job import Job
from ingest.kubernetes import objects
from ingest.kubernetes.manifest import Manifest
from ingest.kubernetes.names import LONGEST, dns_label, run_name
from ingest.kubernetes.objects import Render
from ingest.kubernetes.pods import Page
from ingest.kubernetes.refusing import refuse
from ingest.kubernetes.validating import validate

CONFIG = Path(__file__).with_name("kustomizeconfig.yaml")
"""Where Ray's objects have images and names, which kustomize does not know."""
MOST_BYTES = 900_000
"""What fits into a ConfigMap, which may have 1 MiB."""
Form = Literal["run", "schedule", "cluster"]


def render(loaded: Loaded[Job], form: Form, at: datetime) -> dict[str, Page]:
    """Return the objects of a job by the names of their files.

    `form` says what: one `run`, named for the job and the time `at`; its `schedule`; or a `cluster`
    that stays.

    Raises:
        ConfigError: the job's cluster is not one of KubeRay, it has no schedule, or it uses what
            pods do not have; all mistakes at once.
    """
    job, cluster = loaded.job, loaded.job.cluster
    if not isinstance(cluster, KubeRayCluster):
        raise ConfigError(
            f'{loaded.place(("cluster", "type"))}: "{cluster.type}": is not a cluster on '
            "Kubernetes. Add cluster=kuberay_small, or another file of conf/cluster with "
            "type: kuberay"
        )
    refuse(job, cluster, loaded.place)
    comment = f"Job {job.name} as composed by ingest k8s render."
    made = Render(job, cluster, job_file(_for_pods(loaded.raw, cluster), comment))
    if len(made.text.encode()) > MOST_BYTES:
        raise ConfigError(
            f"job {job.name}: as composed, it has {len(made.text.encode()):,} bytes, more than "
            f"fits into a ConfigMap ({MOST_BYTES:,}). Put long lists into a file, for a lookup"
        )
    pages = _pages(loaded, made, form, at)
    report = validate([Manifest(name, page) for name, page in pages.items()])
    if report.violations:
        raise ConfigError(*map(str, report.violations))
    return pages


def _pages(loaded: Loaded[Job], made: Render, form: Form, at: datetime) -> dict[str, Page]:
    if form == "cluster":
        name = dns_label(made.job.name, LONGEST["RayCluster"])
        return {"raycluster.yaml": objects.ray_cluster(made, name)}
    pages = {"configmap.yaml": objects.config_map(made)}
    if form == "run":
        return pages | {"rayjob.yaml": objects.ray_job(made, run_name(made.job.name, at))}
    schedule = made.job.schedule
    if schedule is None:
        raise ConfigError(
            f"{loaded.place(('schedule',))}: the job has no schedule. Write one: schedule: "
            '{cron: "30 2 * * *"}, or render a run: --as run'
        )
    if made.cluster.schedule_by == "raycronjob":
        return pages | {"raycronjob.yaml": objects.ray_cron_job(made, schedule)}
    return pages | {
        "rayjob.yaml": objects.template(made),
        "cronjob.yaml": objects.cron_job(made, schedule),
    }


def _for_pods(raw: dict[str, Any], cluster: KubeRayCluster) -> dict[str, Any]:
    """Return the job as it is in pods: with as many workers as the cluster can have.

    Nodes take minutes to start: workers are waited for as long as the run itself.
    """
    usual = {"workers": cluster.cpus, "stall_timeout_s": float(cluster.start_deadline_s)}
    given = raw.get("execution") or {}
    told = {key: value for key, value in given.items() if value is not None or key not in usual}
    return {**raw, "execution": {**usual, **told}}


def as_yaml(pages: list[Page]) -> str:
    """Return objects as documents of YAML."""
    return yaml.dump_all(
        pages, Dumper=_Dumper, sort_keys=False, width=100, allow_unicode=True, explicit_start=True
    )


def folder(pages: dict[str, Page]) -> dict[str, str]:
    """Return the texts of the files of a folder that kustomize builds, by their names."""
    whole = {**kustomization(list(pages)), "configurations": [CONFIG.name]}
    texts = {name: as_yaml([page]) for name, page in {**pages, "kustomization.yaml": whole}.items()}
    return {**texts, CONFIG.name: CONFIG.read_text(encoding="utf-8")}


def kustomization(resources: list[str]) -> Page:
    """Return what kustomize reads in a folder: the files and folders that it consists of."""
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": resources,
    }


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as they are, and nothing as a reference to another place."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        """Write equal parts out each time, as people expect them."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        """Indent lists below their key."""
        super().increase_indent(flow, False)


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
