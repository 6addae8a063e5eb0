"""The alerts of Kubernetes come when they should, and go to the team of the values file."""

import json
import os
import shutil
import subprocess

import pytest
import yaml

from tests.k8s.examples import ROOT
from tests.unit.watch.metrics.test_metrics import promtool

VALUES = yaml.safe_load((ROOT / "k8s/monitoring/prometheus-values.yaml").read_text())
RULE = yaml.safe_load((ROOT / "k8s/base/prometheusrule.yaml").read_text())
STATUS = "kuberay_job_deployment_status"
LATE = "kube_cronjob_status_last_successful_time"


def series(metric, values, **labels):
    text = ", ".join(f'{name}="{value}"' for name, value in labels.items())
    return {"series": f"{metric}{{{text}}}", "values": values}


def alert(name, at, labels=None):
    """What is expected of an alert at a time: none, or one with these labels and its words."""
    (rule,) = [
        each for group in RULE["spec"]["groups"] for each in group["rules"] if each["alert"] == name
    ]
    expected = []
    if labels:
        words = dict(rule["annotations"])
        for label, value in labels.items():
            words = {k: v.replace(f"{{{{ $labels.{label} }}}}", value) for k, v in words.items()}
        expected = [{"exp_labels": labels | rule["labels"], "exp_annotations": words}]
    return {"alertname": name, "eval_time": at, "exp_alerts": expected}


def run(status):
    return {"namespace": "ingest", "name": f"orders-{status.lower()}", "deployment_status": status}


def test_each_comes_when_it_should(tmp_path):
    (tmp_path / "rules.yaml").write_text(json.dumps(RULE["spec"]))
    schedule = {"namespace": "ingest", "cronjob": "orders"}
    page = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    series(STATUS, "_x10 1x100", **run("Failed")),
                    series(STATUS, "1x20 _x100", **run("Initializing")),
                    series(STATUS, "_x50 1x5 _x50", **run("Retrying")),
                    series(STATUS, "1x100", **run("Suspended")),  # the template of a schedule
                    series(LATE, "0x2000", **schedule),
                ],
                "alert_rule_test": [
                    alert("IngestRayJobFailed", "5m"),
                    alert("IngestRayJobFailed", "20m", run("Failed")),
                    alert("IngestRayJobDoesNotStart", "29m"),
                    alert("IngestRayJobIsRetried", "52m", run("Retrying")),
                    alert("IngestRayJobIsRetried", "70m"),
                    alert("IngestScheduleIsLate", "20h"),
                    alert("IngestScheduleIsLate", "30h", schedule),
                ],
            },
            {
                "interval": "1m",
                "input_series": [
                    series(STATUS, "1x100", **run("ValidationFailed")),
                    series(STATUS, "1x100", **run("Initializing")),
                ],
                "alert_rule_test": [
                    alert("IngestRayJobFailed", "20m", run("ValidationFailed")),
                    alert("IngestRayJobDoesNotStart", "40m", run("Initializing")),
                ],
            },
        ],
    }
    (tmp_path / "test.yaml").write_text(json.dumps(page))
    promtool("test", "rules", str(tmp_path / "test.yaml"))
    tested = {each["alertname"] for test in page["tests"] for each in test["alert_rule_test"]}
    assert tested == {each["alert"] for each in RULE["spec"]["groups"][0]["rules"]}


def test_monitors_and_rules_of_every_namespace_are_taken_in():
    selected = VALUES["prometheus"]["prometheusSpec"]
    kinds = ("podMonitor", "serviceMonitor", "rule")
    assert selected == {f"{kind}SelectorNilUsesHelmValues": False for kind in kinds}


def test_alertmanager_takes_the_file(tmp_path):
    if not shutil.which("amtool"):
        assert "CI" not in os.environ, "amtool is missing: .ci/run installs it"
        pytest.skip("amtool is not installed: make services")
    file = tmp_path / "alertmanager.yaml"
    file.write_text(json.dumps(VALUES["alertmanager"]["config"]))
    subprocess.run(["amtool", "check-config", file], check=True, capture_output=True)
    names = [each["alert"] for group in RULE["spec"]["groups"] for each in group["rules"]]
    assert all(name.startswith("Ingest") for name in names)
    for name, receiver in (names[0], "team"), ("Watchdog", "null"):
        words = ["amtool", "config", "routes", "test", f"--config.file={file}"]
        done = subprocess.run(
            [*words, f"alertname={name}", f"--verify.receivers={receiver}"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
