"""What keeps a job from running in pods: files of this machine, secrets that no pod has."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from pydantic import BaseModel

from ingest.clusters.kuberay import KubeRayCluster
from ingest.config.places import KeyPath, dotted
from ingest.core.errors import ConfigError
from ingest.core.secrets import SecretRef
from ingest.driver.flow import Place
from ingest.job import Job
from ingest.workers.disks import carried, is_within, on_disk

_WORDS = {"output": "the output", "quarantine": "the quarantine", "state": "the state"}


def refuse(job: Job, cluster: KubeRayCluster, place: Place) -> None:
    """Refuse places on a disk of a pod, which is gone after the run, and missing secrets.

    Raises:
        ConfigError: all of them, each with its line and what to write instead.
    """
    lines = [*_local(job, cluster, place), *_secrets(job, cluster, place)]
    if cluster.queue and job.schedule and cluster.schedule_by == "raycronjob":
        lines.append(
            f"{place(('cluster', 'queue'))}: a RayCronJob gives no label of a queue to its runs. "
            "Write schedule_by: cronjob, or remove the queue"
        )
    if lines:
        raise ConfigError(*lines)


def needed(job: Job) -> list[str]:
    """Return the files that the image has to contain: tables of lookups, functions, salts."""
    salts = [ref.file for _, ref in _refs(job, ()) if ref.file and not _is_absolute(ref.file)]
    return list(dict.fromkeys([*carried(job), *salts]))


def _local(job: Job, cluster: KubeRayCluster, place: Place) -> Iterator[str]:
    """Say which places no pod can see, or are written on a disk that is gone with its pod."""
    for each in on_disk(job, _mounted(cluster)):
        if each.what == "input":
            why = "pods do not see the files of this machine"
        else:
            why = f"{_WORDS[each.what]} would be on the disk of a pod, which is gone after the run"
        yield (
            f'{place(each.path)}: "{each.text}": {why}. Write a bucket: '
            f"{dotted(each.path)}=s3://BUCKET/PATH, or a folder of cluster.volumes"
        )


def _secrets(job: Job, cluster: KubeRayCluster, place: Place) -> Iterator[str]:
    """Say which secrets no pod has."""
    for path, ref in _refs(job, ()):
        if ref.env and ref.env not in cluster.env and not cluster.env_secrets:
            yield (
                f'{place(path)}: the variable "{ref.env}" is not set in the pods. Write '
                f"cluster.env.{ref.env}: {{secret: NAME, key: KEY}}, or name a Secret in "
                "cluster.env_secrets"
            )
        if ref.file and _is_absolute(ref.file) and not is_within(ref.file, _mounted(cluster)):
            yield (
                f'{place(path)}: the file "{ref.file}" is not in the pods. Write '
                f"cluster.secret_files: {{{PurePosixPath(ref.file).parent}: NAME}}, with the name "
                "of a Secret"
            )


def _refs(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, SecretRef]]:
    """Yield the references to secrets in a model, each with the way to it."""
    match value:
        case SecretRef():
            yield path, value
        case BaseModel():
            for name in type(value).model_fields:
                if path or name != "cluster":
                    yield from _refs(getattr(value, name), (*path, name))
        case dict():
            for name, each in value.items():
                yield from _refs(each, (*path, name))
        case list() | tuple():
            for number, each in enumerate(value):
                yield from _refs(each, (*path, number))


def _mounted(cluster: KubeRayCluster) -> tuple[str, ...]:
    return (*cluster.volumes, *cluster.secret_files)


def _is_absolute(path: str) -> bool:
    return PurePosixPath(path).is_absolute()
