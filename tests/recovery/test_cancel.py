"""`ingest cancel`: a run is stopped through nothing but its state, and resumed."""

import threading
import time

import polars as pl
import pytest

import ingest
from ingest.__main__ import main
from tests.recovery.jobs import write_python_job

JOB = """# @package _global_
# A job that takes a while.
name: slow
owner: me@example.org
description: For a test.
source: {type: csv, path: "in/*.csv"}
transforms:
  - {type: python, function: functions:wait}
sink: {type: parquet, path: out, write_disposition: overwrite}
cluster: {type: inline}
execution: {partition_bytes: 5}
"""
WAIT = """import time

import polars as pl


def wait(rows: pl.DataFrame) -> pl.DataFrame:
    time.sleep(0.2)
    return rows
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_python_job(tmp_path, "slow", JOB, WAIT)
    for number in range(40):
        (tmp_path / f"in/{number}.csv").write_text(f"n\n{number}\n")
    return tmp_path


def test_a_run_is_stopped_from_elsewhere_and_resumed(folder, capsys):
    ended = []

    def work():
        try:
            ingest.run("slow")
        except ingest.Interrupted as error:
            ended.append(error)

    driver = threading.Thread(target=work)
    driver.start()
    while not (begun := sorted(folder.glob(".ingest/runs/*/ledger/*"))):
        assert driver.is_alive()
        time.sleep(0.05)
    run = begun[0].parent.parent.name
    assert main(["cancel", run]) == 0
    driver.join()
    assert len(ended) == 1
    said = capsys.readouterr().out
    assert said.startswith(f"run {run}: stopped. ")
    assert said.endswith(f" partitions completed. Resume it with: ingest resume {run}\n")
    assert not (folder / "out").exists()
    assert main(["status", run]) == 0
    assert "cancelled by " in capsys.readouterr().out
    assert main(["resume", run, "--progress", "log"]) == 0  # the request was for one attempt
    assert sorted(pl.read_parquet("out/*.parquet")["n"].cast(int)) == list(range(40))
    capsys.readouterr()
    assert main(["cancel", run]) == 2
    assert capsys.readouterr().err == f"error: run {run}: is done: there is nothing to stop\n"
