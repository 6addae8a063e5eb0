"""Checking a published run against its manifest: are the rows there, and are they the same."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ingest.sinks import manifest


def differences(root: Path, run_id: str, count_rows: Callable[[Path], int]) -> list[str]:
    """Return what differs from the run's manifest, one text for each file; empty if nothing does.

    Reads every byte twice: once for the checksum, once to count rows.

    Raises:
        FatalError: the run has no manifest here, or it cannot be read.
    """
    listed = manifest.read(root, run_id)["files"]
    missing = [file["name"] for file in listed if not (root / file["name"]).is_file()]
    replaced = manifest.replacers(root, missing)
    found: list[str] = []
    for file in listed:
        name = file["name"]
        if name in replaced:
            found.append(f"{name}: replaced by run {replaced[name]}")
        elif name in missing:
            found.append(f"{name}: missing, and no later run has replaced it")
        else:
            found.extend(
                f"{name}: {problem}" for problem in _compare(root / name, file, count_rows)
            )
    return found


def _compare(path: Path, file: dict[str, Any], count_rows: Callable[[Path], int]) -> Iterator[str]:
    size = path.stat().st_size
    if size != file["bytes"]:
        yield f"{size} bytes, the manifest says {file['bytes']}"
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != file["sha256"]:
        yield f"sha256 {digest}, the manifest says {file['sha256']}"
    try:
        rows = count_rows(path)
    except Exception as error:  # noqa: BLE001 - whatever a reader makes of a damaged file is the finding
        yield f"cannot be read: {error}"
        return
    if rows != file["rows"]:
        yield f"{rows} rows, the manifest says {file['rows']}"
