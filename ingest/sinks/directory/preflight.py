"""What can be seen to be wrong with a directory before anything is written into it."""

import os
import pwd
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.sinks.directory.content import content, run_of
from ingest.sinks.directory.lengths import too_long
from ingest.sinks.directory.place import STAGING, Place
from ingest.storage.filesystem import names_encoding, virtual

_SHOWN = 3
_SHOWN_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class Use:
    """What is going to be done at a place: how it is written, and what is read beside it."""

    disposition: str
    partition_by: Sequence[str]
    suffix: str
    inputs: Sequence[str]


def problems(place: Place, use: Use) -> list[str]:
    """Return everything that speaks against publishing to a place, one text each.

    Raises:
        FatalError: a manifest in the directory cannot be read.
    """
    least = "/".join(f"{column}=_" for column in use.partition_by)
    if long := too_long(place, use.suffix, least):  # first: such a path can be asked nothing else
        return [f'"{_shown(place.root)}": {long}']
    wrong = [*shape(place.root)] or _permissions(place)
    wrong += overlaps(place.root, use.inputs)
    wrong = wrong or [text for text in [place.earlier()] if text]
    return wrong or [*_foreign(place, use.disposition, use.partition_by)]


def shape(root: Path, *, table: bool = False) -> Iterator[str]:
    """Say why a path can be no output directory; `table` says that it is to be a Delta table."""
    kind = virtual(root)
    if encoding := names_encoding():
        yield (
            f"names of files and folders would be written in {encoding} because of this "
            "process's locale, but readers expect UTF-8. Set PYTHONUTF8=1, or a locale such as "
            "LC_ALL=C.UTF-8"
        )
    elif kind:
        yield (
            f'"{root}" is on a file system of type {kind}, which cannot store data. Use a folder '
            "on a disk"
        )
    elif not table and (root / "_delta_log").is_dir():
        yield f'"{root}" is a Delta table. Write sink.type=delta, or use another path'
    elif not root.name:
        yield f'"{root}" is the root of the file system. Use a directory inside it'
    elif not table and root.is_mount():
        yield (
            f'"{root}" is a mount point, but files are staged beside the output, on the same '
            f"file system. Use a directory inside it, such as {root}/data"
        )
    else:
        for path in (root, *root.parents):
            if path.exists():
                if not path.is_dir():
                    yield f'"{path}" is a file, but must be a directory. Use another path'
                return


def _permissions(place: Place) -> list[str]:
    above = next(path for path in place.root.parents if path.exists())
    wanted = [
        above,
        *(path for path in (place.root, place.beside, place.manifests) if path.exists()),
    ]
    return [
        f'"{path}" is not writable for {user()}. Files are staged beside the '
        "output, so its parent must be writable too. Change the permissions, or use another "
        "path"
        for path in wanted
        if not os.access(path, os.W_OK | os.X_OK, effective_ids=True)
    ]


def user() -> str:
    """Name the user that this process acts as; a container's may have no name."""
    number = os.geteuid()
    try:
        return f"user {pwd.getpwuid(number).pw_name} (uid {number})"
    except KeyError:
        return f"the user with uid {number}"


def overlaps(root: Path, inputs: Sequence[str]) -> Iterator[str]:
    """Say which inputs lie in a place that is published to, or around it."""
    for given in inputs:
        plain = given.removeprefix("file://")
        if "://" in plain:
            continue
        source = Path(os.path.realpath(plain))
        if source == root:
            yield f'"{root}" is also the source. A job must not read its output. Use another path'
        elif root.is_relative_to(source):
            yield (
                f'"{root}" is inside the source "{source}": the next run would read its own '
                "output. Use a path outside it"
            )
        elif source.is_relative_to(root):
            yield (
                f'the source "{source}" is inside "{root}": publishing would change the '
                "source. Use another path"
            )


def _foreign(place: Place, disposition: str, partition_by: Sequence[str]) -> Iterator[str]:
    if disposition == "append":
        return
    foreign = content(place.root).foreign
    if disposition == "overwrite_partitions":
        # Only what lies in folders that a run can replace would be taken for part of the new rows.
        foreign = tuple(name for name in foreign if in_partition(name, partition_by))
    if orphans := [name for name in foreign if run_of(name)]:
        yield (
            f'"{place.root}" contains files written by runs that no manifest in '
            f'"{place.manifests}" lists: {_named(orphans)}. {disposition} replaces only files '
            "that a manifest lists. If that folder was moved or copied here, also move the folder "
            f'that was beside it, "{STAGING}<its old name>", to "{place.beside}". If a run is '
            "still publishing there, finish it first. Otherwise move the files away, or use "
            "another path"
        )
    elif foreign:
        yield (
            f'"{place.root}" contains files that no run of ingest has published: '
            f"{_named(foreign)}. {disposition} replaces only published files, so readers would see "
            "both. Move them away, or use another path"
        )


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(f'"{name}"' for name in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _shown(path: Path) -> str:
    text = str(path)
    half = _SHOWN_CHARACTERS // 2
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:half]}…{text[-half:]}"


def in_partition(name: str, partition_by: Sequence[str]) -> bool:
    """Say whether a file lies in a folder that rows with these partition columns go to."""
    folders = name.split("/")[:-1]
    return len(folders) >= len(partition_by) and all(
        folder.startswith(f"{column}=")
        for folder, column in zip(folders, partition_by, strict=False)
    )
