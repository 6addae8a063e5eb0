"""`ingest submit`: a job runs on a cluster that is already there, behind a token."""

import json
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from tests.ray.conftest import SECRET

pytestmark = [pytest.mark.ray, pytest.mark.timeout(300)]

INGEST = str(Path(sys.executable).with_name("ingest"))
JOB = """# @package _global_
# For a test.
name: small
owner: me@example.org
description: For a test.
source: {type: csv, path: HERE/in/*.csv}
transforms:
  - {type: python, function: functions:twice, columns: {n: string, double: int64}}
  - {type: mask, columns: [n], method: hash, salt: {env: SALT}}
sink: {type: parquet, path: HERE/out, write_disposition: overwrite}
state: HERE/state
cluster: {type: address, address: auto, shared: [HERE]}
execution: {partition_bytes: 3}
"""
FUNCTIONS = """import time

import polars as pl


def twice(rows: pl.DataFrame) -> pl.DataFrame:
    time.sleep(float(open("HERE/pace").read()))
    return rows.with_columns(double=pl.col("n").cast(pl.Int64) * 2)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("conf/job", "in", "jobs/small"):
        Path(name).mkdir(parents=True)
    Path("conf/job/small.yaml").write_text(JOB.replace("HERE", str(tmp_path)))
    Path("jobs/small/functions.py").write_text(FUNCTIONS.replace("HERE", str(tmp_path)))
    Path("pace").write_text("0.3")
    for number in range(12):
        Path(f"in/{number}.csv").write_text(f"n\n{number}\n")
    return tmp_path


def submit(cluster, *words, wait=True):
    command = [INGEST, "submit", "small", "--address", cluster.dashboard, "--progress=log", *words]
    process = subprocess.Popen(
        command, env=cluster.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    if not wait:
        return process
    out, said = process.communicate(timeout=180)
    return process.returncode, out, said


def test_a_run_goes_on_when_nobody_follows_it_is_cancelled_and_resumed(cluster, folder):
    process = submit(cluster, wait=False)
    while not (ledgers := sorted(folder.glob("state/runs/*/ledger/*1.jsonl"))):
        assert process.poll() is None, process.communicate()
        time.sleep(0.2)
    run = ledgers[0].parent.parent.name
    process.send_signal(2)
    out, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "The run continues on the cluster" in said
    state = ["--state", f"{folder}/state"]
    asked = subprocess.run(
        [INGEST, "cancel", run, *state], capture_output=True, text=True, check=False
    )
    assert asked.returncode == 0, asked
    assert f"run {run}: stopped. " in asked.stdout

    Path("pace").write_text("0")  # what is left takes no time
    code, out, again = submit(cluster, "execution.workers=1")

    assert code == 0, again
    assert f"small: published. Run {run}" in out
    assert "small: submitted as ingest-small-" in again
    receipt = json.loads((folder / f"state/runs/{run}/receipt.json").read_text())
    assert receipt["attempts"] == 2
    assert sorted(pl.read_parquet("out/*.parquet")["double"]) == [2 * n for n in range(12)]
    assert not Path(".ingest").exists()
    assert_no_secret(cluster, folder, said + again)


def assert_no_secret(cluster, folder, said):
    """None is sent, shown or recorded."""
    listed = subprocess.run(
        [INGEST.replace("ingest", "ray"), "job", "list", "--address", cluster.dashboard],
        env=cluster.environment, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    recorded = "".join(
        file.read_text(errors="replace") for file in folder.rglob("*") if file.is_file()
    )
    for text in (said, listed, recorded):
        assert SECRET not in text
        assert cluster.environment["RAY_AUTH_TOKEN"] not in text


@pytest.mark.slow
def test_what_goes_wrong_there_ends_as_it_would_here(cluster, folder):
    Path("in/bad.csv").write_text("n\nx\n")
    code, _, said = submit(cluster, "contract.on_error=fail", "contract.columns={double: int8}")
    assert code == 1
    assert "Traceback" not in said


def test_what_cannot_be_sent_is_refused_here(cluster, folder):
    code, _, said = submit(cluster, "sink.path=out")
    assert code == 2
    assert 'sink.path: "out": a folder of one machine' in said
    code, _, said = submit(cluster, "--address", "http://127.0.0.1:1")
    assert code == 2
    assert said.startswith("error: http://127.0.0.1:1: no job server of Ray can be reached")
