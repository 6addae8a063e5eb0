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
