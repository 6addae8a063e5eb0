"""Whether all names that publishing makes fit the file system: a commit must not fail on one."""

import os
from collections.abc import Iterator
from pathlib import Path

from ingest.sinks.directory import manifest
from ingest.sinks.directory.local.paths import Paths

_RUN_ID = "20131231t235959-1a2b3c"
_INDEX, _NUMBER = 10**9, 10**6
_SCRATCH = f"{_RUN_ID}.json-0123456789ab.staged"
_NAME_BYTES, _PATH_BYTES = 255, 4096


def too_long(place: Paths, suffix: str, folder: str = "") -> str:
    """Say what is too long about a place, or about a folder in it; empty if nothing is."""
    name_bytes, path_bytes = limits(place.root)
    for path in _longest(place, suffix, folder):
        for name in path.parts:
            if (size := len(os.fsencode(name))) > name_bytes:
                why = ""
                if name == place.beside.name:
                    why = f' (files are staged in "{name[:16]}…", beside the directory)'
                return (
                    f"a name of {size} bytes{why}, but this file system allows {name_bytes}. "
                    "Choose a shorter name"
                )
        if (size := len(os.fsencode(path)) + 1) > path_bytes:
            return (
                f"files in it would have paths of up to {size - 1:,} bytes, but the system "
                f"allows {path_bytes - 1:,}. Choose a shorter path"
            )
    return ""


def limits(path: Path) -> tuple[int, int]:
    """Return how many bytes a name may have where a path lies, and a path with its final zero."""
    for folder in (path, *path.parents):
        try:
            return os.pathconf(folder, "PC_NAME_MAX"), os.pathconf(folder, "PC_PATH_MAX")
        except (OSError, ValueError):  # it is not there yet, or nobody can tell
            continue
    return _NAME_BYTES, _PATH_BYTES


def _longest(place: Paths, suffix: str, folder: str) -> Iterator[Path]:
    """Yield the longest paths that there will be, of each kind."""
    name = manifest.published_name(folder, _RUN_ID, _INDEX, _NUMBER, suffix)
    yield place.root / name
    yield place.tree(_RUN_ID) / name
    yield place.manifest_path(_RUN_ID)
    yield place.staging(_RUN_ID) / _SCRATCH
