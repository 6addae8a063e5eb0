"""Which type reads a file, by what its name ends in."""

from collections.abc import Iterable

from ingest.core.registry import type_of
from ingest.sources import SOURCES
from ingest.sources.base import Source
from ingest.sources.file_source import FileSource


def type_by_ending(path: str) -> str:
    """Return the type that reads a file of this name; empty if its ending is none that is known.

    A file that has the name of a built-in type in its ending, as most do, is told without the
    import of the others: `types_by_ending` would say the same of it.
    """
    file = path.lower().rpartition("/")[2]
    for name in SOURCES.places:
        if f".{name}" in file and (kind := SOURCES.load(name)):
            types = _types_of([kind])
            if ending := longest(types, path):
                return types[ending]
    types = types_by_ending()
    return types.get(longest(types, path), "")


def types_by_ending(*, guessable: bool = False) -> dict[str, str]:
    """Return the type for each ending; those of types that can be guessed go before others.

    `guessable` are those only of which looking at a file tells how it is read. Of types of other
    packages there are those that have been imported.
    """
    return _types_of(SOURCES, guessable=guessable)


def _types_of(sources: Iterable[type[Source]], *, guessable: bool = False) -> dict[str, str]:
    files = [kind for kind in sources if issubclass(kind, FileSource)]
    kinds = sorted(files, key=lambda kind: not kind.format.guessable)
    types: dict[str, str] = {}
    for kind in kinds:
        for ending in kind.format.names() if kind.format.guessable or not guessable else ():
            types.setdefault(ending, type_of(kind))
    return types


def longest(endings: dict[str, str], uri: str) -> str:
    """Return the longest of the endings that a name has, in lower or upper case; else nothing."""
    name = uri.lower()
    return max((ending for ending in endings if name.endswith(ending)), key=len, default="")
