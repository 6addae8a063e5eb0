"""Files that are not on a local disk, through fsspec: `s3://`, `memory://` and others."""

from datetime import UTC, datetime
from typing import Any, BinaryIO, cast

import fsspec

from ingest.core.errors import ConfigError
from ingest.core.partition import Slice
from ingest.core.secrets import without_credentials

PROTOCOLS = ("s3", "s3a", "memory")
"""Where files may lie besides local disks. Not `http`: it would need a guard against addresses
inside the network."""
_HIDDEN = (".", "_")


class NothingThereError(ConfigError):
    """A path stands for no file."""


def is_remote(path: str) -> bool:
    """Say whether a path is for fsspec to open."""
    return "://" in path and not path.startswith("file://")


def list_remote(path: str, endings: tuple[str, ...]) -> list[Slice]:
    """Return the files that a path stands for; folders and globs as in `files`.

    Raises:
        ConfigError: nothing is there, the storage refuses, or its package is not installed.
    """
    try:
        without_credentials(path)
    except ValueError as error:
        raise ConfigError(f"path: {error}") from None
    if (protocol := path.partition("://")[0]) not in PROTOCOLS:
        raise ConfigError(
            f'path: "{protocol}://": no source reads from there. Known: {", ".join(PROTOCOLS)} '
            "and local paths. Copy the files to one of these"
        )
    try:
        files, root = fsspec.core.url_to_fs(path)
        if any(char in root for char in "*?["):
            found = _visible(files.glob(root, detail=True), root.split("*", 1)[0], None)
        elif files.isdir(root):
            found = _visible(files.find(root, detail=True), root, endings)
        else:
            found = {root: files.info(root)}
    except FileNotFoundError:
        found = {}
    except PermissionError as error:
        raise ConfigError(f'path: "{path}": the storage refuses: {error}') from None
    except (ImportError, ValueError) as error:
        raise ConfigError(f'path: "{path}": cannot be opened: {error}') from None
    except OSError as error:
        raise ConfigError(f'path: "{path}": the storage did not answer: {error}') from None
    if not found:
        raise NothingThereError(
            f'path: "{path}": nothing is there. Name a file, a folder or a glob'
        )
    return [
        Slice(
            uri=files.unstrip_protocol(name),
            size=int(info["size"]),
            version=version(info),
            bytes=int(info["size"]),
        )
        for name, info in found.items()
    ]


def stat_remote(uri: str) -> tuple[int, str]:
    """Return the size and version that a file has now.

    Raises:
        FileNotFoundError, PermissionError, OSError: as the storage says.
    """
    files, name = fsspec.core.url_to_fs(uri)
    files.invalidate_cache(files._parent(name))  # noqa: SLF001 - else a listing's cache answers
    info = files.info(name)
    return int(info["size"]), version(info)


def open_remote(uri: str) -> BinaryIO:
    """Open a file for reading."""
    files, name = fsspec.core.url_to_fs(uri)
    return cast("BinaryIO", files.open(name, "rb"))


def modified_remote(uri: str) -> datetime | None:
    """Return when a file was last changed, UTC; None where the storage does not tell."""
    files, name = fsspec.core.url_to_fs(uri)
    return _when(files.info(name))


def version(info: dict[str, Any]) -> str:
    """Return what tells this version of a file from others: its etag, or when it was changed."""
    for key in ("ETag", "etag", "md5Hash"):
        if info.get(key):
            return str(info[key]).strip('"')
    when = _when(info)
    return "" if when is None else when.isoformat()


def _when(info: dict[str, Any]) -> datetime | None:
    """Return when a file was changed; a listing may say it in seconds and a status in dates."""
    for key in ("LastModified", "last_modified", "mtime", "updated", "created"):
        when = info.get(key)
        if isinstance(when, datetime):
            return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
        if isinstance(when, int | float):
            return datetime.fromtimestamp(when, UTC)
        if isinstance(when, str):
            return datetime.fromisoformat(when)
    return None


def _visible(
    found: dict[str, dict[str, Any]], root: str, endings: tuple[str, ...] | None
) -> dict[str, dict[str, Any]]:
    """Keep the files whose names below `root` are not hidden and end as they should."""
    return {
        name: info
        for name, info in found.items()
        if info["type"] == "file"
        and (endings is None or name.endswith(endings))
        and not any(part.startswith(_HIDDEN) for part in name[len(root) :].split("/"))
    }
