"""What is said when a path stands for nothing that can be read."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from ingest.core.errors import ConfigError
from ingest.core.paths import printable
from ingest.sources.files.passed_over import few

_LEAST_LIKE = 0.75
"""`in` is meant by `inn`, but not `ray` by `raw`: of three letters, one makes another name."""


class NothingThereError(ConfigError):
    """A path matches no file."""


def irregular(*, link: bool = False) -> str:
    """Say what an entry is that is no file, and what to do."""
    what = "a link to nothing, or to what is " if link else ""
    return f"{what}neither a regular file nor a folder. Remove it, or name other files"


def brackets(place: Path, pattern: Sequence[str]) -> str:
    """Say how to write a name that is literally there and reads as a pattern."""
    if (place / pattern[0]).is_dir() and "[" in pattern[0]:
        return f'. "{pattern[0]}" is the name of a folder: write "[" as "[[]"'
    return ""


def siblings(place: Path) -> str:
    """Say what is there instead of `place`: the nearest name, or what its folder holds."""
    parent = place.parent
    while not parent.is_dir():
        place, parent = parent, parent.parent
    try:
        names = sorted(near.name for near in (place if place.is_dir() else parent).iterdir())
    except PermissionError:
        return f'"{parent}" may not be listed'
    if place.is_dir():
        return f'"{place}" contains {few(names) or "nothing"}'
    near = difflib.get_close_matches(place.name, names, n=1, cutoff=_LEAST_LIKE)
    if near:
        return f'Did you mean "{printable(str(parent / near[0]))}"?'
    return f'"{parent}" contains {few(names) or "nothing"}'
