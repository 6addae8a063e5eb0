"""What is said about a directory, beside it: one manifest for each run that was published into it.

A manifest is created once and never changed or removed, also after all its files were replaced:
it is what tells a late publisher that its run is done. A file is current if some manifest lists it
in `files` and none in `replaced`; since names are never used again, the order does not matter.

The manifest of a run that exchanges whole folders stands shortly before they are swapped. Until
then files that it lists wait in the run's `tree`, and it does not count: see `counts`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from ingest.core.errors import FatalError

FORMAT = 1


class Manifests(Protocol):
    """What is asked of the place where they lie; see `Place`."""

    def manifest(self, run_id: str) -> bytes:
        """Return the manifest of a run."""
        ...

    def manifest_uri(self, run_id: str) -> str:
        """Return where it is, for people."""
        ...

    def run_ids(self) -> list[str]:
        """Return the runs that have one, by id."""
        ...

    def waits(self, run_id: str, names: Iterable[str]) -> bool:
        """Say whether any of these files of a run waits to be exchanged."""
        ...

    def files(self) -> Iterator[str]:
        """Yield the names of all files that are there."""
        ...


def published_name(folder: str, run_id: str, index: int, number: int, suffix: str) -> str:
    """Return a file's final name below the directory: it says which run and partition made it."""
    name = f"{run_id}-{index:07d}-{number}.{suffix}"
    return f"{folder}/{name}" if folder else name


def encoded(
    facts: Mapping[str, Any], files: Iterable[Mapping[str, Any]], replaced: Iterable[str], rows: int
) -> Iterator[bytes]:
    """Yield a manifest as it is written: JSON that a person can read, a line for each file."""
    yield b"{\n"
    for key, value in facts.items():
        yield f" {_json(key)}: {_json(value)},\n".encode()
    for key, items in (("files", files), ("replaced", replaced)):
        yield from _list(key, items)
    yield f' "rows": {rows}\n}}\n'.encode()


def _list(key: str, items: Iterable[Any]) -> Iterator[bytes]:
    before = f" {_json(key)}: [\n"
    for item in items:
        yield f"{before}  {_json(item)}".encode()
        before = ",\n"
    yield b"\n ],\n" if before.startswith(",") else f" {_json(key)}: [],\n".encode()


def _json(value: Any) -> str:
    return json.dumps(
        value, ensure_ascii=False
    )  # with `indent` it is made in Python, 5 times slower


def counts(place: Manifests, run_id: str, manifest: Mapping[str, Any]) -> bool:
    """Say whether a run's manifest holds: none of its files waits to be exchanged."""
    return not place.waits(run_id, _names(manifest))


def read(place: Manifests, run_id: str) -> dict[str, Any]:
    """Return a run's manifest.

    Raises:
        FatalError: there is none, it is damaged, or a newer version of ingest wrote it.
    """
    path = place.manifest_uri(run_id)
    try:
        found = json.loads(place.manifest(run_id))
        version = found["format"]
    except FileNotFoundError:
        raise FatalError(f"{path}: no such manifest. Known runs: {_known(place)}") from None
    except (ValueError, KeyError, TypeError):
        raise FatalError(f"{path}: not a manifest. Restore it from a backup") from None
    if version != FORMAT:
        raise FatalError(
            f"{path}: format {version}. This version of ingest reads {FORMAT}. Update ingest"
        )
    return dict(found)


def current(place: Manifests) -> list[str]:
    """Return the files that make up the data set, as the manifests say: all of a run or nothing.

    This is how to read a directory while a run is being published into it. A run all of whose files
    were removed by hand, with the directory perhaps, is left out; one that has lost some is not.
    """
    while True:
        manifests = _counting(place)
        replaced = {name for manifest in manifests.values() for name in manifest["replaced"]}
        files = {
            run_id: [name for name in _names(manifest) if name not in replaced]
            for run_id, manifest in manifests.items()
        }
        there = set(place.files())
        gone = {run_id for run_id, names in files.items() if there.isdisjoint(names)}
        # Before a run removes anything, its manifest counts: without a new one, nobody of us did.
        if not any(files[run_id] for run_id in gone) or _counting(place).keys() == manifests.keys():
            return sorted(
                name for run_id, names in files.items() if run_id not in gone for name in names
            )


def _counting(place: Manifests) -> dict[str, dict[str, Any]]:
    manifests = {run_id: read(place, run_id) for run_id in place.run_ids()}
    return {run_id: page for run_id, page in manifests.items() if counts(place, run_id, page)}


def replacers(place: Manifests, names: Sequence[str]) -> dict[str, str]:
    """Return, for those of the files that were replaced, the run that did it."""
    wanted = set(names)
    found: dict[str, str] = {}
    for run_id in place.run_ids() if wanted else ():
        found |= dict.fromkeys(wanted.intersection(read(place, run_id)["replaced"]), run_id)
    return found


def _names(manifest: Mapping[str, Any]) -> Iterator[str]:
    return (file["name"] for file in manifest["files"])


def _known(place: Manifests) -> str:
    known = place.run_ids()
    return ", ".join(f'"{run_id}"' for run_id in known[-3:]) or "none"
