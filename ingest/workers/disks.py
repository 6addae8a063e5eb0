"""What a job needs of the disks of one machine, and of its working folder. No Ray in here."""

from collections.abc import Callable, Collection, Iterator
from pathlib import PurePosixPath
from typing import Any, Literal

from ingest.config.places import KeyPath, dotted
from ingest.core.dataclass import dataclass
from ingest.job import Job
from ingest.storage.uris import is_remote
from ingest.transforms.lookup import Lookup


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A file or folder of one machine that a job names: where it does so, and what for."""

    path: KeyPath
    text: str
    what: Literal["input", "output", "quarantine", "state"]


def on_disk(job: Job, shared: Collection[str]) -> Iterator[OnDisk]:
    """Yield the places of a job that other machines do not see, other than in `shared` folders."""
    quarantine = job.contract.quarantine
    named = [OnDisk(("sink", "path"), text, "output") for text in _paths(job.sink)]
    path: KeyPath = ("contract", "quarantine", "path")
    named += [OnDisk(path, text, "quarantine") for text in _paths(quarantine)]
    named.append(OnDisk(("state",), job.state, "state"))
    named += [OnDisk(("source", "path"), text, "input") for text in _paths(job.source)]
    for each in named:
        if not is_remote(each.text) and not is_within(each.text, shared):
            yield each


def unshared(job: Job, shared: Collection[str], place: Callable[[KeyPath], str]) -> tuple[str, ...]:
    """Say why a job cannot run on several nodes: one line for each place, empty if it can."""
    return tuple(
        f'{place(each.path)}: "{each.text}": {"input" if each.what == "input" else "a folder"} of '
        "one machine, which the other nodes of the cluster do not see. Write a bucket: "
        f"{dotted(each.path)}=s3://BUCKET/PATH. If all nodes share that folder: "
        "cluster=address cluster.address=auto cluster.shared=[FOLDER]"
        for each in on_disk(job, shared)
    )


def carried(job: Job) -> Iterator[str]:
    """Yield the files of the working folder that steps read: modules, and tables of lookups.

    They are patterns, relative to that folder; `**` is any folder below.
    """
    if any(step.type == "python" for step in job.transforms):
        yield f"{job.folder}/**/*.py"
    for step in job.transforms:
        if isinstance(step, Lookup):
            for text in _paths(step.reference):
                if not is_remote(text) and not PurePosixPath(text).is_absolute():
                    yield text


def is_within(path: str, folders: Collection[str]) -> bool:
    """Whether a path is one of these folders, or in one."""
    return any(PurePosixPath(path).is_relative_to(folder) for folder in folders)


def _paths(model: Any) -> list[str]:
    path = getattr(model, "path", None)
    return [path] if isinstance(path, str) else [*(path or ())]
