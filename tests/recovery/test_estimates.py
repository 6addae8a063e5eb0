"""How long a run will take is estimated by what the job's last run took."""

import json
from pathlib import Path

import pytest

import ingest
from ingest.records.reader import Reader
from ingest.storage.objects import LocalStore
from tests.recovery.jobs import write_python_job

INF, NAN = float("inf"), float("nan")

JOB = """# @package _global_
# A job with a slow step.
name: slow
owner: me@example.org
description: For a test.
source: {type: csv, path: "in/*.csv"}
transforms:
  - {type: python, function: functions:wait}
sink: {type: parquet, path: out, write_disposition: overwrite}
cluster: {type: auto}
execution: {partition_bytes: 5, workers: 2, max_poison_rows: 0}
"""
WAIT = """import os, time

import polars as pl


def wait(rows: pl.DataFrame) -> pl.DataFrame:
    if os.path.exists("broken"):
        raise ValueError("broken")
    time.sleep(0.6)
    return rows
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_python_job(tmp_path, "slow", JOB, WAIT)
    add(tmp_path, 2)
    return tmp_path


def add(folder, files):
    for number in range(files):
        (folder / f"in/{number}.csv").write_text("n\n1\n")


def reasons(folder, run_id):
    """Return why each attempt of a run was worked where it was."""
    events = Reader(LocalStore(folder / ".ingest"), run_id).events()
    return [event.cluster_why for event in events if event.name == "attempt"]


def test_the_next_run_is_estimated_by_the_last_and_a_resumed_run_keeps_that(folder):
    first = ingest.plan("slow")
    assert (first.estimated_by, first.not_estimated) == ("", ("step 0 (python)",))
    done = ingest.run("slow")
    assert done.page["cluster"]["why"] == (
        "less than 1 s of work on 2 workers, not counting step 0 (python), too little to start Ray"
    )

    add(folder, 8)
    plan = ingest.plan("slow")
    assert (plan.estimated_by, plan.not_estimated) == (done.run_id, ())
    assert 2.3 < plan.estimated_seconds < 4  # eight partitions of 0.6 s on two workers
    Path("broken").touch()
    with pytest.raises(ingest.IngestError):
        ingest.run("slow")
    Path("broken").unlink()
    Path(f".ingest/runs/{done.run_id}/receipt.json").write_text("{")
    resumed = ingest.run("slow")

    whys = reasons(folder, resumed.run_id)
    assert len(whys) == 2
    assert all(f" s of work on 2 workers, by run {done.run_id}, too little" in why for why in whys)
    assert ingest.plan("slow").estimated_by == resumed.run_id


def test_much_work_by_few_bytes_starts_ray(folder):
    add(folder, 3)
    run_id = ingest.run("slow", ["cluster=inline"]).run_id
    add(folder, 250)  # of 0.6 s, on two workers

    plan = ingest.plan("slow")

    why = plan.page["cluster"]["why"]
    assert plan.cluster == "local"
    assert why.endswith(f" s of work on 2 workers, by run {run_id}, enough to start Ray")


def test_a_receipt_that_says_nothing_of_it_is_no_estimate(folder):
    receipt = Path(ingest.run("slow", ["cluster=inline"]).path)
    page = json.loads(receipt.read_text())
    assert ingest.plan("slow").estimated_by == page["run_id"]

    for spoiled in (
        [],
        {},
        {**page, "books": 3},
        {**page, "books": []},
        {**page, "seconds": None},
        *({**page, "seconds": {"workers": {"read": taken}}} for taken in ("much", 0.9, INF, NAN)),
        *({**page, "inputs": {"bytes": size}} for size in (0, None, INF, NAN)),
    ):
        receipt.write_text(json.dumps(spoiled))
        assert ingest.plan("slow").estimated_by == "", spoiled
    receipt.write_text("{")
    assert ingest.plan("slow").estimated_by == ""


def test_a_small_sample_says_nothing_of_much_input(folder):
    ingest.run("slow", ["cluster=inline"])
    Path("in/much.csv").write_text("n\n" + "1\n" * 400)

    assert ingest.plan("slow").estimated_by == ""


def test_a_run_that_failed_is_passed_over(folder):
    run_id = ingest.run("slow", ["cluster=inline"]).run_id
    Path("broken").touch()
    with pytest.raises(ingest.IngestError):
        ingest.run("slow", ["cluster=inline"])

    assert ingest.plan("slow").estimated_by == run_id
