"""Jobs that ask for what is not there: told before anything runs, with the line to mend."""

import json
import resource
import subprocess
import sys

import pytest

from tests.bad_input.bench import ROOT, assert_refused, assert_stale

LOOK_FOR_RAY = """
import sys
from ingest.commands.base import guarded
from ingest.commands.run import main
code = guarded(main, ["--conf", "conf", "+job=orders"])
assert "ray" not in sys.modules
sys.exit(code)
"""


def test_an_unknown_column_is_told_with_its_line_at_once_and_without_ray(bench):
    bench.fill(1)
    steps = [
        {"type": "filter", "where": "n < 5"},
        {"type": "rename", "columns": {"name": "label"}},
        {"type": "filter", "where": "lable IS NOT NULL"},
    ]
    bench.describe(transforms=steps)
    line = next(
        k for k, text in enumerate(bench.file.read_text().split("\n"), 1) if "lable" in text
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = subprocess.run(
        [sys.executable, "-c", LOOK_FOR_RAY],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert result.returncode == 2
    assert result.stderr == (
        f"error: conf/job/orders.yaml:{line}: transforms[2]: filter: where: no such column "
        '"lable". Did you mean "label"? Columns here: id, label, n.\n'
    )
    # processor seconds: the machine may have other work; measured 0.9 with a cold start
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2


def test_a_secret_that_is_not_set(bench, monkeypatch):
    bench.fill(1)
    salt = {"type": "mask", "columns": ["name"], "method": "hash", "salt": {"env": "INGEST_SALT"}}
    bench.describe(transforms=[salt])
    said = "transforms[0]: mask: environment variable INGEST_SALT is not set. Set it on"
    assert_refused(bench, bench.run(), "conf/job/orders.yaml:", said)
    monkeypatch.setenv("INGEST_SALT", "grains of salt")
    assert bench.run().code == 0
    texts = [file.read_text() for file in (bench.place / "state").rglob("*.*[ln]")]
    assert texts
    assert not any("grains of salt" in text for text in texts)


def test_a_secret_that_is_gone_when_the_run_goes_on(bench, monkeypatch):
    bench.fill(3)
    salt = {"type": "mask", "columns": ["name"], "method": "hash", "salt": {"file": "salt"}}
    bench.describe(transforms=[salt])
    (bench.place / "salt").write_text("grains")
    bench.plan_only()
    (bench.place / "salt").rename("away")
    assert_refused(bench, bench.run(), 'transforms[0]: mask: the secret file "salt" cannot be read')
    (bench.place / "away").rename("salt")
    assert bench.run().code == 0
    assert len(bench.rows) == 12


def test_a_python_step_that_is_switched_off_is_not_even_loaded(bench):
    bench.fill(1)
    folder = bench.place / "jobs" / "orders"
    folder.mkdir(parents=True)
    (folder / "functions.py").write_text(
        "from pathlib import Path\n\nPath('loaded').touch()\n\n\ndef same(rows):\n    return rows\n"
    )
    bench.describe(transforms=[{"type": "python", "function": "functions:same"}])
    said = 'python: function: "functions:same": Python functions are turned off for this run'
    assert_refused(bench, bench.run("execution.python=false"), "transforms[0]:", said)
    assert not (bench.place / "loaded").exists()
    assert bench.run().code == 0
    assert (bench.place / "loaded").exists()


def test_a_function_that_raises_fails_the_run_which_goes_on_when_it_is_mended(bench):
    bench.fill(1)
    folder = bench.place / "jobs" / "orders"
    folder.mkdir(parents=True)
    (folder / "steps.py").write_text("def tidy(rows):\n    return rows.missing\n")
    bench.describe(transforms=[{"type": "python", "function": "steps:tidy"}])
    result = bench.run()
    assert result.code == 1
    assert "has no attribute 'missing'" in result.err
    assert bench.rows == []
    assert "Fix the input or the job, then run it again" in result.err


def test_every_mistake_of_a_job_is_told_at_once(bench):
    bench.fill(1)
    bench.describe(sink={"type": "parket", "path": "out"}, owner="")
    said = 'Did you mean "parquet"?', "owner"
    assert_refused(bench, bench.run(), *said)


@pytest.mark.parametrize("mode", ["json", "log"])
def test_results_go_to_stdout_and_progress_to_stderr(bench, mode):
    bench.fill(2)
    result = bench.run("--json", "--progress", mode)
    assert result.code == 0
    receipt = json.loads(result.out)
    assert receipt["outputs"]["main"]["rows"] == 8
    if mode == "json":
        events = [json.loads(line)["event"] for line in result.err.splitlines()]
        assert events[:2] == ["attempt", "planned"]
        assert events[-1] == "done"
        assert {"settled", "publish_begin", "published"} < set(events)
    else:
        assert "planned 1 partition of 2 files" in result.err


def test_a_failure_is_in_the_progress_as_json(bench):
    bench.stop_after(1, 3)
    (bench.place / "in" / "2.csv").rename("away")
    result = bench.run("--json", "--progress", "json")
    assert_stale(bench, result, "2.csv: was")
    events = [json.loads(line) for line in result.err.splitlines() if line.startswith("{")]
    assert events[-1]["event"] == "failed"
    assert "is gone" in events[-1]["error"]
