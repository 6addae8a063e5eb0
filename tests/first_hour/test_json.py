"""`--json` of commands that look at jobs and runs: one document on stdout, the same exit code."""

import json

import pytest

from tests.first_hour.orders import made, orders, typed

STATE = ("--state", "state")


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return orders(tmp_path)


def test_every_command_about_a_run(desk, capsys):
    assert desk.run().code == desk.run().code == 0
    first, last = made(desk)
    for words in (("verify", last), ("lineage", last), ("status", last), ("logs", last),
                  ("diff", first, last), ("rerun", last)):  # fmt: skip
        result = typed(capsys, *words, *STATE, "--json")
        assert result.code == 0, (words, result.err)
        pages = [json.loads(line) for line in result.out.splitlines()] if words[0] == "logs" else []
        assert pages or json.loads(result.out)
    page = json.loads(typed(capsys, "verify", last, *STATE, "--json").out)
    assert page["outputs"]["main"]["rows"] == 12
    next((desk.place / "out").rglob("*.parquet")).unlink()
    result = typed(capsys, "verify", last, *STATE, "--json")
    assert (result.code, len(json.loads(result.out)["problems"])) == (1, 1)


def test_clean(desk, capsys):
    assert desk.run().code == desk.run().code == 0
    first, _ = made(desk)
    page = json.loads(typed(capsys, "clean", "--keep", "0h", "--dry-run", *STATE, "--json").out)
    assert [run["run_id"] for run in page["runs"]] == [first]
    assert page["dry_run"]
    page = json.loads(typed(capsys, "clean", "--keep", "0h", *STATE, "--json").out)
    assert [run["run_id"] for run in page["runs"]] == [first]
    assert json.loads(typed(capsys, "clean", "--keep", "0h", *STATE, "--json").out)["runs"] == []


def test_jobs(desk, capsys):
    assert json.loads(typed(capsys, "validate", "--json").out) == [
        {"job": "orders", "mistakes": []}
    ]
    assert json.loads(typed(capsys, "test", "--json").out)[0]["tested"] is False
    desk.describe(owner="")
    result = typed(capsys, "validate", "--json")
    assert result.code == 2
    assert "owner" in json.loads(result.out)[0]["mistakes"][0]


def test_what_looks_at_files(desk, capsys):
    page = json.loads(typed(capsys, "preview", "orders", "--json", "-n", "2").out)
    source, *_, output = page["steps"]
    assert (source["step"], output["step"]) == ("source", "output")
    assert len(output["rows"]) == 2 < output["out"] <= source["in"]
    assert page["rejected"]["count"] == sum(step["rejected"] for step in page["steps"])
    words = ("init", "in", "--name", "found", "--json")
    page = json.loads(typed(capsys, *words).out)
    assert page["job"] == "found"
    assert page["written"][0] == "conf/job/found.yaml"
    assert {column["name"] for column in page["columns"]} == set(source["rows"][0])
    page = json.loads(typed(capsys, "init-project", "other", "--json").out)
    assert "conf/job/example.yaml" in page["written"]


def test_manifests(desk, capsys):
    result = typed(capsys, "k8s", "render", "orders", "cluster=kuberay_small",
                   "cluster.image=r/i:1", "state=s3://b/s", "sink.path=s3://b/o",
                   "source.path=s3://b/i/*.csv", "--json")  # fmt: skip
    assert {page["kind"] for page in json.loads(result.out)} >= {"RayJob"}, result.err
    (desk.place / "deploy.yaml").write_text(json.dumps(json.loads(result.out)[0]))
    page = json.loads(typed(capsys, "k8s", "validate", "deploy.yaml", "--json").out)
    assert (page["checked"], page["violations"]) == (1, [])


def test_mistakes_are_lines_of_json_too(desk, capsys):
    for words in (("run", "odrers"), ("logs", "nosuch", *STATE)):
        result = typed(capsys, *words, "--log-format", "json")
        assert result.code == 2
        lines = [json.loads(line) for line in result.err.splitlines()]
        assert lines[0]["level"] == "error"
        assert not result.out
