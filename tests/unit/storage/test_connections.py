"""What a connection says, and what each library is told of it."""

import pytest
from pydantic import TypeAdapter, ValidationError

from ingest.core.errors import ConfigError
from ingest.core.secrets import SecretRef
from ingest.storage.clients.opening import bucket_client, file_system
from ingest.storage.clients.s3 import arrow_file_system, polars_options
from ingest.storage.connections import (
    AnyConnection,
    AzureConnection,
    GcsConnection,
    S3Connection,
    usual,
)

KEYS = {
    "access_key_id": SecretRef(env="LAKE_KEY"),
    "secret_access_key": SecretRef(env="LAKE_SECRET"),
}


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("LAKE_KEY", "id")
    monkeypatch.setenv("LAKE_SECRET", "secret")


def lake(**more) -> S3Connection:
    return S3Connection(type="s3", name="lake", endpoint="http://h:1/", **KEYS, **more)


def test_all_libraries_are_told_the_same():
    connection = lake(region="r", proxy="http://proxy:3128", max_tries=4, max_connections=7)
    options = polars_options(connection)
    assert options["aws_endpoint_url"] == "http://h:1"
    assert (options["aws_region"], options["aws_access_key_id"]) == ("r", "id")
    assert options["max_retries"] == 4
    files = file_system(connection)
    assert (files.key, files.secret) == ("id", "secret")
    assert files.client_kwargs["endpoint_url"] == "http://h:1"
    assert files.config_kwargs["max_pool_connections"] == 7
    assert files.config_kwargs["proxies"]["http"] == "http://proxy:3128"
    client = bucket_client(connection, "s3://bucket/a/b/")
    assert client.prefix == "a/b"
    assert client.config["endpoint"] == "http://h:1"
    assert client.retry_config["max_retries"] == 0, "there is one place that tries again"
    assert arrow_file_system(connection).region == "r"


def test_the_bucket_is_in_the_name_of_the_host_if_the_store_wants_it_so():
    client = bucket_client(lake(addressing_style="virtual"), "s3://bucket")
    assert client.config["endpoint"] == "http://bucket.h:1"


def test_keys_come_from_the_connection_the_environment_or_a_profile(monkeypatch, tmp_path):
    plain = S3Connection(type="s3")
    with pytest.raises(ConfigError, match="looked for AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        bucket_client(plain, "s3://bucket")
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        "[other]\naws_access_key_id = mine\naws_secret_access_key = x\n"
    )
    with_profile = S3Connection(type="s3", profile="other")
    assert polars_options(with_profile)["aws_access_key_id"] == "mine"
    with pytest.raises(ConfigError, match=r"cannot be used: .*nobody.*Check AWS_PROFILE"):
        bucket_client(S3Connection(type="s3", profile="nobody"), "s3://bucket")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "env")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "t")
    assert polars_options(plain)["aws_session_token"] == "t"
    assert "aws_session_token" not in polars_options(lake())
    assert "aws_access_key_id" not in polars_options(S3Connection(type="s3", anonymous=True))


def test_missing_secrets_and_files_are_told_with_the_connection(monkeypatch, tmp_path):
    monkeypatch.delenv("LAKE_KEY")
    monkeypatch.delenv("LAKE_SECRET")
    with pytest.raises(ConfigError) as error:
        bucket_client(lake(), "s3://bucket")
    assert [line.partition(" is not")[0] for line in error.value.lines] == [
        'connection "lake": access_key_id: environment variable LAKE_KEY',
        'connection "lake": secret_access_key: environment variable LAKE_SECRET',
    ]
    with pytest.raises(ConfigError, match=r'ca_file: "/no/file" cannot be read: No such file'):
        bucket_client(S3Connection(type="s3", ca_file="/no/file"), "s3://bucket")
    with pytest.raises(ConfigError, match="is not a URI for the environment"):
        bucket_client(S3Connection(type="s3"), "gs://bucket")
    with pytest.raises(ConfigError, match="the bucket is missing"):
        bucket_client(S3Connection(type="s3"), "s3://")


def test_google_and_azure_have_clients_too(monkeypatch):
    google = GcsConnection(type="gcs", anonymous=True, endpoint="http://localhost:4443")
    assert bucket_client(google, "gs://bucket/x").prefix == "x"
    monkeypatch.setenv("KEY", "a2V5")
    azure = AzureConnection(type="azure", account="lake", account_key=SecretRef(env="KEY"))
    assert bucket_client(azure, "az://container/x").prefix == "x"
    assert usual("gs") == GcsConnection(type="gcs")
    assert usual("az") is None
    for connection, extra in ((google, "gcs"), (azure, "azure")):
        with pytest.raises(ConfigError, match=rf"pip install 'ingest\[{extra}\]'"):
            file_system(connection)


@pytest.mark.parametrize(
    ("page", "why"),
    [
        ({"type": "s3", "access_key_id": {"env": "X"}}, "go together"),
        ({"type": "s3", "session_token": {"env": "X"}}, "session_token goes with"),
        ({"type": "s3", "profile": "x", "anonymous": True}, "write one of access_key_id, profile"),
        ({"type": "gcs", "service_account_key": {"env": "X"}, "anonymous": True}, "write one of"),
        (
            {"type": "azure", "account": "abc", "sas_token": {"env": "X"}, "anonymous": True},
            "write one of account_key",
        ),
        ({"type": "s3", "endpoint": "host:9000"}, "should match pattern"),
        ({"type": "s3", "endpoint": "https://key:secret@host"}, "should match pattern"),
    ],
)
def test_what_cannot_be_meant_is_refused(page, why):
    with pytest.raises(ValidationError, match=why):
        TypeAdapter(AnyConnection).validate_python(page)
