"""A run that fails is told to the team: Prometheus, our rules and Alertmanager, as on a cluster.

Only what an operator does on Kubernetes is done by hand: Prometheus is told where the run answers,
and the receiver's address is that of a server here.
"""

import json
import queue
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import yaml

from tests.k8s.examples import ROOT
from tests.k8s.test_guide import COMMANDS
from tests.services.ceph import daemon, free_port
from tests.services.conftest import missing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
PROGRAMS = ("prometheus", "prometheus-alertmanager", "amtool")
ARRIVES_S = 60.0
JOB = """# @package _global_
# For a test.
name: demo
owner: me@example.org
description: For a test.
source: {type: csv, path: in.csv}
transforms: [{type: python, function: "functions:wait", columns: {n: int64}}]
sink: {type: parquet, path: out, write_disposition: overwrite}
cluster: {type: inline}
"""
WAITS = "import time\n\n\ndef wait(rows):\n    time.sleep(60)\n    return rows\n"


class Team:
    """What is told to the receiver."""

    def __init__(self) -> None:
        self.told: queue.Queue[dict] = queue.Queue()
        told = self.told

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self):
                page = self.rfile.read(int(self.headers["Content-Length"]))
                for each in json.loads(page)["alerts"]:
                    told.put(each)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        Thread(target=self.server.serve_forever, daemon=True).start()

    def await_alert(self, name):
        until = time.monotonic() + ARRIVES_S
        while (told := self.told.get(timeout=until - time.monotonic()))["labels"][
            "alertname"
        ] != name:
            pass
        return told


@pytest.fixture
def team():
    team = Team()
    yield team
    team.server.shutdown()
    team.server.server_close()


@pytest.fixture
def alertmanager(team, tmp_path):
    """The address of one that has the configuration of our values file."""
    for name in PROGRAMS:
        if not shutil.which(name):
            missing(name)
    values = yaml.safe_load((ROOT / "k8s/monitoring/prometheus-values.yaml").read_text())
    config = values["alertmanager"]["config"]
    config["route"] |= {"group_wait": "0s", "group_interval": "1s"}
    (webhook,) = config["receivers"][1]["webhook_configs"]
    webhook["url"] = f"http://127.0.0.1:{team.server.server_port}/"
    file = tmp_path / "alertmanager.yaml"
    file.write_text(json.dumps(config))
    address = f"127.0.0.1:{free_port()}"
    words = ["prometheus-alertmanager", f"--config.file={file}", f"--web.listen-address={address}"]
    words += ["--cluster.listen-address=", f"--storage.path={tmp_path}/alertmanager"]
    with daemon(*words, log=tmp_path / "alertmanager.log"):
        yield address


def test_the_alert_that_the_guide_makes_up_arrives(alertmanager, team):
    (asked,) = [words for words in COMMANDS if words[:2] == ["kubectl", "exec"]]
    words = [
        word.replace("localhost:9093", alertmanager) for word in asked[asked.index("--") + 1 :]
    ]
    until = time.monotonic() + ARRIVES_S
    while subprocess.run(words, capture_output=True, check=False).returncode:
        assert time.monotonic() < until
        time.sleep(0.1)
    assert team.await_alert("IngestTest")["status"] == "firing"


def test_a_run_that_stands_still_is_told_to_the_team(alertmanager, team, tmp_path):
    """With 15 minutes made 2 seconds; all else is as in k8s/base."""
    rule = yaml.safe_load((ROOT / "k8s/base/prometheusrule.yaml").read_text())["spec"]
    text = json.dumps(rule).replace("> 900)", "> 2)")
    (tmp_path / "rules.yaml").write_text(text)
    port, own = free_port(), free_port()
    scraped = {"job_name": "runs", "honor_labels": True, "scrape_interval": "1s"}
    scraped |= {"static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
    page = {
        "global": {"evaluation_interval": "1s"},
        "rule_files": ["rules.yaml"],
        "scrape_configs": [scraped],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
    }
    (tmp_path / "prometheus.yaml").write_text(json.dumps(page))
    for name in ("conf/job", "jobs/demo"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "conf/job/demo.yaml").write_text(JOB)
    (tmp_path / "jobs/demo/functions.py").write_text(WAITS)
    (tmp_path / "in.csv").write_text("n\n1\n")
    words = ["prometheus", f"--config.file={tmp_path}/prometheus.yaml"]
    words += [f"--storage.tsdb.path={tmp_path}/tsdb", f"--web.listen-address=127.0.0.1:{own}"]
    with ExitStack() as stack:
        stack.enter_context(daemon(*words, log=tmp_path / "prometheus.log"))
        run = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "ingest.run", "+job=demo"],
                cwd=tmp_path, env={"INGEST_METRICS_PORT": str(port)}, stderr=subprocess.DEVNULL,
            )
        )  # fmt: skip
        stack.callback(run.kill)
        told = team.await_alert("IngestRunStalled")
    assert told["labels"]["job"] == "demo"
    assert told["annotations"]["summary"] == "The run of demo has recorded nothing for 15 minutes."
