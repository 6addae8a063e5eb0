"""Where events are sent: Kafka, several catalogues at once, and what happens if nobody is there."""

import json
import socket
import threading
import time
from pathlib import Path

import pytest

import ingest
from ingest.__main__ import main
from ingest.core.errors import ConfigError
from ingest.watch.openlineage.destinations.configuration import settings
from ingest.watch.openlineage.destinations.files import File
from ingest.watch.openlineage.destinations.http import Http
from ingest.watch.openlineage.destinations.opening import open_destination
from tests.lineage.judging import check
from tests.unit.watch.openlineage.test_events import folder  # noqa: F401 - a fixture

kafka = pytest.importorskip("confluent_kafka")


@pytest.fixture(scope="module")
def brokers():
    """Brokers of librdkafka, which speak Kafka's protocol on a port of this machine."""
    cluster = kafka.Producer({"test.mock.num.brokers": 2, "bootstrap.servers": "ignored:1"})
    yield ",".join(str(broker) for broker in cluster.list_topics(timeout=10).brokers.values())
    cluster.flush(1)


def read(brokers, topic, count):
    consumer = kafka.Consumer(
        {"bootstrap.servers": brokers, "group.id": topic, "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    messages = []
    try:
        while len(messages) < count:
            message = consumer.poll(20)
            assert message is not None, f"{len(messages)} of {count} events came"
            assert message.error() is None, message.error()
            messages.append(message)
    finally:
        consumer.close()
    return messages


def tell(kind, **transport):
    Path("openlineage.yml").write_text(json.dumps({"transport": {"type": kind, **transport}}))


def test_a_run_sends_valid_events_to_kafka_in_order_and_again_when_asked(brokers, capsys):
    tell("kafka", topic="lineage", config={"bootstrap.servers": brokers})
    run = ingest.run("demo").run_id
    assert main(["lineage", run, "--send"]) == 0
    messages = read(brokers, "lineage", 6)
    assert len({message.partition() for message in messages}) == 1, "their order would be lost"
    assert {message.key() for message in messages} == {b"run:default/demo"}
    events = [json.loads(message.value()) for message in messages]
    assert [event["eventType"] for event in events] == ["START", "RUNNING", "COMPLETE"] * 2
    assert all(map(check, events))
    assert events[:3] == events[3:]


def test_events_of_a_parent_have_its_key(brokers, monkeypatch):
    monkeypatch.setenv(
        "OPENLINEAGE_PARENT_ID", "air/flow.task/0192a3b4-0000-7000-8000-000000000001"
    )
    monkeypatch.setenv(
        "OPENLINEAGE_ROOT_PARENT_ID", "air/flow/0192a3b4-0000-7000-8000-000000000002"
    )
    tell("kafka", topic="children", config={"bootstrap.servers": brokers})
    ingest.run("demo")
    messages = read(brokers, "children", 3)
    assert {message.key() for message in messages} == {b"run:air/flow"}
    assert all(check(json.loads(message.value())) for message in messages)


@pytest.fixture
def addresses(brokers):
    """The brokers, and a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield {"BROKERS": brokers, "SILENT": f"127.0.0.1:{server.getsockname()[1]}"}


@pytest.fixture
def told(addresses, caplog, capfd):
    """What was said from now on: into the log, and to the terminal."""
    capfd.readouterr()
    return lambda: (caplog.text, capfd.readouterr().err)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"bootstrap.servers": "127.0.0.1:1"}, "Connection refused"),
        ({"bootstrap.servers": "127.0.0.1:1", "acks": "nonsense"}, "acks"),
        ({"bootstrap.servers": "SILENT"}, "nobody has taken them in time"),
        ({"bootstrap.servers": "BROKERS", "message.max.bytes": 1000}, "Message size too large"),
    ],
    ids=["away", "wrong", "silent", "too large"],
)
def test_brokers_that_take_nothing_neither_fail_a_run_nor_keep_it(config, said, addresses, told):
    known = addresses.get(config["bootstrap.servers"], config["bootstrap.servers"])
    tell("kafka", topic="nobody", config={**config, "bootstrap.servers": known})
    with Sending() as sending:
        assert ingest.run("demo").rows.written == 2
    log, terminal = told()
    assert said in log
    assert "ingest lineage 2" in log
    assert "rdkafka" not in terminal, "it would write across the progress bar"
    assert sending.waited < 2


def test_slow_brokers_get_all_events():
    slow = kafka.Producer({
        "test.mock.num.brokers": 1, "test.mock.broker.rtt": 250, "bootstrap.servers": "ignored:1"
    })  # fmt: skip
    address = str(next(iter(slow.list_topics(timeout=10).brokers.values())))
    tell("kafka", topic="slow", config={"bootstrap.servers": address})
    with Sending() as sending:
        ingest.run("demo")
    assert sending.waited < 5
    assert len(read(address, "slow", 3)) == 3
    slow.flush(1)


class Sending:
    """Measures how long the end of a run waits for its sender."""

    waited = 0.0

    def __enter__(self):
        self.join = threading.Thread.join

        def join(thread, timeout=None):
            began = time.monotonic()
            self.join(thread, timeout)
            if thread.name == "openlineage":
                self.waited += time.monotonic() - began

        threading.Thread.join = join
        return self

    def __exit__(self, *_):
        threading.Thread.join = self.join


def test_what_cannot_be_sent_when_asked_is_an_error(capsys):
    run = ingest.run("demo").run_id
    tell("kafka", topic="nobody", config={"bootstrap.servers": "127.0.0.1:1", "acks": "nonsense"})
    assert main(["lineage", run, "--send"]) == 1
    assert "openlineage: KafkaException: " in capsys.readouterr().err


def test_several_catalogues_at_once_are_told_by_the_library(folder, monkeypatch):  # noqa: F811
    monkeypatch.setenv("OPENLINEAGE_PARENT_ID", "air/flow/0192a3b4-0000-7000-8000-000000000001")
    files = [{"type": "file", "log_file_path": f"{folder}/{n}.jsonl", "append": True} for n in "ab"]
    tell("composite", transports=files)
    ingest.run("demo")
    for name in "ab":
        events = [json.loads(line) for line in Path(f"{name}.jsonl").read_text().splitlines()]
        assert [event["eventType"] for event in events] == ["START", "RUNNING", "COMPLETE"]
        assert all(map(check, events))


def test_a_catalogue_that_fails_once_gets_the_rest(folder, monkeypatch, caplog):  # noqa: F811
    class Shy(File):
        def send(self, event):
            if event["eventType"] == "START":
                raise OSError("not yet")
            super().send(event)

    from ingest.watch.openlineage.sending import Sender

    written = Path("sent.jsonl")

    def listening(open_store):
        return Sender(open_store, lambda: Shy(written, append=True))

    from ingest.driver.drive import drive
    from ingest.library.running import opened
    from ingest.storage.objects import open_store as opening

    with (
        opened(None, ["demo"], fresh=False) as request,
        listening(lambda: opening(".ingest", None)) as sender,
    ):
        request.listeners = (sender,)
        drive(request)
    events = [json.loads(line) for line in written.read_text().splitlines()]
    assert [event["eventType"] for event in events] == ["RUNNING", "COMPLETE"]
    assert "not all events were sent: OSError: not yet" in caplog.text


def test_variables_and_file_say_together_who_is_told(tmp_path):
    said = {"OPENLINEAGE_URL": "https://c", "OPENLINEAGE_API_KEY": "k", "OPENLINEAGE_ENDPOINT": "e"}
    http = {"type": "http", "url": "https://c", "endpoint": "e",
            "auth": {"type": "api_key", "apiKey": "k"}}  # fmt: skip
    assert settings(said, tmp_path) == {"transport": http}
    made = open_destination(settings(said, tmp_path))
    assert isinstance(made, Http)
    assert made._headers["Authorization"] == "Bearer k"
    several = {**said, "OPENLINEAGE__TRANSPORT__TYPE": "composite"}
    assert settings(several, tmp_path)["transport"]["transports"] == {"default_http": http}
    (tmp_path / "openlineage.yml").write_text("transport: {type: file, log_file_path: x}")
    variables = {"OPENLINEAGE__TRANSPORT__APPEND": "true"}
    assert settings(variables, tmp_path)["transport"]["append"] is True
    assert isinstance(open_destination(settings(variables, tmp_path)), File)
    (tmp_path / "openlineage.yml").write_text("- x")
    with pytest.raises(ConfigError, match="must be a mapping"):
        settings({}, tmp_path)


def test_a_destination_is_an_address(tmp_path):
    with pytest.raises(ValueError, match="is not an address"):
        Http.of({"type": "http", "url": "marquez:5000"})
    assert File.of({"type": "file", "log_file_path": "s3://b/x"}) is None
