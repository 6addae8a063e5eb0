"""Two job files of one name: each would resume and replace the runs of the other as its own."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from ingest.config.files import ConfFile, read
from ingest.config.folders import find, options
from ingest.config.places import COMMAND_LINE, Place, Problem, shown
from ingest.config.provenance import Provenance

_NAME = ("name",)


def same_name(folders: Sequence[Path], job: str, name: object, origin: Provenance) -> list[Problem]:
    """Return what is wrong if another job file has the name of the job that file `job` describes.

    No other file is looked at where the name is the file's own, so that a copy is refused and what
    it is a copy of still runs; nor where the command line gives the name. Other files are not
    composed: one that inherits its name is refused when it is itself asked for.
    """
    place = origin.origin(_NAME).place
    file = find(folders, f"job/{job}")
    if not isinstance(name, str) or name == job or file is None or place == COMMAND_LINE:
        return []
    where = place if place.file == shown(file) else Place(shown(file))
    return [
        Problem(
            where,
            f'name: "{name}" is also the name of {other}. Each job file needs its own name, '
            f"because a run replaces the rows of earlier runs of that name. Write name: "
            f"{_another(job, name)}",
        )
        for other in list(_others(folders, job, file, name))[:1]
    ]


def _others(folders: Sequence[Path], job: str, file: Path, name: str) -> Iterator[Place]:
    """List where other job files say that this is their name."""
    for other in options(folders, "job"):
        path = find(folders, f"job/{other}")
        if other != job and path and _may_have(path, file, name):
            yield from _named(read(f"job/{other}", path), name)


def _may_have(path: Path, file: Path, name: str) -> bool:
    """Whether another file than this one mentions a name: the others need not be parsed."""
    try:
        # a ConfigMap that is mounted shows each file twice: itself, and by a link
        return name.encode() in path.read_bytes() and not path.samefile(file)
    except OSError:  # it is refused when it is itself asked for
        return False


def _named(file: ConfFile, name: str) -> Iterator[Place]:
    for entry in file.entries:
        is_text = entry.path == _NAME and isinstance(entry.node, yaml.ScalarNode)
        if is_text and entry.node.value == name:
            yield file.place(entry.line)


def _another(job: str, name: str) -> str:
    """Return a name for a job that goes with its file."""
    text = re.sub(r"[^a-z0-9_]+", "_", job.lower()).lstrip("_0123456789") or "another"
    return text if text != name else f"{text}_2"
