"""OpenLineage: every event is as the published schemas say, and COMPLETE says everything."""

import json
import logging
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

import ingest
from ingest.__main__ import main
from ingest.watch.openlineage.destinations.configuration import is_configured
from ingest.watch.openlineage.naming import named
from tests.lineage.judging import check

REPOSITORY = Path(__file__).parents[4]
JOB = """# @package _global_
# For a test.
name: demo
owner: me@example.org
description: For a test.
tags: {domain: test}
source: {type: csv, path: "in/*.csv", columns: {n: int64}}
transforms:
  - {type: filter, where: n < 100}
  - {type: derive, columns: {twice: n * 2}}
  - {type: lookup, reference: {path: names.csv, columns: {n: int64}}, key: n}
contract:
  columns: {n: {type: int64, nullable: false, description: A number.}}
  checks: [{type: range, column: n, min: 2, max: 50}, {type: not_null, columns: [name]}]
  on_error: quarantine
sink: {type: parquet, path: out, write_disposition: overwrite}
cluster: {type: inline}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("conf/job", "in"):
        Path(name).mkdir(parents=True)
    Path("conf/job/demo.yaml").write_text(JOB)
    Path("in/1.csv").write_text("n\n1\n2\n3\n")
    Path("in/2.csv").write_text("n\n700\n4\n")
    Path("names.csv").write_text("n,name\n1,a\n2,b\n3,c\n")
    return tmp_path


def events(capsys, run, *more):
    capsys.readouterr()
    assert main(["lineage", run, "--events", *more]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_every_event_of_a_run_is_valid_and_the_last_says_everything(folder, capsys):
    pages = events(capsys, ingest.run("demo").run_id)
    assert [page["eventType"] for page in pages] == ["START", "RUNNING", "COMPLETE"]
    assert all(check(page) > 3 for page in pages)
    assert len({page["run"]["runId"] for page in pages}) == 1
    last = pages[-1]
    source, table = last["inputs"]
    assert (source["namespace"], source["name"]) == ("file", f"{folder}/in")
    assert source["inputFacets"]["inputStatistics"]["fileCount"] == 2
    assert source["inputFacets"]["dataQualityMetrics"]["rowCount"] == 5
    judged = source["inputFacets"]["dataQualityAssertions"]["assertions"]
    told = {(each["column"], each["assertion"]): each["success"] for each in judged}
    assert told == {("n", "not_null"): True, ("n", "range"): False, ("name", "not_null"): False}
    assert table["name"] == f"{folder}/names.csv"
    output, quarantine = last["outputs"]
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 2
    assert quarantine["outputFacets"]["outputStatistics"]["rowCount"] == 2
    fields = output["facets"]["columnLineage"]["fields"]
    assert [field["field"] for field in fields["twice"]["inputFields"]] == ["n"]
    assert fields["name"]["inputFields"][0]["name"] == f"{folder}/names.csv"
    assert output["facets"]["schema"]["fields"][0]["description"] == "A number."
    assert last["run"]["facets"]["processing_engine"]["name"] == "polars"
    job = last["job"]["facets"]
    assert job["ownership"]["owners"][0]["name"] == "me@example.org"
    assert job["documentation"]["description"] == "For a test."


@pytest.mark.parametrize("job", ["events", "flights", "readings"])
def test_the_events_of_the_shipped_jobs_are_valid(job, folder, monkeypatch, capsys):
    monkeypatch.chdir(REPOSITORY)
    state, sample = folder / "state", f"source.path=jobs/{job}/sample"
    here = [sample, f"state={state}", f"sink.path={folder}/out", "cluster=inline"]
    run = ingest.run(job, here).run_id
    last = events(capsys, run, "--state", str(state))[-1]
    assert check(last) > 8
    assert last["outputs"][0]["facets"]["columnLineage"]["fields"]


def test_a_failed_run_says_why_and_each_attempt_is_a_run(monkeypatch, capsys):
    monkeypatch.setenv("OPENLINEAGE_PARENT_ID", "air/flow/0192a3b4-0000-7000-8000-000000000001")
    with pytest.raises(ingest.IngestError):
        ingest.run("demo", ["contract.on_error=fail"])
    run = next(Path(".ingest/runs").iterdir()).name
    pages = events(capsys, run)
    assert [page["eventType"] for page in pages] == ["START", "RUNNING", "FAIL"]
    assert all(check(page) for page in pages)
    assert "range" in pages[-1]["run"]["facets"]["errorMessage"]["message"]
    assert pages[0]["run"]["facets"]["parent"]["job"] == {
        "namespace": "air",
        "name": "flow",
    }


def test_a_run_sends_its_events_to_a_file(folder, monkeypatch, capsys):
    Path("openlineage.yml").write_text(
        f"transport: {{type: file, log_file_path: {folder}/sent.jsonl, append: true}}\n"
    )
    run = ingest.run("demo").run_id
    sent = [json.loads(line) for line in Path("sent.jsonl").read_text().splitlines()]
    assert [page["eventType"] for page in sent] == ["START", "RUNNING", "COMPLETE"]
    assert sent[-1]["outputs"] == (again := events(capsys, run)[-1])["outputs"]
    assert sent[-1]["inputs"] == again["inputs"]
    assert main(["lineage", run, "--send"]) == 0
    assert len(Path("sent.jsonl").read_text().splitlines()) == 6


def test_a_run_sends_its_events_over_http(monkeypatch):
    taken = []

    class Catalogue(BaseHTTPRequestHandler):
        def do_POST(self):
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Catalogue)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{server.server_port}")
    try:
        ingest.run("demo")
    finally:
        server.shutdown()
        server.server_close()
    assert [page["eventType"] for page in taken] == ["START", "RUNNING", "COMPLETE"]
    derived = {name for name in os.environ if name.startswith("OPENLINEAGE__")}
    assert not derived, "worker processes and later runs would find them"


@pytest.mark.parametrize("wrong", ["transport: {type: nonsense}", "transport: [", "{}"])
def test_what_is_wrong_with_a_catalogue_is_a_warning(wrong, caplog):
    Path("openlineage.yml").write_text(wrong)
    with caplog.at_level(logging.WARNING):
        assert ingest.run("demo").rows.written == 2


def test_a_catalogue_that_is_gone_keeps_no_run_waiting(monkeypatch, caplog):
    monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:1")
    assert ingest.run("demo").rows.written == 2
    assert "openlineage" in caplog.text


def test_it_is_off_unless_somebody_is_named(tmp_path):
    assert not is_configured({}, tmp_path)
    assert is_configured({"OPENLINEAGE_URL": "http://x"}, tmp_path)
    assert is_configured({"OPENLINEAGE__TRANSPORT__TYPE": "console"}, tmp_path)
    assert not is_configured(
        {"OPENLINEAGE_URL": "http://x", "OPENLINEAGE_DISABLED": "true"}, tmp_path
    )


def test_data_sets_are_named_by_the_rules_of_openlineage():
    assert named("/data/x") == ("file", "/data/x")
    assert named("s3://bucket/a/b") == ("s3://bucket", "a/b")
    assert named("s3://bucket") == ("s3://bucket", "/")
    table = named("postgresql://db:5432/shop/public.orders")
    assert table == ("postgres://db:5432", "shop.public.orders")


def test_a_rule_is_only_kept_once_all_rows_were_judged(capsys):
    job = JOB.replace("on_error: quarantine", "on_error: fail")
    job = job.replace("cluster:", "execution: {partition_bytes: 10}\ncluster:")
    Path("conf/job/demo.yaml").write_text(job)
    for name, rows in (("1", "2\n3\n2\n3"), ("2", "2\n3\n700\n4")):
        Path(f"in/{name}.csv").write_text(f"n\n{rows}\n")
    with pytest.raises(ingest.IngestError):
        ingest.run("demo")
    failed = events(capsys, next(Path(".ingest/runs").iterdir()).name)[-1]
    assert check(failed)
    assert failed["inputs"][0]["inputFacets"]["dataQualityMetrics"]["rowCount"] > 0
    assert "dataQualityAssertions" not in failed["inputs"][0]["inputFacets"]


@pytest.mark.parametrize(
    ("remote", "url"),
    [
        ("https://git.example.org/team/jobs.git", "https://git.example.org/team/jobs.git"),
        ("git@git.example.org:team/jobs.git", "ssh://git@git.example.org/team/jobs.git"),
        ("/srv/git/all jobs.git", "file:///srv/git/all%20jobs.git"),
        ("../jobs.git", None),
    ],
)
def test_every_remote_of_git_has_a_valid_address(remote, url, folder, monkeypatch, capsys):
    for words in (["init", "-q"], ["remote", "add", "origin", remote], ["add", "conf"]):
        subprocess.run(["git", *words], check=True)
    author = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *author, "commit", "-qm", "first"], check=True)
    last = events(capsys, ingest.run("demo").run_id)[-1]
    assert check(last)
    assert last["job"]["facets"].get("sourceCodeLocation", {}).get("url") == url


def test_a_parent_that_cannot_be_told_is_a_warning(monkeypatch, caplog, capsys):
    monkeypatch.setenv("OPENLINEAGE_PARENT_ID", "airflow/flow/scheduled__2026-11-30")
    Path("openlineage.yml").write_text(
        "transport: {type: file, log_file_path: sent.jsonl, append: true}\n"
    )
    run = ingest.run("demo").run_id
    said = 'OPENLINEAGE_PARENT_ID is "airflow/flow/scheduled__2026-11-30", so events do not name'
    assert said in caplog.text
    assert all("parent" not in page["run"]["facets"] for page in events(capsys, run))
    assert main(["lineage", run, "--send"]) == 0
    assert said in capsys.readouterr().err


def test_a_recorded_job_that_is_damaged_is_refused_in_words(capsys):
    run = ingest.run("demo").run_id
    file = Path(f".ingest/runs/{run}/job.yaml")
    for text in ("- a list", "{", "[" * 3000):
        file.write_text(text)
        assert main(["lineage", run, "--events"]) == 1
        assert "the recorded job is damaged" in capsys.readouterr().err


def test_columns_are_told_in_words(capsys):
    run = ingest.run("demo").run_id
    capsys.readouterr()
    assert main(["lineage", run]) == 0
    out = capsys.readouterr().out
    assert "twice  derived from n\n" in out
    assert "which rows there are depends on n" in out
