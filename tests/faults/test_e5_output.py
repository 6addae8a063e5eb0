"""The exit code says what became of the run, or of the question, and not of the last print."""

import json

import pytest

from tests.bad_input.bench import Bench
from tests.faults.test_e3_progress import shell

RUN = "ingest run --conf conf +job=orders cluster=inline sink.write_disposition=append"
FULL = "stdout: No space left on device"


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bench = Bench(tmp_path)
    bench.fill(2)
    bench.describe()
    return bench


def run_id(bench):
    return shell(bench, "ingest status --state state --json").stdout


@pytest.mark.parametrize("more", ["", "--progress json --json"])
def test_a_retry_loop_does_not_append_twice(bench, more):
    ended = shell(bench, f"until {RUN} {more} >/dev/full; do :; done")
    assert f"warning: {FULL}" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(bench.rows) == 8


def test_resume_too(bench):
    bench.plan_only()
    last = json.loads(run_id(bench))[-1]["run_id"]
    ended = shell(bench, f"ingest resume {last} --conf conf --state state >/dev/full")
    assert ended.returncode == 0, ended.stderr
    assert bench.history.phase == "done"
    assert len(bench.rows) == 8


def test_a_sweep_too(bench):
    line = "ingest run --conf conf +job=orders cluster=inline sink.path=a,b state=sa,sb >/dev/full"
    assert shell(bench, line).returncode == 0


def test_what_a_question_has_no_answer_to_give_is_an_error(bench):
    assert shell(bench, RUN).returncode == 0
    questions = [
        "status --state state",
        "status --state state --json",
        "plan --conf conf +job=orders",
        "preview --conf conf +job=orders",
        "--version",
    ]
    ended = shell(bench, "\n".join(f"ingest {each} >/dev/full; echo $?" for each in questions))
    said = (
        f"error: {FULL}. The printed output is incomplete. Fix that, then run the command again\n"
    )
    assert (ended.stdout.split(), ended.stderr) == (["1"] * 5, said * 5)


def test_a_reader_who_has_seen_enough_is_no_error(bench):
    questions = [
        "status --state state",
        "plan --conf conf +job=orders",
        "preview --conf conf +job=orders",
        "--help",
        "validate --conf conf",
    ]
    lines = [f"ingest {question} | true; echo ${{PIPESTATUS[0]}}" for question in questions]
    ended = shell(bench, "\n".join([*lines, "ingest --help | head -1 > /dev/null"]))
    assert (ended.stdout.split(), ended.stderr) == (["0"] * len(questions), "")


def test_verdicts_are_given_also_to_nobody(bench):
    assert shell(bench, RUN).returncode == 0
    last = json.loads(run_id(bench))[-1]["run_id"]
    verify = f"ingest verify {last} --state state"
    good = f"{verify} | true; echo ${{PIPESTATUS[0]}}; {verify} >/dev/full; echo $?"
    ended = shell(bench, f"{good}; ingest validate --conf conf >&-; echo $?")
    assert ended.stdout.split() == ["0"] * 3
    file = next((bench.place / "out").glob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-9])
    bench.file.with_name("wrong.yaml").write_text("# @package _global_\nname: x\n")
    bad = f"{verify} 2>&1 | true; echo ${{PIPESTATUS[0]}}; {verify} >/dev/full 2>&1; echo $?"
    ended = shell(bench, f"{bad}; ingest validate --conf conf 2>&1 | true; echo ${{PIPESTATUS[0]}}")
    assert ended.stdout.split() == ["1", "1", "2"]


def test_a_name_that_the_terminal_cannot_show_is_shown_escaped(bench):
    bench.write("ä€.csv", "id,name,n\n1,a,1\n")
    ended = shell(bench, f"export PYTHONIOENCODING=ascii; {RUN} sink.path='\"äü\"'")
    assert ended.returncode == 0, ended.stderr
    assert "\\xe4\\xfc" in ended.stdout
