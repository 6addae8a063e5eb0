"""Manifests from files, folders and kustomizations."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from ingest.core.errors import ConfigError
from ingest.kubernetes.manifest import Manifest
from ingest.kubernetes.validating import NOT_OBJECTS, read

KUSTOMIZATION = "kustomization.yaml"
STDIN = Path("-")
_BUILD_S = 60.0
_SUFFIXES = {".yaml", ".yml"}


def builder() -> list[str]:
    """Return the command that builds a folder of kustomize; empty if none is installed."""
    for words in (["kubectl", "kustomize"], ["kustomize", "build"]):
        if program := shutil.which(words[0]):
            return [program, *words[1:]]
    return []


def groups(paths: Sequence[Path]) -> Iterator[list[Manifest]]:
    """Yield the manifests of each path, those of each kustomization in a folder by themselves.

    `-` is stdin. Without a builder, the files of kustomizations are read as they are.

    Raises:
        ConfigError: a path is not there or has no manifests, or a kustomization cannot be built.
    """
    for path in paths:
        if path == STDIN:
            yield read(sys.stdin.read(), "stdin")
        elif path.is_dir():
            yield from _in_folder(path)
        else:
            yield read(_text(path), str(path))


def unbuilt(paths: Sequence[Path]) -> int:
    """Return how many kustomizations are not built, for want of a builder."""
    return 0 if builder() else sum(len(_kustomizations(path)) for path in paths if path.is_dir())


def _in_folder(folder: Path) -> Iterator[list[Manifest]]:
    files = [file for file in sorted(folder.rglob("*")) if file.suffix in _SUFFIXES]
    kustomizations = _kustomizations(folder)
    if command := builder():
        for file in kustomizations:
            yield read(_built(command, file.parent), str(file.parent))
        built = {file.parent for file in folder.rglob(KUSTOMIZATION)}
        files = [file for file in files if file.parent not in built]
    manifests = [
        each for file in files if _has_objects(file) for each in read(_text(file), str(file))
    ]
    if not manifests and not kustomizations:
        raise ConfigError(f"{folder}: contains no manifests. Name a file or folder that does")
    yield manifests


def _kustomizations(folder: Path) -> list[Path]:
    """Return the kustomizations of a folder that no other one there includes."""
    pages = {file: _page(file) for file in sorted(folder.rglob(KUSTOMIZATION))}
    included = {
        (file.parent / name).resolve()
        for file, page in pages.items()
        for key in ("resources", "components")
        for name in page.get(key) or ()
    }
    return [file for file in pages if file.parent.resolve() not in included]


def _page(file: Path) -> dict[str, Any]:
    try:
        page = yaml.load(_text(file), yaml.CSafeLoader)
    except yaml.YAMLError:
        return {}  # the builder says what is wrong
    return page if isinstance(page, dict) else {}


def _built(command: list[str], folder: Path) -> str:
    done = subprocess.run(  # noqa: S603 - kubectl or kustomize, by its full path
        [*command, str(folder)],
        capture_output=True,
        text=True,
        timeout=_BUILD_S,
        check=False,
    )
    if done.returncode:
        why = done.stderr.strip().removeprefix("error: ").replace("\n", " ")
        raise ConfigError(f"{folder / KUSTOMIZATION}: cannot be built: {why}")
    return done.stdout


def _has_objects(file: Path) -> bool:
    """Say whether a file has objects: patches of kustomize, and its own files, have none."""
    if file.name == KUSTOMIZATION:
        return False
    try:
        documents = list(yaml.load_all(_text(file), yaml.CSafeLoader))
    except yaml.YAMLError:
        return True  # and is refused
    return any(
        isinstance(each, dict) and "apiVersion" in each and each.get("kind") not in NOT_OBJECTS
        for each in documents
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(
            f"{path}: cannot be read: {why}. Name files or folders of manifests"
        ) from None
