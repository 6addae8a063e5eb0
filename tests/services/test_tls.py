"""A server whose certificate a company of its own has signed."""

import ssl
import subprocess

import pytest

from ingest.core.errors import ConfigError
from ingest.storage.bucket import Bucket
from ingest.storage.clients.opening import file_system
from ingest.storage.clients.s3 import arrow_file_system
from ingest.storage.connections import S3Connection
from ingest.testing.proxy import FaultProxy
from tests.services.bucket import BUCKET


def openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def server(bucket, tmp_path):
    key = ("-newkey", "rsa:2048", "-nodes", "-days", "2")
    openssl(
        tmp_path, "req", "-x509", *key, "-subj", "/CN=Test", "-keyout", "ca.key", "-out", "ca.pem"
    )
    openssl(tmp_path, "req", *key, "-subj", "/CN=s3", "-keyout", "s3.key", "-out", "s3.csr")
    (tmp_path / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names")
    openssl(tmp_path, "x509", "-req", "-in", "s3.csr", "-days", "2", *signed, "-out", "s3.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "s3.pem", tmp_path / "s3.key")
    with FaultProxy(bucket.url, tls=tls) as proxy:
        yield proxy.url


def test_all_libraries_trust_the_certificates_of_the_connection(server, bucket, tmp_path):
    connection = S3Connection(type="s3", endpoint=server, ca_file=str(tmp_path / "ca.pem"))
    place = Bucket(bucket.uri, connection)
    place.put("x", b"1")
    name = f"{BUCKET}/{bucket.prefix}/x"
    assert file_system(connection).cat_file(name) == b"1"
    with arrow_file_system(connection).open_input_stream(name) as file:
        assert file.read() == b"1"


def test_without_them_the_server_is_not_trusted(server, bucket):
    place = Bucket(bucket.uri, S3Connection(type="s3", endpoint=server))
    with pytest.raises(
        ConfigError, match=r"is not trusted: UnknownIssuer\. Name a file .* ca_file"
    ):
        place.put("x", b"1")
