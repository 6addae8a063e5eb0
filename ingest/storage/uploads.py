"""Uploads in parts that nobody completes: dead processes leave them, and the store keeps them.

They appear in no listing of objects. Only S3 keeps them for good: elsewhere they expire in a week.
Each request is made once: see `retrying`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from ingest.core.errors import FatalError
from ingest.storage.causes import cause_of, storage_error
from ingest.storage.clients.addresses import bucket_of
from ingest.storage.clients.s3 import s3_client
from ingest.storage.connections import S3Connection, StoreConnection


class Upload(NamedTuple):
    """An upload in parts that was begun: of which object below a place, and when, UTC.

    `number` is what the store calls it.
    """

    name: str
    began_at: datetime
    number: str


def unfinished(connection: StoreConnection, uri: str) -> list[Upload]:
    """Return the uploads below a place that were begun and neither completed nor aborted.

    Raises:
        FatalError: the store refuses to list them. RetryableError: it did not answer.
    """
    if not isinstance(connection, S3Connection):
        return []
    bucket, below = _place(connection, uri)
    with _errors(uri, "listed"):
        pages = s3_client(connection).get_paginator("list_multipart_uploads")
        return [
            Upload(each["Key"].removeprefix(below), each["Initiated"], each["UploadId"])
            for page in pages.paginate(Bucket=bucket, Prefix=below)
            for each in page.get("Uploads", ())
        ]


def abort(connection: S3Connection, uri: str, upload: Upload) -> None:
    """Abort an upload, so that its parts are removed. Harmless if it is gone.

    Raises:
        FatalError: the store refuses. RetryableError: it did not answer.
    """
    bucket, below = _place(connection, uri)
    with _errors(uri, "aborted"):
        s3_client(connection).abort_multipart_upload(
            Bucket=bucket, Key=f"{below}{upload.name}", UploadId=upload.number
        )


def _place(connection: S3Connection, uri: str) -> tuple[str, str]:
    bucket, prefix = bucket_of(connection, uri)
    return bucket, f"{prefix}/" if prefix else ""


@contextmanager
def _errors(uri: str, what: str) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        if "NoSuchUpload" in str(error):
            return
        text = f"{uri}: unfinished uploads cannot be {what}: {' '.join(str(error).split())}"
        if cause_of(error) is not None:
            raise storage_error(text, error) from error
        raise FatalError(f"{text}. Allow these credentials to do so") from None
