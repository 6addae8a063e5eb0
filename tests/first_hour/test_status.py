"""What `ingest status RUN` says: who, from which revision, what came out, why rows are missing."""

import getpass
import json
import os
import socket
import subprocess

import pytest

from ingest.records import environment
from tests.first_hour.orders import made, orders, typed


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return orders(tmp_path)


def last(desk):
    return made(desk)[-1]


def shown(capsys, desk):
    result = typed(capsys, "status", last(desk), "--state", "state")
    assert result.code == 0, result.err
    return result.out


def page(capsys, desk):
    return json.loads(typed(capsys, "status", last(desk), "--state", "state", "--json").out)[0]


def test_of_a_run_that_is_done(desk, capsys):
    assert desk.run().code == 0
    out = shown(capsys, desk)
    assert "state: done\n" in out
    assert f"user: {getpass.getuser()} on {socket.gethostname()}\n" in out
    lines = [line.split() for line in out.splitlines()]
    assert ["2", "n:", "not", "an", "int8"] in lines
    assert ["1", "id:", "not", "an", "int64"] in lines
    (main,) = (line for line in lines if line[:1] == ["output"])
    assert (main[1], main[2], main[-1]) == ("12", "1", str(desk.place / "out"))
    (bad,) = (line for line in lines if line[:2] == ["quarantine", "3"])
    assert bad[-1] == str(desk.place / "out_quarantine")
    assert f"to check the published files: ingest verify {last(desk)} --state state\n" in out


def test_all_of_it_is_in_the_json(desk, capsys):
    desk.run()
    said = page(capsys, desk)
    assert said["reasons"] == {"n: not an int8": 2, "id: not an int64": 1}
    assert (said["user"], said["host"]) == (getpass.getuser(), socket.gethostname())
    assert said["tried"][0]["user"] == getpass.getuser()
    assert said["ended_at"] > said["started_at"]
    assert said["next"] == {
        "to check the published files": f"ingest verify {last(desk)} --state state"
    }
    outputs = {one.pop("output"): one for one in said["outputs"]}
    assert outputs["main"].pop("bytes") > 0
    assert outputs["main"] == {
        "place": str(desk.place / "out"), "rows": 12, "files": 1, "published": True,
    }  # fmt: skip
    assert outputs["quarantine"]["rows"] == 3


def test_the_revision_and_whether_files_were_changed(desk, capsys):
    def git(*words):
        who = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
        subprocess.run(["git", *who, *words], check=True, capture_output=True)

    git("init")
    git("add", "conf")
    git("commit", "-m", "a job")
    desk.run()
    revision = page(capsys, desk)["git"]["revision"]
    assert f"git: {revision}\n" in shown(capsys, desk)
    desk.describe(description="Another one.")
    desk.run()
    changed = "with uncommitted changes (conf/job/orders.yaml)\n"
    assert f"git: {revision}, {changed}" in shown(capsys, desk)


def test_of_a_run_that_failed(desk, capsys):
    desk.describe(contract={"columns": {"n": "int8"}, "on_error": "fail"})
    assert desk.run().code == 1
    out = shown(capsys, desk)
    assert "state: failed\n" in out
    assert "error: " in out
    then = (
        "resumed as it is, it would fail again; fix the input or the job, then: ingest run --conf"
    )
    assert then in out
    assert "ingest resume" not in out
    assert "place" not in out  # nothing is published


def test_nothing_on_record_is_no_error(desk, capsys):
    for words in ([], ["--job", "orders"], ["--json"]):
        result = typed(capsys, "status", *words)
        assert (result.code, result.err) == (0, "")
        assert result.out == "[]\n" if "--json" in words else result.out.startswith("no runs in ")


def test_of_a_state_that_is_not_there_it_says_so(desk, capsys):
    result = typed(capsys, "status", "--state", "nowhere")
    assert result.code == 0
    assert result.out.startswith("no runs in nowhere, because there is no such folder.")
    assert not (desk.place / "nowhere").exists()


def test_a_run_of_an_earlier_release_names_no_user(desk, capsys):
    desk.run()
    folder = desk.place / "state/runs" / last(desk)
    for file in (folder / "run.json", *folder.glob("ledger/*")):
        file.write_text(file.read_text().replace('"user"', '"of_old"'))
    assert f"user: {socket.gethostname()}\n" in shown(capsys, desk)


def test_a_user_without_a_name_is_a_number(monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 4_123_456)
    assert environment.user() == "uid 4123456"


@pytest.mark.parametrize("word", ["nothing", "2026"])
def test_an_unknown_run_is_an_error(desk, capsys, word):
    result = typed(capsys, "status", word)
    assert result.code == 2
    assert f'no run "{word}"' in result.err
