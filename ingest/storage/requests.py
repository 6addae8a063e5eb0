"""Requests to a bucket: how many at once, and what is to be done about a store's refusal."""

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache

from obstore import exceptions as refused

from ingest.core.errors import ConfigError, FatalError, IngestError
from ingest.storage.causes import cause_of, storage_error
from ingest.storage.connections import StoreConnection

_DENIED = re.compile(r"status code: 40[13] ")
_UNTRUSTED = re.compile(r"InvalidCertificate\(\s*(\w+)")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_STATUS = re.compile(r"status code: (\d{3} [A-Z][A-Za-z ]*)")
_MESSAGE = re.compile(r'message: "([^"]+)"')


@contextlib.contextmanager
def request(
    connection: StoreConnection, where: str, what: str, written: Callable[[], bool]
) -> Iterator[None]:
    """Make a request, within the connection's limit, and say of an error what to do about it.

    That an object is not there passes, and that it is there already. `where` is the URI, `what` is
    what cannot be done to it. What is wrong from the beginning is the job's mistake, unless this
    place has been `written` to; that is asked once something is wrong.
    """
    try:
        with _limit(connection):
            yield
    except (refused.AlreadyExistsError, refused.PreconditionError):
        raise
    except FileNotFoundError as error:
        if "NoSuchBucket" not in str(error):
            raise
        raise _refusal(connection, where, what, error, written()) from None
    except ValueError as error:
        raise FatalError(
            f"{where}: an object cannot have this name: {_why(str(error))}. Names have no control "
            "characters, and no part of them is empty, `.` or `..`"
        ) from None
    except refused.BaseError as error:
        raise _refusal(connection, where, what, error, written()) from None


def _refusal(
    connection: StoreConnection, where: str, what: str, error: Exception, written: bool
) -> IngestError:
    text = str(error)
    if mistake := _mistake(connection, error):
        told = f"{where}: {mistake}"
        return FatalError(f"{told}, then run again") if written else ConfigError(told)
    if cause_of(error) is not None:
        return storage_error(f"{where}: cannot be {what}: {_why(text)}", error)
    return FatalError(f"{where}: cannot be {what}: {_why(text)}")


def _mistake(connection: StoreConnection, error: Exception) -> str:
    """Say what is wrong about the bucket, the connection or its rights; empty if it is not that."""
    text = str(error)
    if "NoSuchBucket" in text or "NoSuchContainer" in text:
        return "the bucket does not exist. Create it, or correct its name"
    if untrusted := _UNTRUSTED.search(text):
        return (
            f"the server's certificate is not trusted: {untrusted[1]}. Name a file with the "
            "certificates of who has signed it: ca_file of the connection"
        )
    denied = isinstance(error, refused.PermissionDeniedError | refused.UnauthenticatedError)
    if denied or _DENIED.search(text):
        return (
            f"access denied: {_why(text)}. Check the credentials of {connection.title}, and that "
            "they may list, read and write there"
        )
    return ""


@lru_cache
def _limit(connection: StoreConnection) -> threading.BoundedSemaphore:
    """Return what keeps this process from making too many requests at once."""
    return threading.BoundedSemaphore(connection.max_connections)


def _why(text: str) -> str:
    """Return what a person wants to know of obstore's texts, which are a page long."""
    for pattern in (_CODE, _STATUS, _MESSAGE):
        if found := pattern.search(text):
            return found[1].strip()
    return " ".join(text.partition("Debug source")[0].split())[-200:]
