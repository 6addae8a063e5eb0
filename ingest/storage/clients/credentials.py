"""The secrets of a connection, and the keys to S3 where a connection names none."""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ingest.core.errors import ConfigError
from ingest.storage.connections import S3Connection, StoreConnection

Keys = Mapping[str, Any]
"""Keys to S3, as obstore calls them: id, secret, token, and when they expire."""

_ASK_AGAIN = timedelta(minutes=5)
_NAMES = {
    "access_key_id": "AWS_ACCESS_KEY_ID",
    "secret_access_key": "AWS_SECRET_ACCESS_KEY",
    "session_token": "AWS_SESSION_TOKEN",
}
_NO_CREDENTIALS = (
    "no credentials for S3: looked for AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, for "
    "AWS_PROFILE and ~/.aws, and for a role of this machine. Set one of these, or name a connection"
)


def secrets_of(connection: StoreConnection) -> dict[str, str]:
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


def keys_of(connection: S3Connection) -> Callable[[], Keys]:
    """Return what gives the keys to S3, as often as a client asks; they have been found once.

    Raises:
        ConfigError: there are none.
    """
    told = secrets_of(connection)
    if not told and connection.profile is None:
        told = {key: os.environ.get(name, "") for key, name in _NAMES.items()}
    if not (told.get("access_key_id") and told.get("secret_access_key")):
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
        credentials = botocore.session.Session(profile=connection.profile).get_credentials()
    except botocore.exceptions.BotoCoreError as error:
        raise ConfigError(
            f"{connection.title}: the credentials for S3 cannot be used: {error}. Check "
            "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        ) from None
    if credentials is None:
        raise ConfigError(_NO_CREDENTIALS)

    def keys() -> Keys:
        frozen = credentials.get_frozen_credentials()
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(UTC) + _ASK_AGAIN,  # botocore renews them where they end
        }

    return keys
