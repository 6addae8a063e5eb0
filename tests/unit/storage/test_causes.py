"""What exceptions of other libraries come to: real ones, raised by them against a real server."""

import asyncio
import errno
import threading
import urllib.request
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import aiohttp
import fsspec
import polars as pl
import pyarrow as pa
import pytest
import requests
from botocore.exceptions import ClientError, EndpointConnectionError

from ingest.core.errors import RetryableError, ThrottledError
from ingest.storage.causes import (
    LONGEST_RETRY_AFTER_S,
    Cause,
    cause_of,
    machine_failed,
    retry_after_s,
    storage_error,
)

NOW = datetime(2013, 1, 1, tzinfo=UTC)
SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"


class Refusing(BaseHTTPRequestHandler):
    """Answers `/503/7` by status 503 and `Retry-After: 7`; `/cut` by hanging up."""

    def do_GET(self):
        _, status, *seconds = self.path.split("?")[0].split("/")
        if not status.isdigit():
            self.connection.close()
            return
        self.send_response(int(status))
        if seconds:
            self.send_header("Retry-After", seconds[0])
        self.send_header("Content-Length", str(len(SLOW_DOWN)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(SLOW_DOWN)

    do_HEAD = do_GET  # noqa: N815 - so http.server calls it

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def server():
    """Serve refusals; returns the address."""
    http = HTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    thread.join()
    http.server_close()


def by_urllib(url):
    with urllib.request.urlopen(url) as answer:
        answer.read()


def by_requests(url):
    requests.get(url, timeout=5).raise_for_status()


def by_aiohttp(url):
    async def get():
        async with aiohttp.ClientSession(raise_for_status=True) as session:
            await session.get(url)

    asyncio.run(get())


def by_fsspec(url):
    fsspec.filesystem("http", skip_instance_cache=True).cat_file(url)


def raised(call, *args):
    """Return what a call raises, or fail. An HTTP error of urllib is closed: it holds a socket."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is what is asked
        call(*args)
    getattr(caught.value, "close", lambda: None)()
    return caught.value


@pytest.mark.parametrize("get", [by_urllib, by_requests, by_aiohttp, by_fsspec])
def test_what_a_server_refuses_is_throttled_for_as_long_as_it_says(server, get):
    assert cause_of(raised(get, f"{server}/503/7")) == Cause("throttled", 7.0)
    assert cause_of(raised(get, f"{server}/429")) == Cause("throttled")


@pytest.mark.parametrize("get", [by_urllib, by_requests, by_aiohttp, by_fsspec])
@pytest.mark.parametrize("path", ["500", "502", "504", "cut"])
def test_what_a_server_fails_at_is_a_lost_connection(server, get, path):
    assert cause_of(raised(get, f"{server}/{path}")) == Cause("connection")


@pytest.mark.parametrize("get", [by_urllib, by_requests, by_aiohttp])
@pytest.mark.parametrize("status", [400, 401, 403, 410])
def test_what_a_server_forbids_is_not_tried_again(server, get, status):
    assert cause_of(raised(get, f"{server}/{status}/7")) is None


def test_what_s3_refuses_is_throttled_though_s3fs_says_busy(server):
    files = fsspec.filesystem(
        "s3", key="k", secret="s", endpoint_url=f"{server}/503/3",
        config_kwargs={"retries": {"max_attempts": 0}, "s3": {"addressing_style": "path"}},
        skip_instance_cache=True,
    )  # fmt: skip
    files.retries = 1
    error = raised(files.cat_file, "bucket/key")
    assert isinstance(error, OSError)
    assert error.errno == errno.EBUSY
    assert cause_of(error) == Cause("throttled", 3.0)
    made = storage_error("s3://bucket/key: the storage did not answer", error)
    assert isinstance(made, ThrottledError)
    assert made.retry_after_s == 3.0


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("SlowDown", "throttled"),
        ("ThrottlingException", "throttled"),
        ("RequestLimitExceeded", "throttled"),
        ("503", "throttled"),
        ("InternalError", "connection"),
        ("RequestTimeout", "connection"),
        ("AccessDenied", None),
        ("NoSuchKey", None),
    ],
)
def test_the_codes_of_s3(code, kind):
    cause = cause_of(ClientError({"Error": {"Code": code}}, "GetObject"))
    assert (cause and cause.kind) == kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectionResetError(errno.ECONNRESET, "reset"), "connection"),
        (OSError(errno.ESTALE, "stale file handle"), "connection"),
        (OSError(errno.EHOSTUNREACH, "no route"), "connection"),
        (OSError(errno.ENOMEM, "cannot allocate"), "out_of_memory"),
        (EndpointConnectionError(endpoint_url="http://x"), "connection"),
        (OSError("When reading: AWS Error SLOW_DOWN during GetObject"), "throttled"),
        (OSError("AWS Error UNKNOWN (HTTP status 503) during HeadObject"), "throttled"),
        (OSError("AWS Error NETWORK_CONNECTION during GetObject: curlCode: 28"), "connection"),
        (pl.exceptions.ComputeError("object-store error: status 429 Too Many"), "throttled"),
        (MemoryError(), "out_of_memory"),
        (pa.ArrowMemoryError("malloc of size 64 failed"), "out_of_memory"),
        (OSError(errno.ENOENT, "no such file"), None),
        (OSError(errno.ENOSPC, "no space left"), None),
        (ValueError("HTTP 503 is what the cell says"), None),
        (pl.exceptions.ComputeError("conversion from str to i64 failed"), None),
    ],
)
def test_errors_without_an_answer_are_judged_by_type_number_and_text(error, kind):
    cause = cause_of(error)
    assert (cause and cause.kind) == kind


def test_the_chain_of_causes_is_looked_at():
    outer = ValueError("could not read")
    outer.__cause__ = ConnectionResetError()
    assert cause_of(outer) == Cause("connection")
    outer.__cause__.__cause__ = outer  # a ring ends
    assert cause_of(outer) == Cause("connection")


def test_storage_that_only_failed_is_not_called_throttled():
    made = storage_error("f: the storage failed", OSError(errno.EIO, "i/o error"))
    assert type(made) is RetryableError


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 1.5 ", 1.5),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
        ("999999999", LONGEST_RETRY_AFTER_S),
        ("soon", None),
        ("nan", None),
        ("-3", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    assert retry_after_s(value, NOW) == seconds


@pytest.mark.parametrize(
    ("error", "failed"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError("[Errno 28] Error writing bytes to file"), True),
        (pl.exceptions.ComputeError("No space left on device (os error 28)"), True),
        (pl.exceptions.ComputeError("conversion failed (os error 2)"), False),
        (FileNotFoundError(errno.ENOENT, "nowhere"), False),
        (ValueError("[Errno 28] is what a value says"), False),
    ],
)
def test_a_disk_that_failed_in_the_hands_of_a_library(error, failed):
    assert machine_failed(error) is failed
