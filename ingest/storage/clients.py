"""What each library wants to be told of a connection: obstore, fsspec, Polars and PyArrow.

The one place that knows. Secrets are read here, when a client is made, and given to nobody else.
"""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.core.errors import ConfigError
from ingest.storage.connections import (
    AzureConnection,
    GcsConnection,
    S3Connection,
    StoreConnection,
)

if TYPE_CHECKING:
    import fsspec
    import pyarrow.fs
    from obstore.store import ObjectStore as Client

Keys = Mapping[str, Any]
"""Keys to S3, as obstore calls them: id, secret, token, and when they expire."""

REGION = "us-east-1"
"""What stores that have no regions answer to."""
_ASK_AGAIN = timedelta(minutes=5)
_NO_CREDENTIALS = (
    "no credentials for S3: looked for AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, for "
    "AWS_PROFILE and ~/.aws, and for a role of this machine. Set one of these, or name a connection"
)


def bucket_client(connection: StoreConnection, uri: str) -> "Client":
    """Return obstore's client for a bucket, or for a prefix in it; it does not retry by itself.

    Raises:
        ConfigError: the URI is not one for this connection, or its secrets are missing.
    """
    from obstore import store  # noqa: PLC0415 - loaded only where there is a bucket

    bucket, prefix = bucket_of(connection, uri)
    shared: dict[str, Any] = {
        "prefix": prefix or None,
        "client_options": _http_options(connection),
        "retry_config": {"max_retries": 0, "retry_timeout": timedelta(seconds=1)},
    }
    secret = _secrets(connection)
    if isinstance(connection, S3Connection):
        endpoint = endpoint_of(connection)
        virtual = connection.addressing_style == "virtual"
        config: dict[str, Any] = {
            "region": region_of(connection),
            "virtual_hosted_style_request": virtual,
            "skip_signature": connection.anonymous,
        }
        if endpoint:
            config["endpoint"] = endpoint.replace("://", f"://{bucket}.") if virtual else endpoint
        if not connection.anonymous:
            shared["credential_provider"] = _keys(connection)
        return store.S3Store(bucket, config=config, **shared)  # type: ignore[arg-type]
    if isinstance(connection, GcsConnection):
        config = {"skip_signature": connection.anonymous}
        if connection.endpoint:
            config["base_url"] = connection.endpoint.rstrip("/")
        if "service_account_key" in secret:
            config["service_account_key"] = secret["service_account_key"]
        return store.GCSStore(bucket, config=config, **shared)  # type: ignore[arg-type]
    assert isinstance(connection, AzureConnection)
    config = {"account_name": connection.account, "skip_signature": connection.anonymous}
    if connection.endpoint:
        config["endpoint"] = connection.endpoint.rstrip("/")
    if "account_key" in secret:
        config["account_key"] = secret["account_key"]
    if "sas_token" in secret:
        config["sas_key"] = secret["sas_token"]
    return store.AzureStore(bucket, config=config, **shared)  # type: ignore[arg-type]


def file_system(connection: StoreConnection) -> "fsspec.AbstractFileSystem":
    """Return fsspec's file system for a connection, for reading and listing.

    Raises:
        ConfigError: its secrets are missing, or a package that it needs is not installed.
    """
    import fsspec  # noqa: PLC0415

    scheme, options = connection.schemes[0], _fsspec_options(connection)
    try:
        return fsspec.filesystem(scheme, use_listings_cache=False, **options)
    except ImportError:
        extra = type(connection).model_fields["type"].annotation.__args__[0]  # type: ignore[union-attr]
        raise ConfigError(
            f"{connection.title}: {scheme}:// needs a package that is not installed. Install it "
            f"with: pip install 'ingest[{extra}]'"
        ) from None


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

    keys = {} if connection.anonymous else _keys(connection)()
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
    from botocore.config import Config  # noqa: PLC0415

    told = _s3fs_options(connection, {})
    config = {**told["config_kwargs"], "retries": {"total_max_attempts": 1}}
    if connection.anonymous:
        keys: Keys = {}
        from botocore import UNSIGNED  # noqa: PLC0415

        config["signature_version"] = UNSIGNED
    else:
        keys = _keys(connection)()
    return botocore.session.Session().create_client(
        "s3",
        config=Config(**config),
        aws_access_key_id=keys.get("access_key_id"),
        aws_secret_access_key=keys.get("secret_access_key"),
        aws_session_token=keys.get("token"),
        **told["client_kwargs"],
    )


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
    keys = _keys(connection)()
    options["aws_access_key_id"] = keys["access_key_id"]
    options["aws_secret_access_key"] = keys["secret_access_key"]
    return {**options, **({"aws_session_token": keys["token"]} if keys["token"] else {})}


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
    if isinstance(connection, S3Connection):
        told = {key: str(value) for key, value in polars_options(connection).items()}
        return {**told, **shared, "aws_conditional_put": "etag"}
    if isinstance(connection, GcsConnection):
        return {**shared, **_delta_gcs(connection)}
    assert isinstance(connection, AzureConnection)
    return {**shared, **_delta_azure(connection)}


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


def _delta_gcs(connection: GcsConnection) -> dict[str, str]:
    secret, told = _secrets(connection), {}
    if connection.anonymous:
        told["google_skip_signature"] = "true"
    if connection.endpoint:
        told["google_base_url"] = connection.endpoint.rstrip("/")
    if "service_account_key" in secret:
        told["google_service_account_key"] = secret["service_account_key"]
    return told


def _delta_azure(connection: AzureConnection) -> dict[str, str]:
    secret, told = _secrets(connection), {"azure_storage_account_name": connection.account}
    if connection.anonymous:
        told["azure_skip_signature"] = "true"
    if connection.endpoint:
        told["azure_endpoint"] = connection.endpoint.rstrip("/")
    if "account_key" in secret:
        told["azure_storage_account_key"] = secret["account_key"]
    if "sas_token" in secret:
        told["azure_storage_sas_key"] = secret["sas_token"]
    return told


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


def _secrets(connection: StoreConnection) -> dict[str, str]:
    """Read the secrets of a connection.

    Raises:
        ConfigError: one line for each that is missing.
    """
    read, lines = {}, []
    for key, reference in connection.secrets.items():
        try:
            read[key] = reference.resolve()
        except ConfigError as error:
            lines.append(f"{connection.title}: {key}: {error}")
    if lines:
        raise ConfigError(*lines)
    return read


def _keys(connection: S3Connection) -> Callable[[], Keys]:
    """Return what gives the keys to S3, as often as a client asks; they have been found once.

    Raises:
        ConfigError: there are none.
    """
    told = _secrets(connection)
    if not told and connection.profile is None:
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        found = [os.environ.get(name, "") for name in names]
        if found[0] and found[1]:
            told = dict(
                zip(("access_key_id", "secret_access_key", "session_token"), found, strict=False)
            )
    if not told:
        return _found_keys(connection)
    keys = {
        "access_key_id": told["access_key_id"],
        "secret_access_key": told["secret_access_key"],
        "token": told.get("session_token") or None,
        "expires_at": None,
    }
    return lambda: keys


def _found_keys(connection: S3Connection) -> Callable[[], Keys]:
    """Look for keys where the AWS command line does: `~/.aws`, then the machine's role."""
    import botocore.exceptions  # noqa: PLC0415 - 0.2 s, which keys in the environment save
    import botocore.session  # noqa: PLC0415

    try:
        found = botocore.session.Session(profile=connection.profile).get_credentials()
    except botocore.exceptions.BotoCoreError as error:
        raise ConfigError(
            f"{connection.title}: the credentials for S3 cannot be used: {error}. Check "
            "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        ) from None
    if found is None:
        raise ConfigError(_NO_CREDENTIALS)

    def keys() -> Keys:
        frozen = found.get_frozen_credentials()
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(UTC) + _ASK_AGAIN,  # botocore renews them where they end
        }

    return keys


def _fsspec_options(connection: StoreConnection) -> dict[str, Any]:
    secret = _secrets(connection)
    if isinstance(connection, S3Connection):
        return _s3fs_options(connection, secret)
    if isinstance(connection, GcsConnection):
        import json  # noqa: PLC0415

        token: Any = "anon" if connection.anonymous else None
        if "service_account_key" in secret:
            token = json.loads(secret["service_account_key"])
        return {"token": token, "endpoint_url": connection.endpoint}
    assert isinstance(connection, AzureConnection)
    return {
        "account_name": connection.account,
        "account_key": secret.get("account_key"),
        "sas_token": secret.get("sas_token"),
        "anon": connection.anonymous,
    }


def _s3fs_options(connection: S3Connection, secret: Mapping[str, str]) -> dict[str, Any]:
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
    client: dict[str, Any] = {"region_name": region_of(connection)}
    if endpoint := endpoint_of(connection):
        client["endpoint_url"] = endpoint
    if connection.ca_file:
        client["verify"] = connection.ca_file
    return {
        "anon": connection.anonymous,
        "key": secret.get("access_key_id"),
        "secret": secret.get("secret_access_key"),
        "token": secret.get("session_token"),
        "profile": connection.profile,
        "client_kwargs": client,
        "config_kwargs": config,
    }
