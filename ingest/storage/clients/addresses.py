"""Where a bucket is: server, region, name and prefix."""

import os

from ingest.core.errors import ConfigError
from ingest.storage.connections import S3Connection, StoreConnection

REGION = "us-east-1"
"""What stores that have no regions answer to."""


def bucket_of(connection: StoreConnection, uri: str) -> tuple[str, str]:
    """Return the bucket and the prefix of a URI.

    Raises:
        ConfigError: it is not one for this connection, or names no bucket.
    """
    scheme, _, rest = uri.partition("://")
    if scheme not in connection.schemes:
        allowed = " or ".join(f"{each}://" for each in connection.schemes)
        raise ConfigError(f'"{uri}" is not a URI for {connection.title}. It opens {allowed}')
    bucket, _, prefix = rest.partition("/")
    if not bucket:
        raise ConfigError(f'"{uri}": the bucket is missing. Write {scheme}://BUCKET/PATH')
    return bucket, prefix.strip("/")


def endpoint_of(connection: StoreConnection) -> str:
    """Return the URL of the server, empty for the provider's own."""
    told = connection.endpoint or ""
    if not told and isinstance(connection, S3Connection):
        told = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")
    return told.rstrip("/")


def region_of(connection: S3Connection) -> str:
    """Return the region, of the environment if the connection names none."""
    environment = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return connection.region or environment or REGION
