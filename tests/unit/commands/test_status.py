"""`ingest status`: which runs are listed, and live."""

import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from ingest.__main__ import main

JOB = """# @package _global_
# For a test.
name: demo
owner: me@example.org
description: For a test.
source: {type: csv, path: "in/*.csv", columns: {n: int64}}
contract: {checks: [{type: range, column: n, min: 2}]}
sink: {type: parquet, path: out, write_disposition: overwrite}
cluster: {type: inline}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch, capsys):
    """Make a folder with a run that failed and one that is done."""
    monkeypatch.chdir(tmp_path)
    for name in ("conf/job", "in"):
        Path(name).mkdir(parents=True)
    Path("conf/job/demo.yaml").write_text(JOB)
    Path("in/1.csv").write_text("n\n1\n2\n")
    assert main(["run", "demo"]) == 1
    Path("in/1.csv").write_text("n\n2\n")
    assert main(["run", "demo"]) == 0
    capsys.readouterr()


def listed(capsys, *words):
    assert main(["status", "--json", *words]) == 0
    return [page["state"] for page in json.loads(capsys.readouterr().out)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-n", "0"), "-n/--last: must be at least 1; got 0."),
        (("-n", "-5"), "-n/--last: must be at least 1; got -5."),
    ],
)
def test_what_can_list_nothing_is_a_mistake(capsys, words, said):
    try:
        code = main(["status", *words])
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert said in capsys.readouterr().err


def test_runs_are_listed_by_how_they_ended_and_when_they_began(capsys):
    assert listed(capsys) == ["abandoned", "done"]
    assert listed(capsys, "-n", "1") == ["done"]
    assert listed(capsys, "--since", "1h") == ["abandoned", "done"]
    assert listed(capsys, "--failed") == []
    Path("in/1.csv").write_text("n\n1\n")
    assert main(["run", "demo"]) == 1
    capsys.readouterr()
    assert listed(capsys, "--failed") == ["failed"]
    assert main(["status", "--since", "yesterday"]) == 2
    assert 'error: --since: "yesterday": not a length of time. ' in capsys.readouterr().err


def test_rows_are_written_only_where_a_run_is_published(capsys):
    assert main(["status"]) == 0
    _, gone, done = capsys.readouterr().out.splitlines()
    assert gone.split()[-4] == "-"
    assert done.split()[-5:-3] == ["1", "1"]


def test_watching_needs_a_terminal(capsys):
    assert main(["status", "--watch"]) == 2
    assert capsys.readouterr().err.startswith("error: --watch: stdout is not a terminal. ")


@pytest.mark.parametrize(("lines", "states"), [(24, 2), (6, 1)])
def test_runs_are_shown_live(lines, states):
    """In 80 columns a run takes two lines; what has no room are the earlier ones."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", lines, 80, 0, 0))
    program = str(Path(sys.executable).with_name("ingest"))
    said = {name: text for name, text in os.environ.items() if name not in {"LINES", "COLUMNS"}}
    words = [program, "status", "--watch"]
    process = subprocess.Popen(words, stdout=theirs, stderr=theirs, env=said)
    os.close(theirs)
    shown = b""
    deadline = time.monotonic() + 60
    while shown.count(b"done") < 2 and time.monotonic() < deadline:
        if select.select([ours], [], [], 1)[0]:
            shown += os.read(ours, 65536)
    process.send_signal(2)
    assert process.wait(30) == 130
    os.close(ours)
    assert b"Traceback" not in shown
    frame = shown.decode().split("\x1b[H\x1b[J")[1].splitlines()
    assert frame[0].startswith("run ")
    assert [line.split()[2] for line in frame[-1:]] == ["done"]
    assert len(frame) == 1 + states


def test_runs_are_followed_as_lines_of_json():
    program = str(Path(sys.executable).with_name("ingest"))
    words = [program, "status", "--watch", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        before = json.loads(process.stdout.readline())
        assert main(["run", "demo"]) == 0
        after = json.loads(process.stdout.readline())
        process.send_signal(2)
        assert process.wait(30) == 130
    assert len(after) == len(before) + 1
    assert after[:-1] == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--failed"], "no runs in .ingest match --failed. To list all: ingest status"),
        (["--failed", "--job", "demo"], "no runs in .ingest match --job demo --failed."),
    ],
)
def test_filters_that_match_nothing_are_named(capsys, words, said):
    assert main(["status", *words]) == 0
    assert said in capsys.readouterr().out


def test_older_runs_are_not_passed_over_in_silence(capsys):
    assert main(["status", "-n", "1"]) == 0
    assert capsys.readouterr().err == "Older runs are not shown. To see more: -n 10\n"
    assert main(["status"]) == 0
    assert capsys.readouterr().err == ""


def test_one_run_is_not_filtered(capsys):
    assert main(["status", "20261123t184500-1a2b3c", "--failed", "--job", "demo"]) == 2
    assert "--job demo --failed: chooses runs of the list" in capsys.readouterr().err
