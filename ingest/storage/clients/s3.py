"""S3, and stores that speak its protocol: what besides obstore and fsspec opens them too."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ingest.storage.clients.addresses import endpoint_of, region_of
from ingest.storage.clients.credentials import keys_of, secrets_of
from ingest.storage.clients.provider import Provider
from ingest.storage.connections import S3Connection

if TYPE_CHECKING:
    import pyarrow.fs
    from obstore.store import ObjectStore as Client


class S3(Provider[S3Connection]):
    """S3, by keys of the connection or those that the AWS command line would use."""

    def client(self, bucket: str, shared: Mapping[str, Any]) -> "Client":
        """Sign with the keys, which are asked for again when they expire."""
        from obstore import store  # noqa: PLC0415 - loaded only where there is a bucket

        connection, endpoint = self.connection, endpoint_of(self.connection)
        virtual = connection.addressing_style == "virtual"
        config: dict[str, Any] = {
            "region": region_of(connection),
            "virtual_hosted_style_request": virtual,
            "skip_signature": connection.anonymous,
        }
        if endpoint:
            config["endpoint"] = endpoint.replace("://", f"://{bucket}.") if virtual else endpoint
        keys = {} if connection.anonymous else {"credential_provider": keys_of(connection)}
        return store.S3Store(bucket, config=config, **shared, **keys)  # type: ignore[arg-type]

    def file_options(self) -> dict[str, Any]:
        """Tell s3fs the keys, the server and how botocore makes its requests."""
        connection, secrets = self.connection, secrets_of(self.connection)
        return {
            "anon": connection.anonymous,
            "key": secrets.get("access_key_id"),
            "secret": secrets.get("secret_access_key"),
            "token": secrets.get("session_token"),
            "profile": connection.profile,
            "client_kwargs": _client_options(connection),
            "config_kwargs": _config(connection),
        }

    def table_options(self) -> dict[str, str]:
        """Tell what Polars is told, and that a commit is a conditional put."""
        options = {key: str(value) for key, value in polars_options(self.connection).items()}
        return {**options, "aws_conditional_put": "etag"}


def polars_options(connection: S3Connection) -> dict[str, Any]:
    """Return what Polars calls `storage_options`, for S3.

    Raises:
        ConfigError: its secrets are missing.
    """
    options: dict[str, Any] = {
        "aws_region": region_of(connection),
        "aws_virtual_hosted_style_request": str(connection.addressing_style == "virtual").lower(),
        "timeout": f"{connection.timeout_s:g}s",
        "connect_timeout": f"{connection.connect_timeout_s:g}s",
        "max_retries": connection.max_tries,
    }
    if endpoint := endpoint_of(connection):
        options |= {"aws_endpoint_url": endpoint, "aws_allow_http": "true"}
    if connection.proxy:
        options["proxy_url"] = connection.proxy
    if connection.anonymous:
        return {**options, "aws_skip_signature": "true"}
    keys = keys_of(connection)()
    options["aws_access_key_id"] = keys["access_key_id"]
    options["aws_secret_access_key"] = keys["secret_access_key"]
    return {**options, **({"aws_session_token": keys["token"]} if keys["token"] else {})}


def arrow_file_system(connection: S3Connection) -> "pyarrow.fs.S3FileSystem":
    """Return PyArrow's file system for S3.

    Raises:
        ConfigError: its secrets are missing.
    """
    # Arrow's AWS library sends checksums by default that most other stores refuse (411); it can
    # only be told by the environment, and before the first client is made
    if endpoint_of(connection):
        os.environ.setdefault("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
    from pyarrow import fs  # noqa: PLC0415

    keys = {} if connection.anonymous else keys_of(connection)()
    scheme, _, address = endpoint_of(connection).rpartition("://")
    options: dict[str, Any] = {
        "anonymous": connection.anonymous,
        "region": region_of(connection),
        "request_timeout": connection.timeout_s,
        "connect_timeout": connection.connect_timeout_s,
        "force_virtual_addressing": connection.addressing_style == "virtual",
        "retry_strategy": fs.AwsStandardS3RetryStrategy(max_attempts=connection.max_tries),
    }
    if address:
        options |= {"endpoint_override": address, "scheme": scheme}
    if keys:
        options |= {
            "access_key": keys["access_key_id"],
            "secret_key": keys["secret_access_key"],
            "session_token": keys["token"],
        }
    if connection.proxy:
        options["proxy_options"] = connection.proxy
    if connection.ca_file:
        options["tls_ca_file_path"] = connection.ca_file
    return fs.S3FileSystem(**options)


def s3_client(connection: S3Connection) -> Any:
    """Return botocore's client for S3, which knows what none of the others does: open uploads.

    It makes each request once.

    Raises:
        ConfigError: the connection's secrets are missing.
    """
    import botocore.session  # noqa: PLC0415 - takes 0.2 s
    from botocore import UNSIGNED  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    config = {**_config(connection), "retries": {"total_max_attempts": 1}}
    if connection.anonymous:
        config["signature_version"] = UNSIGNED
    keys = {} if connection.anonymous else keys_of(connection)()
    return botocore.session.Session().create_client(
        "s3",
        config=Config(**config),
        aws_access_key_id=keys.get("access_key_id"),
        aws_secret_access_key=keys.get("secret_access_key"),
        aws_session_token=keys.get("token"),
        **_client_options(connection),
    )


def _config(connection: S3Connection) -> dict[str, Any]:
    """Return how botocore, which s3fs is made of, makes its requests."""
    config: dict[str, Any] = {
        "s3": {"addressing_style": connection.addressing_style},
        "read_timeout": connection.timeout_s,
        "connect_timeout": connection.connect_timeout_s,
        "max_pool_connections": connection.max_connections,
        "retries": {"max_attempts": connection.max_tries, "mode": "standard"},
        "request_checksum_calculation": "when_required",
    }
    if connection.proxy:
        config["proxies"] = dict.fromkeys(("http", "https"), connection.proxy)
    return config


def _client_options(connection: S3Connection) -> dict[str, Any]:
    """Return what botocore is told of the server."""
    options: dict[str, Any] = {"region_name": region_of(connection)}
    if endpoint := endpoint_of(connection):
        options["endpoint_url"] = endpoint
    if connection.ca_file:
        options["verify"] = connection.ca_file
    return options
