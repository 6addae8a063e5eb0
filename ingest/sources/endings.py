"""Which type reads a file, by what its name ends in."""

from ingest.core.registry import type_of
from ingest.sources import SOURCES
from ingest.sources.file_source import FileSource


def types_by_ending(*, guessable: bool = False) -> dict[str, str]:
    """Return the type for each ending; those of types that can be guessed go before others.

    `guessable` are those only of which looking at a file tells how it is read. Of types of other
    packages there are those that have been imported.
    """
    files = [kind for kind in SOURCES if issubclass(kind, FileSource)]
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
