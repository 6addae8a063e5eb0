"""Files that are not on a local disk, through fsspec: `s3://`, `memory://` and others."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, BinaryIO, cast

from ingest.core.credentials import without_credentials
from ingest.core.errors import ConfigError
from ingest.core.partition import Slice
from ingest.sources.files.direct import shortcut
from ingest.sources.files.nothing_there import NothingThereError
from ingest.sources.files.passed_over import PassedOver
from ingest.sources.files.patterns import GLOB, HIDDEN
from ingest.storage.clients.opening import file_system
from ingest.storage.connections import StoreConnection
from ingest.storage.object_file import ObjectChangedError, ObjectFile
from ingest.storage.remote import asking, refuse_unknown, using

Info = dict[str, Any]
"""What a storage says of a file."""


def list_remote(
    path: str,
    endings: tuple[str, ...],
    passed: PassedOver,
    connection: StoreConnection | None = None,
) -> list[Slice]:
    """Return the files that a path stands for; folders and globs as in `local`.

    Raises:
        ConfigError: nothing is there, the storage refuses, or its package is not installed.
    """
    try:
        without_credentials(path)
    except ValueError as error:
        raise ConfigError(f"path: {error}") from None
    refuse_unknown("path", path, connection)
    found: dict[str, dict[str, Any]] = {}
    with suppress(FileNotFoundError), asking("path", path):
        files, root = _files(path, connection)
        found = _find(files, root, endings, passed)
    if not found:
        raise NothingThereError(
            "; ".join((f'path: "{path}": no file or folder there', *passed.remarks(())))
            + ". Name a file, a folder or a glob"
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


def _find(files: Any, root: str, endings: tuple[str, ...], passed: PassedOver) -> dict[str, Info]:
    """Return the files that a path without its protocol stands for, with what is known of each."""
    if GLOB.search(root) and not files.exists(root):
        fixed = GLOB.split(root, maxsplit=1)[0]
        return _visible(files, files.glob(root, detail=True), fixed, None, passed)
    if files.isdir(root):
        return _visible(files, files.find(root, detail=True), root, endings, passed)
    return {root: files.info(root)}


def stat_remote(uri: str, connection: StoreConnection | None = None) -> tuple[int, str]:
    """Return the size and version that a file has now.

    Raises:
        FileNotFoundError, PermissionError, OSError: as the storage says.
    """
    with using(uri):
        if (direct := shortcut(uri, connection)) and (now := direct[0].version(direct[1])):
            return now[0], now[1].strip('"')
        files, name = _files(uri, connection)
        info = files.info(name)
    return int(info["size"]), version(info)


def open_remote(uri: str, connection: StoreConnection | None = None) -> BinaryIO:
    """Open a file for reading; of an object of S3 it is the version that is there now.

    Raises:
        FileNotFoundError, PermissionError, OSError: as the storage says.
    """
    with using(uri):
        direct = shortcut(uri, connection)
        file = direct and direct[0].open(direct[1], lambda: _reopened(uri, connection, file))
        return cast("BinaryIO", file or _opened(uri, connection))


def _opened(uri: str, connection: StoreConnection | None) -> Any:
    files, name = _files(uri, connection)
    return files.open(name, "rb")


def _reopened(uri: str, connection: StoreConnection | None, first: ObjectFile | None) -> BinaryIO:
    """Open the same version of an object through fsspec."""
    file = _opened(uri, connection)
    if first is None or version(file.details) != first.version:
        raise ObjectChangedError(uri)
    return cast("BinaryIO", file)


def modified_remote(uri: str, connection: StoreConnection | None = None) -> datetime | None:
    """Return when a file was last changed, UTC; None where the storage does not tell."""
    with using(uri):
        files, name = _files(uri, connection)
        return _when(files.info(name))


def version(info: dict[str, Any]) -> str:
    """Return what tells this version of a file from others: its etag, or when it was changed."""
    for key in ("ETag", "etag", "md5Hash"):
        if info.get(key):
            return str(info[key]).strip('"')
    when = _when(info)
    return "" if when is None else when.isoformat()


def _files(uri: str, connection: StoreConnection | None) -> tuple[Any, str]:
    """Return the file system of a URI, and the path in it; the environment says how without one."""
    if connection is None:
        import fsspec  # noqa: PLC0415 - few jobs need it

        # else a second listing in this process would be the first one again
        files, name = fsspec.core.url_to_fs(uri, use_listings_cache=False)
        return files, str(name)
    found = file_system(connection)
    return found, str(found._strip_protocol(uri))  # noqa: SLF001 - as `url_to_fs` does


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
    files: Any,
    found: dict[str, Info],
    root: str,
    endings: tuple[str, ...] | None,
    passed: PassedOver,
) -> dict[str, Info]:
    """Keep the files whose names below `root` are not hidden and end as they should."""
    kept = {}
    for name, info in found.items():
        if info["type"] != "file":
            continue
        if any(part.startswith(HIDDEN) for part in name[len(root) :].split("/")):
            passed.add("hidden", files.unstrip_protocol(name))
        elif endings is not None and not name.lower().endswith(endings):
            passed.add("ending", files.unstrip_protocol(name))
        else:
            kept[name] = info
    return kept
