"""`ingest bench`: where the time goes; nothing is published, nothing is left."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest import __main__ as console

JOB = """# @package _global_
# A job for a test.
name: small
owner: me@example.org
description: For a test.
source: {type: csv, path: "in/*.csv"}
transforms:
  - {type: filter, where: "n <> 3"}
  - {type: derive, columns: {twice: "n * 2"}}
contract:
  columns: {n: int64}
  checks:
    - {type: range, column: n, max: 450}
    - {type: not_null, columns: [name]}
  on_error: quarantine
sink: {type: parquet, path: out/rows, write_disposition: overwrite}
execution: {partition_bytes: 3000, workers: 2}
"""
FILES, ROWS = 6, 500


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "conf/job").mkdir(parents=True)
    (tmp_path / "conf/job/small.yaml").write_text(JOB)
    (tmp_path / "in").mkdir()
    for number in range(FILES):
        rows = "".join(f"{n},name {n}\n" for n in range(ROWS))
        (tmp_path / f"in/{number:02}.csv").write_text(f"n,name\n{rows}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.environ", os.environ.copy())
    return tmp_path


def ingest(capsys, *words):
    code = console.main(words)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def page(capsys, *words):
    code, out, _ = ingest(capsys, "bench", "--json", *words)
    assert code == 0
    return json.loads(out)


def test_a_sample_is_worked_and_its_parts_add_up(capsys):
    found = page(capsys, "+job=small", "--partitions", "3")
    sample = found["sample"]
    assert sample["partitions"] == 3
    assert found["plan"]["files"] == FILES
    assert found["plan"]["partitions"] > 3
    parts = {part["name"]: part for part in found["parts"]}
    assert list(parts) == [
        "read", "decode", "0.filter", "1.derive", "contract", "locate", "encode", "write",
    ]  # fmt: skip
    assert sum(part["seconds"] for part in found["parts"]) == pytest.approx(sample["seconds"])
    assert all(part["cpu_s"] is not None for part in found["parts"])
    read = sample["rows"]["read"]
    assert (parts["read"]["out"], parts["0.filter"]["rows"]) == (read, read)
    assert sample["rows"]["written"] + sample["rows"]["rejected"] == parts["0.filter"]["out"]
    assert len(sample["by_partition"]) == len(
        {each["partition"] for each in sample["by_partition"]}
    )
    assert list(found["checks"]) == ["0.range", "1.not_null"]


def test_nothing_is_published_and_nothing_is_left(capsys, folder):
    (folder / "out").mkdir()
    page(capsys, "+job=small", "--what-if", "--partitions", "1")
    assert sorted(path.name for path in folder.iterdir()) == ["conf", "in", "out"]
    assert list((folder / "out").iterdir()) == []


def test_all_partitions_are_worked_if_asked_for(capsys):
    found = page(capsys, "+job=small", "--full")
    assert found["sample"]["partitions"] == found["plan"]["partitions"]
    assert found["sample"]["rows"]["read"] == FILES * ROWS
    assert found["sample"]["bytes"] == found["plan"]["bytes"]


def test_the_whole_job_is_estimated_from_the_sample(capsys):
    found = page(capsys, "+job=small", "--full")
    estimate = found["estimate"]
    assert list(estimate["work_s"]) == ["1", "2", "4"]
    assert estimate["work_s"]["1"] == pytest.approx(found["sample"]["seconds"])
    assert estimate["work_s"]["2"] >= estimate["work_s"]["1"] / 2 - 1e-9
    assert estimate["job_s"]["2"] > estimate["work_s"]["2"] + estimate["start"]["workers_s"]


def test_a_person_reads_it_on_one_screen(capsys):
    code, out, err = ingest(capsys, "bench", "+job=small", "--partitions", "2")
    assert code == 0
    assert out.startswith("small: 2 of ")
    for text in ("0.range", "the whole job, estimated", "2 workers", "what would help"):
        assert text in out
    assert len(out.splitlines()) < 45
    assert [line.split(":")[1] for line in err.splitlines()] == [
        " partition 1 of 2", " partition 2 of 2",
    ]  # fmt: skip


def test_other_settings_are_tried_on_the_sample(capsys):
    tried = {each["setting"]: each for each in page(capsys, "+job=small", "--what-if")["what_if"]}
    assert {"sink.compression_level=3", "contract.checks=[]"} <= set(tried)
    assert any(setting.startswith("execution.partition_bytes=") for setting in tried)
    assert all(each["seconds"] > 0 and each["written"] > 0 for each in tried.values())


def test_columns_that_nothing_needs_are_tried_without(capsys, folder):
    ingest(capsys, "run", "+job=small", "cluster=inline")
    (folder / "conf/job/again.yaml").write_text(
        JOB.replace("name: small", "name: again")
        .replace('{type: csv, path: "in/*.csv"}', '{type: parquet, path: "out/rows/*.parquet"}')
        .replace("  - {type: derive", "  - {type: select, columns: [-twice]}\n  - {type: derive")
        .replace("{twice:", "{thrice:")
        .replace("path: out/rows,", "path: out/again,")
    )
    found = page(capsys, "+job=again", "--what-if")
    assert "source.columns without twice" in [each["setting"] for each in found["what_if"]]


def test_a_run_tells_its_times_by_part_and_worker(capsys):
    _, out, _ = ingest(capsys, "run", "+job=small", "cluster=inline", "--json")
    run_id = json.loads(out)["run_id"]
    found = page(capsys, run_id)
    assert found["job"] == "small"
    assert [part["name"] for part in found["parts"]][:3] == ["read", "decode", "0.filter"]
    (worker,) = found["workers"]
    assert worker["partitions"] == found["partitions"]
    assert worker["busy_s"] == pytest.approx(sum(part["seconds"] for part in found["parts"]))
    _, out, _ = ingest(capsys, "bench", run_id)
    assert f"small: run {run_id}, " in out
    assert "worker" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["+job=smal"], 'no job "smal"'),
        (["20260101t000000-abcdef"], 'no run "20260101t000000-abcdef"'),
        (["20260101t000000-abcdef", "--full"], "is the id of a run, which goes alone"),
        (["+job=small", "--state", "x"], "--state is only used with the id of a run"),
        (["+job=small", "--partitions", "0"], "--partitions 0: must be 1 or more"),
        (["+job=small", "source.path=nothing/*.csv"], "nothing/*.csv"),
    ],
)
def test_a_wrong_request_is_told(capsys, words, said):
    code, out, err = ingest(capsys, "bench", *words)
    assert (code, out) == (2, "")
    assert said in err
    assert err.startswith("error: ")


def test_an_empty_input_is_nothing_to_measure(capsys, folder):
    for file in (folder / "in").iterdir():
        file.write_text("")
    code, _, err = ingest(capsys, "bench", "+job=small", "contract.checks=[]")
    assert code == 2
    assert "conf/job/small.yaml:6: source: nothing to measure: the input has no records. " in err


def test_a_partition_that_cannot_be_worked_says_why_and_leaves_nothing(capsys, folder):
    code, _, err = ingest(capsys, "bench", "+job=small", "--full", "contract.on_error=fail")
    assert code == 1
    assert "cannot be processed: " in err
    assert "n: not in range ..450" in err
    assert sorted(path.name for path in folder.iterdir()) == ["conf", "in"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_bench_leaves_nothing(folder, number):
    for more in range(FILES, 100):  # on a fast machine a few would be done before the signal comes
        shutil.copy(folder / "in/00.csv", folder / f"in/{more:02}.csv")
    command = [sys.executable, "-m", "ingest", "bench", "+job=small", "--full", "--what-if"]
    with subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as child:
        assert child.stderr is not None
        assert "partition 1 of " in child.stderr.readline()
        assert list(folder.glob(".ingest-bench-*"))
        child.send_signal(number)
        deadline = time.monotonic() + 30
        assert child.wait(deadline - time.monotonic()) == 130
    assert sorted(path.name for path in folder.iterdir()) == ["conf", "in"]
