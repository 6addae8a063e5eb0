"""Prometheus: what a run is doing and has done, while it goes on and at its end."""

import json
import os
import re
import shutil
import subprocess
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from ingest.__main__ import main
from ingest.core.errors import ConfigError
from ingest.records.history import History
from ingest.records.reader import Reader
from ingest.storage.objects import open_store
from ingest.watch.metrics.collector import Runs, Watched
from ingest.watch.metrics.serving import PORT, PUSH, serving
from tests.services.ceph import free_port

REPOSITORY = Path(__file__).parents[4]
JOB = """# @package _global_
# For a test.
name: demo
owner: me@example.org
description: For a test.
source: {type: csv, path: "in/*.csv", columns: {n: int64}}
transforms:
  - {type: filter, where: n < 100}
contract:
  checks: [{type: range, column: n, min: 2}]
  on_error: quarantine
sink: {type: parquet, path: out, write_disposition: overwrite}
cluster: {type: inline}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("conf/job", "in"):
        Path(name).mkdir(parents=True)
    Path("conf/job/demo.yaml").write_text(JOB)
    Path("in/1.csv").write_text("n\n1\n2\n3\n700\n")
    return tmp_path


def promtool(*words, told=""):
    if not shutil.which("promtool"):
        assert "CI" not in os.environ, "promtool is missing: .ci/run installs it"
        pytest.skip("promtool is not installed: make services")
    ran = subprocess.run(
        ["promtool", *words], input=told, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def numbers(text):
    """Return the value of every sample, by its name and labels."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def of(folder):
    registry = CollectorRegistry()
    (run,) = Path(".ingest/runs").iterdir()
    history = History.of(Reader(open_store(".ingest"), run.name).events())
    registry.register(Runs(lambda: [Watched("demo", run.name, history, history.ended_at)]))
    return generate_latest(registry).decode()


def test_a_run_that_has_ended_is_told_in_numbers(folder):
    assert main(["run", "demo"]) == 0
    text = of(folder)
    found, job = numbers(text), ("job", "demo")
    assert found["ingest_read_rows_total", job] == 4
    assert found["ingest_written_rows_total", job, ("output", "main")] == 2
    assert found["ingest_rejected_rows_total", job] == 1
    dropped = ("ingest_dropped_rows_total", job, ("reason", "filtered"), ("step", "0.filter"))
    assert found[dropped] == 1
    assert found["ingest_run_state", ("ingest_run_state", "done"), job] == 1
    assert (
        found["ingest_completed_partitions_total", job] == found["ingest_planned_partitions", job]
    )
    promtool("check", "metrics", told=text)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (["contract.max_error_ratio=0.01"], "error_budget"),
        (["contract.on_error=fail"], "bad_rows"),
        ([], ""),
    ],
)
def test_what_holds_an_output_back_is_told(folder, settings, reason):
    assert main(["run", "demo", *settings]) == bool(settings)
    told = {key[2][1]: value for key, value in numbers(of(folder)).items()
            if key[0] == "ingest_publish_held"}  # fmt: skip
    assert [name for name, value in told.items() if value] == [reason] * bool(reason)
    assert set(told) == {"error_budget", "row_counts", "repeated_keys", "bad_rows"}


def test_a_driver_answers_while_it_works(folder, monkeypatch):
    port, seen = free_port(), []
    monkeypatch.setenv(PORT, str(port))
    with serving() as (listener,):

        def listen(event, history):
            listener(event, history)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
                seen.append(numbers(answer.read().decode()))

        import ingest
        from ingest.library import running

        del ingest
        with running.opened(None, ["demo"], fresh=False) as request:
            request.listeners = (listen,)
            from ingest.driver.drive import drive

            drive(request)
    states = [next(key[1][1] for key, value in page.items()
                   if key[0] == "ingest_run_state" and value) for page in seen]  # fmt: skip
    assert states[0] == "planning"
    assert states[-1] == "done"
    assert "working" in states
    rows = [page.get(("ingest_read_rows_total", ("job", "demo")), 0) for page in seen]
    assert rows == sorted(rows)


def test_a_short_run_pushes_its_numbers(folder, monkeypatch):
    taken = {}

    class Gateway(BaseHTTPRequestHandler):
        def do_PUT(self):
            taken[self.path] = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Gateway)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv(PUSH, f"http://127.0.0.1:{server.server_port}")
    try:
        assert main(["run", "demo"]) == 0
    finally:
        server.shutdown()
        server.server_close()
    found = numbers(taken["/metrics/job/demo"])
    assert found["ingest_read_rows_total", ("job", "demo")] == 4


def test_nobody_who_takes_the_numbers_is_a_warning(folder, monkeypatch, caplog):
    monkeypatch.setenv(PUSH, "http://127.0.0.1:1")
    assert main(["run", "demo"]) == 0
    assert "metrics were not pushed" in caplog.text


@pytest.mark.parametrize("port", ["x", "99999999"])
def test_what_is_no_port_is_refused_before_anything_runs(folder, monkeypatch, capsys, port):
    monkeypatch.setenv(PORT, port)
    assert main(["run", "demo"]) == 2
    assert capsys.readouterr().err.startswith(f'error: {PORT}: "{port}" is not a port. ')
    assert not Path(".ingest").exists()


def test_a_port_that_is_taken_is_refused():
    with HTTPServer(("", 0), BaseHTTPRequestHandler) as server:
        port = str(server.server_port)
        with (
            pytest.raises(ConfigError, match=f"port {port}: Address already in use"),
            serving({PORT: port}),
        ):
            pass


def test_alerts_come_when_they_should():
    promtool("test", "rules", str(REPOSITORY / "k8s/monitoring/alerts_test.yaml"))


def test_the_dashboard_and_the_alerts_use_metrics_that_there_are(folder):
    assert main(["run", "demo"]) == 0
    known = {family.name for family in text_string_to_metric_families(of(folder))}
    known |= {f"{name}_total" for name in known} | {f"{name}_info" for name in known}
    page = json.loads((REPOSITORY / "k8s/monitoring/grafana.json").read_text())
    asked = [each["expr"] for panel in page["panels"] for each in panel.get("targets", ())]
    rules = yaml.safe_load((REPOSITORY / "k8s/monitoring/alerts.yaml").read_text())
    asked += [rule["expr"] for group in rules["groups"] for rule in group["rules"]]

    labels = {"ingest_run_state"}
    named = {name for text in asked for name in re.findall(r"ingest_\w+", text)} - labels
    assert named
    assert named <= known
