"""Objects of S3 read by obstore, without fsspec, which handles all bytes in one Python thread.

It takes less than half the time, and is a shortcut only: whatever it cannot do, fsspec does, and
says what is wrong.
"""

import os
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO

from ingest.core.errors import ConfigError, IngestError, RetryableError
from ingest.storage.connections import S3Connection, StoreConnection
from ingest.storage.object_file import ObjectFile

if TYPE_CHECKING:
    from ingest.storage.bucket import Bucket

_ENVIRONMENT = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_DEFAULT_REGION",
    "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
)  # fmt: skip
"""What a client is made from besides the connection."""


_PATIENCE = 2
"""How many requests go unanswered, before there was any answer, until no more are made."""


class Shortcut:
    """The objects of one bucket, as long as obstore can be told how to reach them."""

    def __init__(self, bucket: "Bucket | None") -> None:
        self._bucket = bucket
        self._silent, self._answered = 0, False

    def version(self, name: str) -> tuple[int, str] | None:
        """Return the size and the etag of an object; None if fsspec is to be asked."""
        if self._bucket is None:
            return None
        try:
            found = self._bucket.version(name)
        except FileNotFoundError:
            return None
        except IngestError as error:
            self._silent += 1
            # such as a region or an endpoint that only the AWS command line's files name
            refused = not isinstance(error, RetryableError)
            if refused or (self._silent >= _PATIENCE and not self._answered):
                self._bucket = None
            return None
        self._answered = True
        return found if found[1] else None

    def open(self, name: str, reopen: Callable[[], BinaryIO]) -> ObjectFile | None:
        """Open an object as it is now; None if fsspec is to do it."""
        found = self.version(name)
        if found is None or self._bucket is None:
            return None
        return ObjectFile(self._bucket, name, *found, reopen)


def shortcut(uri: str, connection: StoreConnection | None) -> tuple[Shortcut, str] | None:
    """Return what reads an object, and its name there; None if only fsspec can.

    Also if fsspec has settings of its own for S3, in its files or `FSSPEC_S3_…`.
    """
    scheme, _, rest = uri.partition("://")
    if scheme not in S3Connection.schemes or not isinstance(connection, S3Connection | None):
        return None
    if connection is None and any(_fsspec_settings().get(each) for each in S3Connection.schemes):
        return None
    bucket, _, name = rest.partition("/")
    used = connection or S3Connection(type="s3")
    return _bucket(f"{scheme}://{bucket}", used, tuple(map(os.environ.get, _ENVIRONMENT))), name


@lru_cache(maxsize=16)
def _bucket(uri: str, connection: S3Connection, environment: tuple[str | None, ...]) -> Shortcut:  # noqa: ARG001 - a client for each
    from ingest.storage.bucket import Bucket  # noqa: PLC0415 - loads obstore

    try:
        return Shortcut(Bucket(uri, connection))
    except ConfigError:  # no credentials; fsspec says so
        return Shortcut(None)


def _fsspec_settings() -> Mapping[str, object]:
    """Return what the user has told fsspec of its own, by scheme."""
    from fsspec.config import conf  # noqa: PLC0415 - few jobs need it

    settings: Mapping[str, object] = conf
    return settings
