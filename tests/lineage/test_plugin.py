"""A run whose events the schemas do not allow fails its test, wherever the test has left it."""

import os
import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
WRONG = ("test_left_behind", "test_removed", "test_a_run_removed", "test_cleaned")
TESTS = '''
import shutil
from datetime import UTC, datetime

import pytest

from benchmarks.scripts.recorded import Recorded
from ingest.__main__ import main

THEN = datetime(2026, 1, 1, tzinfo=UTC)


def run(state, wrong=True):
    """Record a run; a wrong one began at a time that is none."""
    made = Recorded("demo", THEN, ending="failed")
    made.write(state)
    if wrong:
        ledger = state / "runs" / made.run_id / "ledger/00000000.jsonl"
        ledger.write_text(ledger.read_text().replace("2026-01-01T00:00:00.000", "yesterday", 1))
    return made.run_id


def test_as_it_should_be(tmp_path):
    run(tmp_path / "state", wrong=False)


def test_left_behind(tmp_path):
    run(tmp_path / "some/where")


def test_removed(tmp_path):
    run(tmp_path / "state")
    shutil.rmtree(tmp_path / "state")


def test_a_run_removed(tmp_path):
    shutil.rmtree(tmp_path / "runs" / run(tmp_path))


def test_cleaned(tmp_path, capsys):
    run_id = run(tmp_path)
    assert main(["clean", "--state", str(tmp_path), "--unfinished"]) == 0
    assert not (tmp_path / "runs" / run_id / "ledger").exists()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return tmp_path_factory.mktemp("shared")


def test_shared(shared):
    run(shared)
'''


def test_events_that_the_schemas_do_not_allow_fail_the_test_of_their_run(tmp_path):
    (tmp_path / "test_seeded.py").write_text(TESTS)
    words = ["-m", "pytest", "-q", "-p", "tests.lineage.plugin", "-p", "no:randomly", "-rA"]
    alone = {name: value for name, value in os.environ.items() if name != "CI"}  # long summaries
    here = [f"--rootdir={tmp_path}", "--basetemp", str(tmp_path / "temporary"), str(tmp_path)]
    ended = subprocess.run(
        [sys.executable, *words, *here],
        cwd=REPOSITORY,
        env=alone,
        capture_output=True,
        text=True,
        check=False,
    )
    subprocess.run(["rm", "-rf", tmp_path / "temporary"], check=True)  # not to be seen here, too
    said = ended.stdout
    found = re.findall(r"^(FAILED|ERROR|PASSED) \S+::(\w+)", said, re.MULTILINE)
    assert dict(map(reversed, found)) == {
        "test_as_it_should_be": "PASSED",
        **dict.fromkeys(WRONG, "FAILED"),
        "test_shared": "ERROR",  # it has passed; so it is said when the last test has ended
    }, said
    assert said.count('"yesterday+00:00" is not a "date-time"') == len(WRONG) + 1, said
