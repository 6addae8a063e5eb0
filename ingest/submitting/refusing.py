"""What keeps a job from running on other machines: files and folders of this one."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from ingest.config.load import Loaded
from ingest.config.places import KeyPath, dotted
from ingest.core.errors import ConfigError
from ingest.job import Job
from ingest.storage.remote import is_remote


def refuse(loaded: Loaded[Job], shared: Sequence[str]) -> None:
    """Refuse places that the nodes of a cluster do not share.

    `shared` are folders that all of them see under the same path.

    Raises:
        ConfigError: all of them, each with its line and what to write instead.
    """
    lines = [
        f'{loaded.place(path)}: "{text}": {what} of one machine, which the other nodes of the '
        f"cluster do not see. Write a bucket: {dotted(path)}=s3://BUCKET/PATH. If all nodes share "
        "that folder: cluster.shared=[FOLDER]"
        for path, text, what in _places(loaded.job)
        if not is_remote(text) and not _is_shared(text, shared)
    ]
    if lines:
        raise ConfigError(*lines)


def _places(job: Job) -> Iterator[tuple[KeyPath, str, str]]:
    for text in _texts(getattr(job.source, "path", None)):
        yield ("source", "path"), text, "input"
    for text in _texts(getattr(job.sink, "path", None)):
        yield ("sink", "path"), text, "a folder"
    quarantine = job.contract.quarantine
    for text in _texts(quarantine and quarantine.path):
        yield ("contract", "quarantine", "path"), text, "a folder"
    yield ("state",), job.state, "a folder"


def _texts(path: Any) -> list[str]:
    return [path] if isinstance(path, str) else [*(path or ())]


def _is_shared(path: str, shared: Sequence[str]) -> bool:
    return any(PurePosixPath(path).is_relative_to(folder) for folder in shared)
