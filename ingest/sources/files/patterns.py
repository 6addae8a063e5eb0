"""What a local path says: the place that it begins with, and the pattern behind that.

Only what the user wrote is a pattern: signs in the names of the working folder, or of the home
folder, are literal. So is a path of which something of that very name is there.
"""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from fnmatch import translate
from functools import lru_cache
from pathlib import Path

GLOB = re.compile(r"[*?\[]")
HIDDEN = (".", "_")
"""What names begin with that folders and globs pass over."""


def fixed_part(path: str) -> Path:
    """Return the folder or file below which everything lies that a local path stands for."""
    return _split(path)[0]


def unwritten(path: str) -> str:
    """Return the folder that a local path starts from without naming it; empty if it is absolute.

    That is the working folder, the home folder, or where `..` leads to.
    """
    parts = Path(path.removeprefix("file://")).parts
    if ".." in parts:
        named = len(parts) - parts[::-1].index("..")
    else:
        named = int(bool(parts) and parts[0].startswith("~"))
    start = Path(*parts[:named])
    return "" if start.is_absolute() or (parts and parts[0] == "/") else str(_absolute(start))


def reads(path: str, endings: tuple[str, ...], file: str) -> bool:
    """Say whether a local path would read a file, if it were there."""
    fixed, pattern = place_of(path)
    here, there = Path(os.path.realpath(fixed)), Path(os.path.realpath(file))
    if not pattern and here == there:
        return True
    return there.is_relative_to(here) and _reads(pattern, there.relative_to(here).parts, endings)


def reads_remote(path: str, endings: tuple[str, ...], file: str) -> bool:
    """Say whether a URI would read the file of another URI, if it were there."""
    parts, wanted = (_uri_parts(each) for each in (path, file))
    first = next((at for at, part in enumerate(parts) if GLOB.search(part)), len(parts))
    if parts == wanted:
        return True
    below = wanted[:first] == parts[:first] and len(wanted) > first
    return below and _reads(parts[first:], wanted[first:], endings)


def _uri_parts(uri: str) -> list[str]:
    """Return the bucket and the parts of the path; `s3a` is another word for `s3`."""
    scheme, _, rest = uri.partition("://")
    return [scheme.removesuffix("a"), *filter(None, rest.split("/"))]


def _reads(pattern: Sequence[str], parts: Sequence[str], endings: tuple[str, ...]) -> bool:
    """Say whether listing a pattern, or a whole folder if there is none, comes upon a file."""
    if not pattern:
        hidden = any(part.startswith(HIDDEN) for part in parts)
        return not hidden and parts[-1].lower().endswith(endings)
    if not parts:
        return False
    if pattern[0] == "**":
        deeper = not parts[0].startswith(HIDDEN) and _reads(pattern, parts[1:], endings)
        return deeper or _reads(pattern[1:] or ("*",), parts, endings)
    if is_hidden(parts[0], pattern[0]) or not matcher(pattern[0]).match(parts[0]):
        return False
    if len(parts) == 1:
        return len(pattern) == 1
    return _reads(pattern[1:], parts[1:], endings)


def _split(path: str) -> tuple[Path, tuple[str, ...]]:
    """Return the absolute place that a path begins with, and the parts of the pattern behind it."""
    parts = Path(path.removeprefix("file://")).parts
    first = next((at for at, part in enumerate(parts) if GLOB.search(part)), len(parts))
    return _absolute(Path(*parts[:first])), parts[first:]


def place_of(path: str) -> tuple[Path, tuple[str, ...]]:
    """Return the absolute place that a path begins with, and the parts of its pattern, if any."""
    fixed, pattern = _split(path)
    literal = fixed.joinpath(*pattern)
    return (literal, ()) if pattern and os.path.lexists(literal) else (fixed, pattern)


def _absolute(path: Path) -> Path:
    """Return the absolute path; what stands before `..` is followed, as the system does it."""
    with suppress(RuntimeError):  # "~name", and nobody is called so: a folder may be
        path = path.expanduser()
    path = path.absolute()
    if ".." not in path.parts:
        return path
    last = len(path.parts) - path.parts[::-1].index("..")
    return Path(os.path.realpath(Path(*path.parts[:last])), *path.parts[last:])


@lru_cache(maxsize=64)
def matcher(part: str) -> re.Pattern[str]:
    """Return what names match that a part of a pattern stands for."""
    return re.compile(translate(part))


def is_hidden(name: str, part: str) -> bool:
    """Say whether a name is passed over, unless its part of the pattern spells its beginning."""
    return name.startswith(HIDDEN) and name[0] != part[0]
