"""What an exception of whatever library comes to: throttling, a lost connection, or memory.

Judged by types' names, error numbers and attributes along the chain of causes, so that none of the
libraries has to be imported to tell.
"""

import errno
import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from ingest.core.dataclass import dataclass
from ingest.core.errors import RetryableError, ThrottledError

LONGEST_RETRY_AFTER_S = 3600.0
"""What no wait that is asked for exceeds, in seconds: a wrong date must not hold up a run."""

_CONNECTION_ERRNOS = frozenset(
    getattr(errno, name)
    for name in (
        "ECONNRESET", "ECONNREFUSED", "ECONNABORTED", "ENOTCONN", "EPIPE", "ESHUTDOWN", "ETIMEDOUT",
        "EHOSTUNREACH", "EHOSTDOWN", "ENETUNREACH", "ENETDOWN", "ENETRESET", "ESTALE", "EREMOTEIO",
        "EAGAIN", "EINTR", "EBUSY",
    )
    if hasattr(errno, name)
)  # fmt: skip
_CONNECTION_TYPES = frozenset({
    "aiohttp.ClientConnectionError", "aiohttp.ClientPayloadError",
    "botocore.ConnectionError", "botocore.HTTPClientError", "botocore.IncompleteReadError",
    "http.IncompleteRead", "http.RemoteDisconnected",
    "httpx.TransportError", "httpcore.NetworkError", "httpcore.TimeoutException",
    "requests.ConnectionError", "requests.Timeout", "requests.ChunkedEncodingError",
    "urllib3.ProtocolError", "urllib3.TimeoutError", "urllib3.NewConnectionError",
})  # fmt: skip
"""By package and name: those that are no `OSError`, or have no number."""
_MACHINE_ERRNOS = frozenset(
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EIO", "EROFS", "ENODEV", "ENXIO", "EMFILE", "ENFILE")
    if hasattr(errno, name)
)
"""Full or broken disks, and more open files than the system allows."""
_MACHINE_TEXT = re.compile(r"\((?:os error|[Ee]rrno) (\d+)\)|\[[Ee]rrno (\d+)\]")
_MEMORY_TYPES = frozenset({"OutOfMemoryError", "OutOfMemoryException"})
"""Torch's and DuckDB's; Arrow's is a `MemoryError`."""

_THROTTLED_STATUS = frozenset({429, 503})
_CONNECTION_STATUS = frozenset({408, 500, 502, 504})
_THROTTLED_CODE = re.compile(
    r"SlowDown|\w*Throttl\w*|RequestLimitExceeded|TooManyRequests\w*|BandwidthLimitExceeded|"
    r"ProvisionedThroughputExceeded\w*|ServiceUnavailable|ServerBusy|429|503"
)
_CONNECTION_CODE = re.compile(
    r"InternalError|InternalFailure|InternalServerError|RequestTimeout\w*|OperationTimedOut|"
    r"408|500|502|504"
)
_THROTTLED_TEXT = re.compile(
    r"AWS Error (SLOW_DOWN|THROTTLING|SERVICE_UNAVAILABLE)|"
    r"(HTTP|status)( status| code)?:? (429|503)"
)
_CONNECTION_TEXT = re.compile(
    r"AWS Error (NETWORK_CONNECTION|INTERNAL_FAILURE|REQUEST_TIMEOUT)|curlCode: \d+|"
    r"(HTTP|status)( status| code)?:? (408|500|502|504)|"
    r"HTTP error: |error (sending request|decoding response body)"  # object_store's, of Rust
)
_COMPILED = frozenset({"obstore", "polars", "pyo3_runtime", "pyarrow"})
"""Libraries of C++ and Rust, which say in text only what the system answered."""
_MEMORY_TEXT = re.compile(r"(?i)out of memory|memory allocation of \d+ bytes failed|OutOfMemory")


@dataclass(frozen=True, slots=True)
class Cause:
    """What it comes to, and how many seconds the other side asked to be left alone, if it did."""

    kind: Literal["throttled", "connection", "out_of_memory"]
    retry_after_s: float | None = None


def cause_of(error: BaseException) -> Cause | None:
    """Return what an exception comes to; None if it is none of these.

    The first of the chain that tells decides. What says `throttled` goes before `connection`:
    libraries hide a refusal behind an error number (s3fs makes `EBUSY` of `SlowDown`).
    """
    found = [cause for each in _chain(error) if (cause := _judge(each))]
    return next(
        (cause for cause in found if cause.kind == "throttled"), found[0] if found else None
    )


def machine_failed(error: BaseException) -> bool:
    """Say whether a disk or the system failed, where nobody has made an error of ours of it."""
    return any(number in _MACHINE_ERRNOS for each in _chain(error) for number in _numbers(each))


def _numbers(error: BaseException) -> Iterator[int]:
    """Yield the error numbers of the system that an exception has, or that stand in its text."""
    if isinstance(error, OSError) and error.errno is not None:
        yield error.errno
    elif isinstance(error, OSError) or _package(error) in _COMPILED:
        yield from (int(one or other) for one, other in _MACHINE_TEXT.findall(str(error)))


def storage_error(text: str, error: Exception) -> RetryableError:
    """Make the error for a storage that failed: throttled if that is what it says.

    To be raised `from` the error it is made of.
    """
    cause = cause_of(error)
    if cause is not None and cause.kind == "throttled":
        return ThrottledError(text, retry_after_s=cause.retry_after_s)
    return RetryableError(text)


def retry_after_s(value: object, now: datetime | None = None) -> float | None:
    """Read a `Retry-After` header: seconds, or a date as HTTP writes it. None if it is neither."""
    text = str(value).strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        seconds = float(text)
    else:
        try:
            until = parsedate_to_datetime(text)
        except ValueError:
            return None
        zoned = until if until.tzinfo else until.replace(tzinfo=UTC)
        seconds = (zoned - (now or datetime.now(UTC))).total_seconds()
    return min(max(0.0, seconds), LONGEST_RETRY_AFTER_S)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__


def _judge(error: BaseException) -> Cause | None:
    if isinstance(error, ThrottledError):
        return Cause("throttled", error.retry_after_s)
    if isinstance(error, MemoryError) or type(error).__name__ in _MEMORY_TYPES:
        return Cause("out_of_memory")
    return _by_answer(error) or _by_text(error) or _by_type(error)


def _by_answer(error: BaseException) -> Cause | None:
    """Judge by what a server answered: its code for the error, or the status of HTTP."""
    answer = getattr(error, "response", None)
    if isinstance(answer, dict):  # botocore's ClientError
        code = str(answer.get("Error", {}).get("Code", ""))
        about = answer.get("ResponseMetadata", {})
        status, headers = about.get("HTTPStatusCode"), about.get("HTTPHeaders")
    else:
        code = str(getattr(error, "error_code", ""))  # Azure's
        status, headers = _status(error, answer), _first("headers", error, answer)
    if _THROTTLED_CODE.fullmatch(code) or status in _THROTTLED_STATUS:
        return Cause("throttled", _asked_s(headers))
    if _CONNECTION_CODE.fullmatch(code) or status in _CONNECTION_STATUS:
        return Cause("connection")
    return None


def _status(error: BaseException, answer: object) -> int | None:
    for name in ("status", "status_code", "code"):
        found = _first(name, error, answer)
        if isinstance(found, int):
            return int(found)
    return None


def _first(name: str, *holders: object) -> Any:
    found = (getattr(holder, name, None) for holder in holders)
    return next((value for value in found if value is not None), None)


def _asked_s(headers: Any) -> float | None:
    try:
        named = {str(name).lower(): value for name, value in headers.items()}
    except AttributeError:
        return None
    return retry_after_s(named["retry-after"]) if "retry-after" in named else None


def _by_text(error: BaseException) -> Cause | None:
    """Judge by the text, where libraries of C++ and Rust give nothing else."""
    if _package(error) not in _COMPILED and type(error) is not OSError:
        return None
    text = str(error)
    if _THROTTLED_TEXT.search(text):
        return Cause("throttled")
    if _CONNECTION_TEXT.search(text):
        return Cause("connection")
    return Cause("out_of_memory") if _MEMORY_TEXT.search(text) else None


def _package(error: BaseException) -> str:
    return type(error).__module__.partition(".")[0]


def _by_type(error: BaseException) -> Cause | None:
    names = {f"{cls.__module__.partition('.')[0]}.{cls.__name__}" for cls in type(error).__mro__}
    known = isinstance(error, ConnectionError | TimeoutError | socket.gaierror)
    if known or names & _CONNECTION_TYPES:
        return Cause("connection")
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.ENOMEM:
        return Cause("out_of_memory")
    return Cause("connection") if number in _CONNECTION_ERRNOS else None
