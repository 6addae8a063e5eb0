"""Storages that are reached through fsspec: which there are, and their refusals as sentences."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ingest.core.errors import ConfigError
from ingest.core.names import hint
from ingest.storage.connections import SCHEMES, STORES, StoreConnection, usual
from ingest.storage.uris import is_remote

PROTOCOLS = ("s3", "s3a", "memory")
"""Where files may lie besides local disks. Not `http`, which would need a guard against addresses
inside the network; `memory` is for tests."""

_NO_CREDENTIALS = (
    "no credentials for S3: looked for AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, for "
    "AWS_PROFILE and ~/.aws, and for a role of this machine. Set one of these; for a public bucket "
    "set FSSPEC_S3_ANON=true"
)
_CHECK = "Check AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_CREDENTIALS = frozenset({
    "ConfigParseError", "CredentialRetrievalError", "InfiniteLoopConfigError", "InvalidConfigError",
    "MetadataRetrievalError", "NoAuthTokenError", "PartialCredentialsError", "ProfileNotFound",
    "RefreshWithMFAUnsupportedError", "SSOError", "SSOTokenLoadError", "TokenRetrievalError",
    "UnauthorizedSSOTokenError", "UnknownCredentialError",
})  # fmt: skip
"""How botocore calls that there are credentials, and that they lead nowhere."""


def canonical(uri: str) -> str:
    """Return a URI as it is compared with others: without a `/` at its end, by the usual scheme."""
    scheme, separator, rest = uri.rstrip("/").partition("://")
    usual_scheme = next((each.schemes[0] for each in STORES if scheme in each.schemes), scheme)
    return f"{usual_scheme}{separator}{rest}"


def writer_of(path: str, connection: StoreConnection | None = None) -> StoreConnection | None:
    """Return the connection that a directory is written through; None if it is on a local disk.

    Raises:
        ValueError: the path is in no storage that can be written to, or not in that connection's.
    """
    if connection is not None:
        try:
            refuse_other("path", path, connection)
        except ConfigError as error:
            raise ValueError(str(error).removeprefix("path: ")) from None
    if not is_remote(path):
        return None
    scheme, _, rest = path.partition("://")
    parts = rest.rstrip("/").split("/")
    if len(parts) < 2 or not all(parts) or {".", ".."}.intersection(parts):
        raise ValueError(
            f'"{path}": not a prefix of a bucket. Write {scheme}://BUCKET/PATH: files are staged '
            "beside it, in the same bucket"
        )
    if scheme not in SCHEMES:
        raise ValueError(
            f'"{path}": {scheme}:// is not supported. {hint(scheme, SCHEMES)}Directories are '
            f"written to local paths and to {', '.join(f'{each}://' for each in SCHEMES)}"
        )
    if (found := connection or usual(scheme)) is None:
        raise ValueError(
            f'"{path}": {scheme}:// is written through a connection. Write one to '
            "conf/connection/NAME.yaml, and name it: connection: NAME"
        )
    return found


def refuse_unknown(what: str, path: str, connection: StoreConnection | None = None) -> None:
    """Refuse a remote path of a storage that is not supported, or one that names no bucket.

    Raises:
        ConfigError: it is. The text begins with `what`, the setting that the path stands in.
    """
    protocol, _, rest = path.partition("://")
    if connection is not None:
        refuse_other(what, path, connection)
    elif protocol in SCHEMES and protocol not in PROTOCOLS:
        raise ConfigError(
            f'{what}: "{path}": {protocol}:// is read through a connection. Write one to '
            "conf/connection/NAME.yaml, and name it: source.connection=NAME"
        )
    elif protocol not in PROTOCOLS:
        raise ConfigError(
            f'{what}: "{path}": {protocol}:// is not supported. {hint(protocol, ["s3"])}Files are '
            "read from local paths and s3://. Copy the files to one of these"
        )
    if not rest.strip("/"):
        raise ConfigError(
            f'{what}: "{path}": the bucket is missing. Write {protocol}://BUCKET/PATH'
        )


def refuse_other(what: str, path: str, connection: StoreConnection) -> None:
    """Refuse a path that a connection does not open.

    Raises:
        ConfigError: it is one. The text begins with `what`, as above.
    """
    if path.partition("://")[0] not in connection.schemes:
        schemes = " or ".join(f"{each}://" for each in connection.schemes)
        raise ConfigError(
            f'{what}: "{path}": {connection.title} opens {schemes}. Use such a path, or another '
            "connection"
        )


@contextmanager
def asking(what: str, path: str) -> Iterator[None]:
    """Turn whatever a storage answers to a first question into a sentence.

    A `FileNotFoundError` passes.

    Raises:
        ConfigError: it refused or did not answer. The text begins with `what`, as above.
    """
    where = f'{what}: "{path}"'
    try:
        with using(path, what):
            yield
    except FileNotFoundError:
        raise
    except PermissionError as error:
        raise ConfigError(
            f"{where}: access denied: {_flat(error)}. Check that these credentials may list "
            "and read there"
        ) from None
    except (ImportError, ValueError) as error:
        raise ConfigError(f"{where}: cannot be opened: {_flat(error)}") from None
    except OSError as error:
        raise ConfigError(
            f"{where}: the storage did not answer: {_flat(error)}. Check the network, the "
            "bucket's name, AWS_ENDPOINT_URL and AWS_REGION"
        ) from None


@contextmanager
def using(path: str, what: str = "path") -> Iterator[None]:
    """Say what is missing where a storage cannot be asked without credentials.

    What botocore raises besides, which is no `OSError`, becomes one; all else passes.

    Raises:
        ConfigError: there are none, or they lead nowhere.
    """
    try:
        yield
    except _foreign() as error:
        name = type(error).__name__
        if name == "NoCredentialsError":
            raise ConfigError(f'{what}: "{path}": {_NO_CREDENTIALS}') from None
        if name in _CREDENTIALS:
            raise ConfigError(
                f'{what}: "{path}": the credentials for S3 cannot be used: {_flat(error)}. {_CHECK}'
            ) from None
        if name == "ParamValidationError":  # a bucket that cannot be called so
            raise ConfigError(f'{what}: "{path}": cannot be opened: {_flat(error)}') from None
        raise ConnectionError(_flat(error)) from error


def _foreign() -> tuple[type[Exception], ...]:
    """Return the errors of botocore, which are no `OSError`; it is loaded if one was raised."""
    module = sys.modules.get("botocore.exceptions")
    return () if module is None else (module.BotoCoreError,)


def _flat(error: Exception) -> str:
    return " ".join(str(error).split()).removesuffix(".")
