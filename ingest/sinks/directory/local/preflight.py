"""What can be seen to be wrong with a folder before anything is written into it."""

import os
import pwd
from collections.abc import Iterator, Sequence
from pathlib import Path

from ingest.sinks.directory.local.paths import Paths
from ingest.storage.filesystem import names_encoding, virtual


def refusals(place: Paths, inputs: Sequence[str]) -> list[str]:
    """Return what speaks against publishing to a folder, one text each."""
    wrong = [*shape(place.root)] or _permissions(place)
    wrong += overlaps(place.root, inputs)
    return wrong or [text for text in [place.earlier()] if text]


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


def _permissions(place: Paths) -> list[str]:
    above = next(path for path in place.root.parents if path.exists())
    wanted = [
        above,
        *(path for path in (place.root, place.beside, place.manifests) if path.exists()),
    ]
    closed = [
        f'"{path}"'
        for path in dict.fromkeys(wanted)
        if not os.access(path, os.W_OK | os.X_OK, effective_ids=True)
    ]
    if not closed:
        return []
    are = "is" if len(closed) == 1 else "are"
    text = (
        f"{', '.join(closed)} {are} not writable for {user()}. Files are staged beside the output, "
        "so its parent must be writable too. Change the permissions, or use another path"
    )
    return [text]


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
