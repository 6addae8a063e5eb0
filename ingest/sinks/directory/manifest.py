"""What is said about a directory, beside it: one manifest for each run that was published into it.

A manifest is created once and never changed or removed, also after all its files were replaced:
it is what tells a late publisher that its run is done. A file is current if some manifest lists it
in `files` and none in `replaced`; since names are never used again, the order does not matter.

The manifest of a run that exchanges whole directories stands shortly before they are swapped. Until
then files that it lists lie in the run's `tree`, and it does not count: see `counts`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ingest.core.errors import FatalError
from ingest.sinks.directory.place import Place

FORMAT = 1


def published_name(folder: str, run_id: str, index: int, number: int, suffix: str) -> str:
    """Return a file's final name below the directory: it says which run and partition made it."""
    name = f"{run_id}-{index:07d}-{number}.{suffix}"
    return f"{folder}/{name}" if folder else name


def path_of(root: Path, run_id: str) -> Path:
    """Return where a run's manifest is, or will be."""
    return Place(root).manifests / f"{run_id}.json"


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


def exists(root: Path, run_id: str) -> bool:
    """Say whether all that a run puts into this directory stands, there or in its `tree`."""
    return path_of(root, run_id).exists()


def counts(root: Path, run_id: str, manifest: Mapping[str, Any]) -> bool:
    """Say whether a run's manifest holds: none of its files waits in `tree` to be swapped in."""
    return not waits(root, run_id, _names(manifest))


def waits(root: Path, run_id: str, names: Iterable[str]) -> bool:
    """Say whether any of a run's files waits in its `tree` to be swapped in.

    Names are never used again, so a file of a run lies in its `tree` only before the swap.
    """
    waiting = Place(root).tree(run_id)
    return waiting.is_dir() and any((waiting / name).exists() for name in names)


def read(root: Path, run_id: str) -> dict[str, Any]:
    """Return a run's manifest.

    Raises:
        FatalError: there is none, it is damaged, or a newer version of ingest wrote it.
    """
    path = path_of(root, run_id)
    try:
        found = json.loads(path.read_bytes())
        version = found["format"]
    except FileNotFoundError:
        raise FatalError(f"{path}: no such manifest. Known runs: {_known(root)}") from None
    except (ValueError, KeyError, TypeError):
        raise FatalError(f"{path}: not a manifest. Restore it from a backup") from None
    if version != FORMAT:
        raise FatalError(
            f"{path}: format {version}. This version of ingest reads {FORMAT}. Update ingest"
        )
    return dict(found)


def run_ids(root: Path) -> list[str]:
    """Return the runs that were published here, by id, so by the time they began."""
    names = (path.name for path in Place(root).manifests.glob("*.json"))
    return sorted(name.removesuffix(".json") for name in names)


def current(root: Path) -> list[str]:
    """Return the files that make up the data set, as the manifests say: all of a run or nothing.

    This is how to read a directory while a run is being published into it. A run all of whose files
    were removed by hand, with the directory perhaps, is left out; one that has lost some is not.
    """
    while True:
        manifests = _counting(root)
        replaced = {name for manifest in manifests.values() for name in manifest["replaced"]}
        files = {
            run_id: [name for name in _names(manifest) if name not in replaced]
            for run_id, manifest in manifests.items()
        }
        gone = {
            run_id
            for run_id, names in files.items()
            if not any((root / name).exists() for name in names)
        }
        # Before a run removes anything, its manifest counts: without a new one, nobody of us did.
        if not any(files[run_id] for run_id in gone) or _counting(root).keys() == manifests.keys():
            return sorted(
                name for run_id, names in files.items() if run_id not in gone for name in names
            )


def _counting(root: Path) -> dict[str, dict[str, Any]]:
    manifests = {run_id: read(root, run_id) for run_id in run_ids(root)}
    return {run_id: page for run_id, page in manifests.items() if counts(root, run_id, page)}


def replacers(root: Path, names: Sequence[str]) -> dict[str, str]:
    """Return, for those of the files that were replaced, the run that did it."""
    wanted = set(names)
    found: dict[str, str] = {}
    for run_id in run_ids(root) if wanted else ():
        found |= dict.fromkeys(wanted.intersection(read(root, run_id)["replaced"]), run_id)
    return found


def _names(manifest: Mapping[str, Any]) -> Iterator[str]:
    return (file["name"] for file in manifest["files"])


def _known(root: Path) -> str:
    known = run_ids(root)
    return ", ".join(f'"{run_id}"' for run_id in known[-3:]) or "none"
