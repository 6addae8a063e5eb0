"""Where a job names a connection, the file of that name stands, and errors name its lines."""

import pytest

from ingest.config.load import connections, load, load_connection
from ingest.core.errors import ConfigError
from ingest.driver.changes import changes, identity
from ingest.job import Job

JOB = """# @package _global_
# A job.
name: orders
owner: me
description: Orders.
source: {type: csv, path: "s3://lake/in/*.csv", connection: lake}
transforms:
  - {type: lookup, key: n, reference: {path: "s3://lake/names.csv", connection: lake}}
  - {type: cast, columns: {connection: string}}
sink: {type: parquet, path: out, write_disposition: append}
state: s3://runs/state
state_connection: cloud
"""
LAKE = """# The lake.
defaults: [common]
type: s3
endpoint: https://lake.example.org:9000
access_key_id: {env: LAKE_KEY}
secret_access_key: {file: /run/secrets/lake}
"""
FILES = {"job/orders": JOB, "connection/lake": LAKE, "connection/cloud": "type: s3\n"}


@pytest.fixture
def conf(tmp_path):
    def write(**changed):
        found = {**FILES, "connection/common": "region: eu-central-1\n"}
        found |= {name.replace("__", "/"): text for name, text in changed.items()}
        for name, text in found.items():
            file = tmp_path / f"{name}.yaml"
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        return tmp_path

    return write


def test_a_connection_is_composed_into_every_place_that_names_it(conf):
    loaded = load(Job, conf(), ["orders"])
    source = loaded.job.source.connection
    assert (source.name, source.region) == ("lake", "eu-central-1")
    assert loaded.job.transforms[0].reference.connection == source
    assert loaded.job.state_connection.name == loaded.job.state_connection_name == "cloud"
    assert loaded.raw["source"]["connection"]["secret_access_key"] == {"file": "/run/secrets/lake"}
    assert "/connection/lake.yaml:4: " in loaded.place(("source", "connection", "endpoint"))


def test_the_command_line_names_another_connection_or_changes_a_setting_of_one(conf):
    other = load(Job, conf(), ["orders", "source.connection=cloud", "state_connection=lake"])
    assert other.job.source.connection.name == "cloud"
    settings = ["source.connection.region=x", "transforms[0].reference.connection.timeout_s=3"]
    changed = load(Job, conf(), ["orders", *settings, "state_connection.endpoint=http://a:1"]).job
    assert changed.source.connection.region == "x"
    assert changed.transforms[0].reference.connection.timeout_s == 3
    assert changed.state_connection.endpoint == "http://a:1"
    none = load(Job, conf(), ["orders", "source.connection=null", "~state_connection"]).job
    assert (none.source.connection, none.state_connection_name) == (None, "")
    made = ["orders", "source.connection=null", "source.connection.type=s3"]
    assert load(Job, conf(), made).job.source.connection.name == ""
    whole = "source.connection={type: s3, anonymous: true}"
    assert load(Job, conf(), ["orders", whole]).job.source.connection.anonymous


def test_how_a_storage_is_reached_changes_no_row(conf):
    then, now = (
        load(Job, conf(), ["orders", *more]).job
        for more in ([], ["source.connection.endpoint=http://a:1", "state_connection=lake"])
    )
    assert changes(then, now) == []
    assert identity(then) == identity(now)


def test_an_unknown_name_is_told_where_it_is_written_with_the_nearest(conf):
    with pytest.raises(ConfigError) as error:
        load(Job, conf(), ["orders", "source.connection=lak", "state_connection=cluod"])
    assert [line.partition(" Write")[0] for line in error.value.lines] == [
        (
            'command line: source.connection: no connection "lak". Did you mean "lake"? Known '
            "connections: cloud, common, lake."
        ),
        (
            'command line: state_connection: no connection "cluod". Did you mean "cloud"? Known '
            "connections: cloud, common, lake."
        ),
    ]


def test_mistakes_in_a_connection_are_told_with_its_file_and_line(conf):
    wrong = LAKE + "profil: x\nsession_token: ???\n"
    with pytest.raises(ConfigError) as error:
        load(Job, conf(connection__lake=wrong), ["orders"])
    text = str(error.value)
    assert (
        'connection/lake.yaml:7: source.connection.profil: unknown key. Did you mean "pro' in text
    )
    with pytest.raises(ConfigError, match="go together: write both, or none"):
        load(Job, conf(connection__lake="type: s3\naccess_key_id: {env: X}\n"), ["orders"])
    with pytest.raises(ConfigError, match=r'"in/\*.csv": connection "lake" opens s3:// or s3a://'):
        load(Job, conf(), ["orders", "source.path='in/*.csv'"])


def test_connections_are_listed_and_loaded_alone(conf):
    assert connections(conf()) == ["cloud", "common", "lake"]
    assert load_connection(conf(), "lake").region == "eu-central-1"
    with pytest.raises(ConfigError, match=r"connection/common.yaml:1: connection.type"):
        load_connection(conf(), "common")
    with pytest.raises(ConfigError, match='there is no connection "lak"'):
        load_connection(conf(), "lak")
