"""Credentials within a URI, which are never stored, logged or shown."""

import re
from typing import Final

_CREDENTIALS: Final = re.compile(
    # a secret key of S3 may have slashes in it; what follows a port may hold a sign @
    r"(?<=://)(?:[^/@\s:]*:(?![0-9]+(?:/|$))[^@\s]*|[^/@\s]+)@"
)
_QUERY: Final = re.compile(r"://[^\s\"'?]*\?[^\s\"']*")
_SIGNED: Final = re.compile(
    # a presigned URL of S3, a shared access signature of Azure, a token of others
    r"([?&](?:sig|[\w.-]*(?:signature|secret|token|password|passwd|credential|key|keyid))=)[^&#]+",
    re.IGNORECASE,
)


def masked(text: str) -> str:
    """Return a text in which no URI shows a user, a password or what else opens it."""
    text = _CREDENTIALS.sub("***@", text)
    if "?" not in text:
        return text
    return _QUERY.sub(lambda query: _SIGNED.sub(r"\1***", query[0]), text)


def without_credentials(uri: str) -> str:
    """Return a URI that may be stored, logged and shown.

    Raises:
        ValueError: it holds a user, a password, or a parameter that opens it.
    """
    if (shown := masked(uri)) != uri:
        raise ValueError(
            f'"{shown}" contains credentials, which would be stored with every run. Remove '
            "them, and set them in the environment of the command and its workers "
            "(AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for S3)"
        )
    return uri
