"""The generated data of a scenario: made once by a seeded generator, then kept."""

import hashlib
import importlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.scenario import FOLDER, known


@dataclass(frozen=True)
class Input:
    """A generated folder: where it is, and the size of the files that are read, in bytes."""

    folder: Path
    glob: str
    files: int
    bytes: int


def prepare(home: Path, wanted: Mapping[str, Any], glob: str) -> Input:
    """Return the data that the parameters describe, after generating it if it is not there.

    The folder is named for the parameters and appears only when it is whole.

    Raises:
        ConfigError: there is no such generator, or it makes no file that the pattern matches.
    """
    folder = folder_of(home, wanted)
    if not folder.exists():
        generator, params = _split(wanted)
        modules = sorted(file.stem for file in (FOLDER / "data").glob("[a-z]*.py"))
        known("scenario: data.generator", "generator", generator, modules)
        making = folder.with_name(f"{folder.name}.making")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True)
        importlib.import_module(f"benchmarks.data.{generator}").generate(making, **params)
        making.rename(folder)
    sizes = [file.stat().st_size for file in folder.glob(glob)]
    known("scenario: glob", "file", glob, [] if not sizes else [glob])
    return Input(folder, glob, len(sizes), sum(sizes))


def folder_of(home: Path, wanted: Mapping[str, Any]) -> Path:
    """Return where the data of these parameters lies, or will lie."""
    generator, params = _split(wanted)
    digest = hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()[:12]
    return (home / "data" / f"{generator}-{digest}").resolve()


def _split(wanted: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    return wanted["generator"], {key: wanted[key] for key in wanted if key != "generator"}
