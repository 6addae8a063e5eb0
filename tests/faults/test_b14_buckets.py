"""Storages that cannot be asked: one line says what was looked for, and what to set."""

import os

import fsspec
import pytest

from ingest.commands import init, plan, preview, run
from ingest.commands.base import guarded
from ingest.core.errors import ConfigError
from ingest.sources.files.listing import list_files
from tests.bad_input.bench import Bench, Result

NOBODY = "http://127.0.0.1:9"
KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}


@pytest.fixture(autouse=True)
def no_network(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith(("AWS_", "FSSPEC_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", NOBODY)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    for name in ("CONFIG_FILE", "SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(f"AWS_{name}", str(tmp_path / "none"))
    yield
    fsspec.filesystem("s3").clear_instance_cache()


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bench = Bench(tmp_path)
    bench.fill(1)
    bench.describe()
    return bench


@pytest.fixture
def ingest(bench, capsys):
    def call(command, *words):
        code = guarded(command.main, ["--conf", "conf", *words])
        return Result(code, *capsys.readouterr())

    return call


def assert_one_line(result, *texts):
    assert result.code == 2, result.err
    assert result.err.count("\n") == 1, result.err
    for text in texts:
        assert text in result.err


@pytest.mark.parametrize("command", [plan, preview, run])
@pytest.mark.parametrize("path", ["s3://bucket/x.csv", "s3a://bucket/x", "s3://bucket/*.csv"])
def test_a_source_without_credentials(ingest, command, path):
    result = ingest(command, "+job=orders", f'source.path="{path}"')
    assert_one_line(
        result,
        f'command line: source.path: "{path}": no credentials for S3: looked for '
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, for AWS_PROFILE and ~/.aws, and for a role",
        "Set one of these; for a public bucket set FSSPEC_S3_ANON=true",
    )


def test_init_too(ingest):
    assert_one_line(ingest(init, "s3://bucket/x.csv"), 'path: "s3://bucket/x.csv": no credentials')


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"AWS_PROFILE": "nope"}, "cannot be used: The config profile (nope) could not be found."),
        ({"AWS_ACCESS_KEY_ID": "a"}, "cannot be used: Partial credentials found in env, missing"),
        (KEYS, "the storage did not answer: Could not connect to the endpoint URL"),
        (KEYS, "Check the network, the bucket's name, AWS_ENDPOINT_URL and AWS_REGION"),
        ({"FSSPEC_S3_ANON": "true"}, "the storage did not answer"),
        ({**KEYS, "AWS_ENDPOINT_URL": "nowhere"}, "cannot be opened: Invalid endpoint: nowhere"),
    ],
)
def test_what_else_can_be_wrong_with_them(monkeypatch, variables, said):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    from fsspec.config import conf, set_conf_env

    set_conf_env(conf)
    with pytest.raises(ConfigError) as caught:
        list_files("s3://bucket/x.csv", (".csv",))
    conf.pop("s3", None)
    (line,) = caught.value.lines
    assert line.startswith('path: "s3://bucket/x.csv": ')
    assert said in line
    assert "\n" not in line


def test_a_name_that_no_bucket_has(monkeypatch):
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match="cannot be opened: Parameter validation failed: Invalid"):
        list_files("s3://Bad_Bucket%/x.csv", (".csv",))
    for path in ("s3://", "s3:///"):
        with pytest.raises(
            ConfigError, match=f'"{path}": the bucket is missing. Write s3://BUCKET/PA'
        ):
            list_files(path, (".csv",))


@pytest.mark.parametrize("scheme", ["adl", "https", "http", "ftp", "hdfs", "nosuch", "S3"])
def test_other_storages_are_not_supported_and_not_asked(ingest, scheme):
    said = f"{scheme}:// is not supported. "
    said += 'Did you mean "s3"? ' if scheme == "S3" else ""
    said += "Files are read from local paths and s3://. Copy the files to one of these"
    path = f"{scheme}://x/y.csv"
    result = ingest(plan, "+job=orders", f'source.path="{path}"')
    assert_one_line(result, said)
    reference = f"{{path: '{path}', type: csv}}"
    step = f"{{type: lookup, reference: {reference}, key: {{id: id}}, columns: {{a: b}}}}"
    result = ingest(plan, "+job=orders", f"transforms=[{step}]")
    assert_one_line(result, "command line: transforms[0]: lookup: reference.path: ", said)


@pytest.mark.parametrize("scheme", ["gs", "gcs", "az", "abfs"])
def test_storages_that_take_a_connection_are_not_asked_without(ingest, scheme):
    result = ingest(plan, "+job=orders", f'source.path="{scheme}://x/y.csv"')
    assert_one_line(result, f"{scheme}:// is read through a connection", "source.connection=NAME")


def test_a_lookup_without_credentials(ingest):
    reference = "{path: 's3://bucket/t.csv', type: csv}"
    step = f"{{type: lookup, reference: {reference}, key: {{id: id}}, columns: {{a: b}}}}"
    for command in (plan, preview, run):
        result = ingest(command, "+job=orders", f"transforms=[{step}]")
        assert_one_line(result, 'reference.path: "s3://bucket/t.csv": no credentials for S3')


@pytest.mark.parametrize(
    ("scheme", "said"),
    [
        ("s3", "no credentials for S3"),
        ("az", "az:// is written through a connection"),
        ("https", "https:// is not supported"),
    ],
)
def test_sinks_and_quarantines_that_cannot_be_reached(ingest, scheme, said):
    for key in ("sink.path", "contract.quarantine.path"):
        more = ["contract.on_error=quarantine"] if "quarantine" in key else []
        result = ingest(run, "+job=orders", f'{key}="{scheme}://bucket/x"', *more, "cluster=inline")
        assert_one_line(result, key.rpartition(".")[0], said)


@pytest.mark.parametrize(
    ("scheme", "said"), [("s3", "no credentials for S3"), ("https", "cannot be opened without a")]
)
def test_a_state_that_cannot_be_reached(ingest, scheme, said):
    result = ingest(run, "+job=orders", f'state="{scheme}://bucket/x"', "cluster=inline")
    assert_one_line(result, f'state: "{scheme}://bucket/x": ', said)


def test_credentials_that_are_gone_when_the_work_begins_fail_the_run_with_the_same_line():
    from ingest.core.partition import Partition, Slice
    from ingest.sources.files.opening import open_input
    from ingest.work.classify import classify

    piece = Slice("s3://bucket/x.csv", 1, "1", bytes=1)
    with pytest.raises(ConfigError) as caught, open_input(piece):
        pass
    failure = classify(caught.value, Partition(0, "p", (piece,)))
    assert failure.kind == "config"
    assert "no credentials for S3" in failure.message


def test_a_storage_that_stops_answering_is_tried_again(monkeypatch):
    from ingest.core.errors import RetryableError
    from ingest.core.partition import Partition, Slice
    from ingest.sources.files.opening import open_input
    from ingest.work.classify import classify

    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    piece = Slice("s3://bucket/x.csv", 1, "1", bytes=1)
    refused = pytest.raises(RetryableError, match="did not answer: Could not connect")
    with refused as caught, open_input(piece):
        pass
    assert classify(caught.value, Partition(0, "p", (piece,))).kind == "connection"
