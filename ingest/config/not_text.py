"""Texts of a job that are not Unicode: bytes of another encoding, or halves of surrogate pairs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.config.places import KeyPath, Place, Problem
from ingest.config.provenance import Provenance
from ingest.core.paths import is_utf8, printable


def not_text(raw: Any, origin: Provenance) -> Iterator[Problem]:
    """Return a problem for each text that is none, and one if the working folder's name is none."""
    folder = str(Path.cwd())
    if not is_utf8(folder):
        what = "the working folder's name is not UTF-8. Rename it, or work in another folder"
        yield Problem(Place(printable(folder)), what)
    yield from _below(raw, (), origin)


def _below(value: Any, path: KeyPath, origin: Provenance) -> Iterator[Problem]:
    if isinstance(value, str):
        if not is_utf8(value):
            what = "not UTF-8. Job settings must be UTF-8; rename files whose names are not"
            yield origin.problem(path, f'"{printable(value)}": {what}')
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _below(inner, (*path, key), origin)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _below(inner, (*path, place), origin)
