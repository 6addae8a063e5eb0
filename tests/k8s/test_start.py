"""What the pod of a CronJob does: it copies a Ray job, once, and not beside one that runs."""

import copy
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from ingest import __main__ as console
from ingest.core.errors import ConfigError, RetryableError
from ingest.kubernetes.manifest import Manifest
from ingest.kubernetes.starting import RECORDS, ApiServer, start
from ingest.kubernetes.validating import validate
from tests.k8s.kustomize import build
from tests.k8s.test_manifests import K8S

PATH = "/apis/ray.io/v1/namespaces/ingest/rayjobs"
TEMPLATE = next(
    each
    for each in build(K8S / "overlays/onprem-minio/examples")
    if "ingest/template" in each["metadata"]["labels"]
)


class Kubernetes(BaseHTTPRequestHandler):
    """As much of the API server as there is to be asked for Ray jobs."""

    jobs: dict
    status = 0

    def answer(self, code, page):
        body = json.dumps(page).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        assert self.headers["Authorization"] == "Bearer t"
        if self.status:
            return self.answer(self.status, {"message": "no"})
        url = urlsplit(self.path)
        if url.path != PATH:
            return self.answer(200, self.jobs[url.path.removeprefix(f"{PATH}/")])
        assert parse_qs(url.query) == {"labelSelector": ["ingest/job=example,!ingest/template"]}
        kept = [
            each for each in self.jobs.values() if each["metadata"]["name"] != "example-template"
        ]
        return self.answer(200, {"items": kept})

    def do_POST(self):
        page = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = page["metadata"]["name"]
        if name in self.jobs:
            return self.answer(409, {"reason": "AlreadyExists"})
        self.jobs[name] = page
        return self.answer(201, page)

    def do_DELETE(self):
        self.jobs.pop(self.path.removeprefix(f"{PATH}/"))
        self.answer(200, {})

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def server():
    class Own(Kubernetes):
        jobs: ClassVar[dict] = {"example-template": copy.deepcopy(TEMPLATE)}

    http = ThreadingHTTPServer(("127.0.0.1", 0), Own)
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}).start()
    api = ApiServer(f"http://127.0.0.1:{http.server_port}", "ingest", "t")
    yield Own, api
    http.shutdown()
    http.server_close()


def job(name, status=None, at="2026-11-30T02:30:00Z"):
    state = {"status": {"jobDeploymentStatus": status}} if status else {}
    return {"metadata": {"name": name, "creationTimestamp": at}, **state}


def begin(api, name="example-29406150", overlap="skip"):
    said: list[str] = []
    start(api, "example-template", name, overlap, say=said.append, ask_again_s=0.01)
    return said


def test_a_copy_runs_and_waits_in_its_queue(server):
    own, api = server
    assert begin(api) == ["example: started RayJob example-29406150"]
    page = own.jobs["example-29406150"]
    assert "suspend" not in page["spec"]
    assert page["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "ingest"
    assert page["spec"]["entrypoint"] == TEMPLATE["spec"]["entrypoint"]
    page["metadata"]["namespace"] = "ingest"
    assert not validate([Manifest("copy", page)]).violations


def test_a_pod_that_is_tried_again_starts_nothing_twice(server):
    own, api = server
    begin(api)
    assert begin(api) == ["example: was started already: RayJob example-29406150"]
    assert len(own.jobs) == 2


def test_a_running_job_is_left_alone(server):
    own, api = server
    own.jobs["before"] = job("before", "Running")
    assert begin(api) == ["example: skipped, nothing was started: RayJob before is still running"]
    assert set(own.jobs) == {"example-template", "before"}


def test_in_a_queue_the_other_run_is_waited_for(server):
    own, api = server
    own.jobs["before"] = job("before")
    done = threading.Timer(0.1, lambda: own.jobs.update(before=job("before", "Failed")))
    done.start()
    assert begin(api, overlap="queue") == [
        "example: waiting for RayJob before to finish",
        "example: started RayJob example-29406150",
    ]
    done.join()


def test_old_records_are_removed_and_the_newest_kept(server):
    own, api = server
    for hour in range(RECORDS + 3):
        name = f"run-{hour:02d}"
        own.jobs[name] = job(name, "Complete", f"2026-11-29T{hour:02d}:00:00Z")
    begin(api)
    kept = sorted(name for name in own.jobs if name.startswith("run-"))
    assert kept == [f"run-{hour:02d}" for hour in range(3, RECORDS + 3)]


def test_refusals_say_what_is_missing(server):
    own, api = server
    with pytest.raises(ConfigError, match="cannot be the name of a RayJob"):
        begin(api, "x" * 48)
    own.status = 403
    with pytest.raises(ConfigError, match=r"answered 403: no\. .* see k8s/base/roles\.yaml"):
        begin(api)
    own.status = 503
    with pytest.raises(RetryableError, match="answered 503: no"):
        begin(api)
    own.status = 0
    own.jobs["example-template"]["metadata"]["labels"].pop("ingest/template")
    with pytest.raises(ConfigError, match="is not a template of ingest"):
        begin(api)


def test_outside_of_a_pod_it_says_what_to_type(capsys):
    assert console.main(["k8s", "start", "example-template", "--name", "x"]) == 2
    assert "ingest k8s render NAME --as run | kubectl apply -f -" in capsys.readouterr().err
    assert console.main(["k8s", "start"]) == 2


def test_the_account_of_a_pod_is_read(tmp_path):
    for name, text in {"token": "t\n", "namespace": "ingest"}.items():
        (tmp_path / name).write_text(text)
    environment = {"KUBERNETES_SERVICE_HOST": "::1", "KUBERNETES_SERVICE_PORT_HTTPS": "6443"}
    with pytest.raises(ConfigError, match="not a pod"):
        ApiServer.of_pod(environment, tmp_path)  # without the certificate of the server


def test_drain_ends_the_run_of_this_ray_job_only(tmp_path, monkeypatch, capsys):
    """The module is a stand-in that waits for a signal, so that nothing else is started here."""
    (tmp_path / "ingest").mkdir()
    (tmp_path / "ingest/__init__.py").touch()
    (tmp_path / "ingest/run.py").write_text("print(flush=True)\nimport signal\nsignal.pause()\n")
    cluster = f"drained-{tmp_path.name}"
    drivers = [
        subprocess.Popen(
            [sys.executable, "-m", "ingest.run"],
            cwd=tmp_path,
            env={"INGEST_SUBMISSION": name},
            stdout=subprocess.PIPE,
        )
        for name in (cluster, f"{cluster}-2")
    ]
    for driver in drivers:
        driver.stdout.read(1)
    assert console.main(["k8s", "drain", "--seconds", "1"]) == 0
    assert capsys.readouterr().out == "stopped 0 runs\n"
    monkeypatch.setenv("INGEST_SUBMISSION", cluster)
    assert console.main(["k8s", "drain", "--seconds", "5"]) == 0
    assert capsys.readouterr().out == "stopped 1 run\n"
    ours, other = drivers
    assert ours.poll() is not None
    assert other.poll() is None
    other.kill()
    for driver in drivers:
        driver.communicate()
