"""Secrets: a reference is shown, the value never."""

import pytest
from pydantic import ValidationError

from ingest.core.credentials import masked, without_credentials
from ingest.core.errors import ConfigError
from ingest.core.secrets import SecretRef


def test_a_file_holds_a_secret(tmp_path):
    path = tmp_path / "key"
    path.write_bytes(b" s3cret \r\n")
    secret = SecretRef(file=str(path))
    assert secret.resolve() == " s3cret "
    assert "s3cret" not in repr(secret)
    assert "s3cret" not in secret.model_dump_json()


def test_the_environment_holds_a_secret(monkeypatch):
    monkeypatch.setenv("INGEST_TEST_KEY", "s3cret")
    assert SecretRef(env="INGEST_TEST_KEY").resolve() == "s3cret"
    monkeypatch.setenv("INGEST_TEST_KEY", "")
    with pytest.raises(ConfigError, match="environment variable INGEST_TEST_KEY is not set"):
        SecretRef(env="INGEST_TEST_KEY").resolve()


def test_what_cannot_be_read_is_said_without_its_content(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        SecretRef(file=str(tmp_path / "none")).resolve()
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="it is not UTF-8 text"):
        SecretRef(file=str(tmp_path / "binary")).resolve()


@pytest.mark.parametrize("places", [{}, {"env": "A", "file": "b"}])
def test_a_secret_lies_in_one_place(places):
    with pytest.raises(ValidationError, match="either"):
        SecretRef(**places)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("s3://KEY:s3cret@b/x", "s3://***@b/x"),
        (
            "s3://b/x?X-Amz-Date=1&X-Amz-Signature=s3cret",
            "s3://b/x?X-Amz-Date=1&X-Amz-Signature=***",
        ),
        ("az://b/x?sv=1&sig=s3%2Fcret#a", "az://b/x?sv=1&sig=***#a"),
        ("https://h/x?access_token=s3cret&n=2", "https://h/x?access_token=***&n=2"),
    ],
)
def test_a_uri_shows_nothing_that_opens_it(uri, shown):
    assert masked(f'path: "{uri}": no') == f'path: "{shown}": no'
    with pytest.raises(ValueError, match="contains credentials"):
        without_credentials(uri)


@pytest.mark.parametrize("path", ["in/a?token=1.csv", "s3://b/day=?/sig=a", "s3://b/x?design=2"])
def test_a_pattern_is_no_secret(path):
    assert without_credentials(path) == path
