"""Clients of object stores, whatever their provider is."""

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.core.errors import ConfigError
from ingest.storage.clients.addresses import bucket_of, endpoint_of
from ingest.storage.clients.azure import Azure
from ingest.storage.clients.gcs import Gcs
from ingest.storage.clients.provider import Provider
from ingest.storage.clients.s3 import S3
from ingest.storage.connections import (
    AzureConnection,
    GcsConnection,
    S3Connection,
    StoreConnection,
)

if TYPE_CHECKING:
    import fsspec
    from obstore.store import ObjectStore as Client


def bucket_client(connection: StoreConnection, uri: str) -> "Client":
    """Return obstore's client for a bucket, or for a prefix in it; it does not retry by itself.

    Raises:
        ConfigError: the URI is not one for this connection, or its secrets are missing.
    """
    bucket, prefix = bucket_of(connection, uri)
    shared = {
        "prefix": prefix or None,
        "client_options": _http_options(connection),
        "retry_config": {"max_retries": 0, "retry_timeout": timedelta(seconds=1)},
    }
    return _provider(connection).client(bucket, shared)


def file_system(connection: StoreConnection) -> "fsspec.AbstractFileSystem":
    """Return fsspec's file system for a connection, for reading and listing.

    Raises:
        ConfigError: its secrets are missing, or a package that it needs is not installed.
    """
    import fsspec  # noqa: PLC0415

    scheme, options = connection.schemes[0], _provider(connection).file_options()
    try:
        return fsspec.filesystem(scheme, use_listings_cache=False, **options)
    except ImportError:
        extra = type(connection).model_fields["type"].annotation.__args__[0]  # type: ignore[union-attr]
        raise ConfigError(
            f"{connection.title}: {scheme}:// needs a package that is not installed. Install it "
            f"with: pip install 'ingest[{extra}]'"
        ) from None


def delta_options(connection: StoreConnection) -> dict[str, str]:
    """Return what the Delta library calls `storage_options`.

    A commit is a put that creates only: of two for one version, one is refused. It is not made
    without that.

    Raises:
        ConfigError: its secrets are missing, or the library cannot be told of its certificates.
    """
    if connection.ca_file and os.environ.get("SSL_CERT_FILE") != connection.ca_file:
        raise ConfigError(
            f"{connection.title}: ca_file: the Delta library takes certificates only from the "
            f"environment. Also set SSL_CERT_FILE={connection.ca_file} before the run"
        )
    shared = {
        "timeout": f"{connection.timeout_s:g}s",
        "connect_timeout": f"{connection.connect_timeout_s:g}s",
        "max_retries": str(connection.max_tries),
        "allow_http": str(endpoint_of(connection).startswith("http://")).lower(),
    }
    if connection.proxy:
        shared["proxy_url"] = connection.proxy
    return {**_provider(connection).table_options(), **shared}


def _provider(connection: StoreConnection) -> Provider[Any]:
    if isinstance(connection, S3Connection):
        return S3(connection)
    if isinstance(connection, GcsConnection):
        return Gcs(connection)
    assert isinstance(connection, AzureConnection)
    return Azure(connection)


def _http_options(connection: StoreConnection) -> dict[str, Any]:
    options: dict[str, Any] = {
        "timeout": timedelta(seconds=connection.timeout_s),
        "connect_timeout": timedelta(seconds=connection.connect_timeout_s),
        "allow_http": endpoint_of(connection).startswith("http://"),
    }
    if connection.proxy:
        options["proxy_url"] = connection.proxy
    if connection.ca_file:
        options["root_certificate"] = _certificates(connection)
    return options


def _certificates(connection: StoreConnection) -> str:
    try:
        return Path(str(connection.ca_file)).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not PEM text"
        raise ConfigError(
            f'{connection.title}: ca_file: "{connection.ca_file}" cannot be read: {reason}. Name a '
            "file with certificates (PEM)"
        ) from None
