"""What an error of the operating system means for a run, by its number."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.core.errors import ConfigError, FatalError, JobError
from ingest.storage.causes import storage_error

_FATAL = {
    errno.ENOSPC: "the disk is full. Free space there",
    errno.EDQUOT: "the disk quota is used up. Free space there",
    errno.EFBIG: "the file would be larger than the system allows. Raise that limit",
    errno.EACCES: "permission denied. Give this user permission to write there",
    errno.EPERM: "permission denied. Give this user permission to write there",
    errno.EROFS: "the file system is read-only. Use another path",
    errno.ENOTDIR: "a part of the path is a file. Use another path",
    errno.ENAMETOOLONG: "the name is too long. Use another path",
    errno.ELOOP: "links form a circle. Use another path",
    errno.EILSEQ: "the file system does not allow this name. Use another path",
    errno.ENOSYS: "the file system cannot store files. Use another path",
    errno.EOPNOTSUPP: "the file system cannot store files. Use another path",
    errno.EINVAL: "the file system does not support this. Use another path",
}
"""What trying again would only repeat."""
_NAMES = frozenset({errno.ENAMETOOLONG, errno.EILSEQ})
"""What is at fault then is a name, which may be made of a value: another place is no way out."""


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Say of an error of the operating system what the driver is to do about it."""
    try:
        yield
    except OSError as error:
        # By `errno`, not by class: pyarrow raises what Python's file raised as a plain OSError.
        if error.errno in _FATAL:
            kind = JobError if error.errno in _NAMES else FatalError
            raise kind(f"{path}: {_FATAL[error.errno]}, then run again") from error
        text = f"{path}: the storage failed: {error}. Check the disk and its connection"
        raise storage_error(f"{text}, then run again", error) from error


@contextmanager
def place_errors(path: Path) -> Iterator[None]:
    """Say of an error of the operating system what is wrong with a place, before anything runs."""
    try:
        with storage_errors(path):
            yield
    except FatalError as error:
        if isinstance(error.__cause__, OSError):
            raise ConfigError(f"path: {str(error).removesuffix(', then run again')}") from error
        raise
