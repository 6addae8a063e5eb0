"""A job inside a Ray job: `ray job submit`, and `ingest submit` to a cluster that has a name."""

import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from tests.ray.head import joined

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(300)]

BIN = Path(sys.executable).parent
JOB = """# @package _global_
# For a test.
name: small
owner: me@example.org
description: For a test.
source: {type: csv, path: HERE/in/*.csv}
sink: {type: parquet, path: HERE/out, write_disposition: overwrite}
state: HERE/state
"""
WAITS = "import time\n\n\ndef wait(rows):\n    time.sleep(5)\n    return rows\n"
CLUSTER = "type: address\naddress: auto\ndashboard: DASHBOARD\nshared: [HERE]\n"


@pytest.fixture
def folder(cluster, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("conf/job", "conf/cluster", "in"):
        Path(name).mkdir(parents=True)
    Path("conf/job/small.yaml").write_text(JOB.replace("HERE", str(tmp_path)))
    text = CLUSTER.replace("HERE", str(tmp_path)).replace("DASHBOARD", cluster.dashboard)
    Path("conf/cluster/ours.yaml").write_text(text)
    for number in range(4):
        Path(f"in/{number}.csv").write_text(f"n\n{number}\n")
    return tmp_path


def run(cluster, *words):
    """Run a command of this environment to its end; return its exit code and all that it said."""
    done = subprocess.run(
        [BIN / words[0], *words[1:]], env=cluster.environment, timeout=180, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    return done.returncode, done.stdout


def ray_job(cluster, *settings):
    words = ["ray", "job", "submit", "--address", cluster.dashboard, "--working-dir", "."]
    return run(cluster, *words, "--", "python", "-m", "ingest.run", "+job=small", *settings)


def published():
    return sorted(pl.read_parquet("out/*.parquet")["n"].cast(int))


def test_rays_own_command_runs_a_job_on_its_cluster(cluster, folder):
    code, said = ray_job(cluster)
    assert code == 0, said
    assert "small: published" in said
    assert "cluster: address auto" in said
    assert published() == [0, 1, 2, 3]


def test_what_would_be_lost_is_refused_before_anything_runs(cluster, folder):
    code, said = ray_job(cluster, "sink.path=out", "state=state")
    assert code != 0
    assert "sink.path" in said
    assert "where Ray unpacked this job; Ray removes that folder" in said
    with joined(cluster):
        code, said = ray_job(cluster)
        assert code != 0
        for place in ("sink.path", "state", "source.path"):
            assert f'{place}: "{folder}/' in said
        assert "of one machine, which the other nodes of the cluster do not see" in said
        assert not Path("out").exists()
        code, said = ray_job(cluster, "cluster=ours")
        assert code == 0, said
    assert published() == [0, 1, 2, 3]


def test_a_run_that_is_cancelled_ends_as_it_would_here(cluster, folder):
    Path("jobs/small").mkdir(parents=True)
    Path("jobs/small/functions.py").write_text(WAITS)
    waits = "transforms=[{type: python, function: 'functions:wait'}]"
    words = ["submit", "small", "cluster=ours", "execution.partition_bytes=3", waits]
    with subprocess.Popen(
        [BIN / "ingest", *words], env=cluster.environment, text=True, stderr=subprocess.PIPE
    ) as following:
        until = time.monotonic() + 120
        while not (ledgers := sorted(folder.glob("state/runs/*/ledger/*1.jsonl"))):
            assert time.monotonic() < until
            time.sleep(0.2)
        name = ledgers[0].parent.parent.name
        code, said = run(cluster, "ingest", "cancel", name, "--state", f"{folder}/state")
        assert code == 0, said
        assert following.wait(60) == 130
        said = following.stderr.read()
        assert "Traceback" not in said
        assert "Resume with: ingest submit small cluster=ours execution.partition_bytes=3" in said


def test_a_run_is_left_alone_on_a_cluster_with_a_name(cluster, folder):
    code, said = run(cluster, "ingest", "submit", "small", "cluster=ours", "--detach")
    assert code == 0, said
    assert f"to {cluster.dashboard}" in said
    status = said.partition("To see it: ")[2].split()
    until = time.monotonic() + 120
    while " done " not in (told := run(cluster, *status)[1]):
        assert time.monotonic() < until, told
        time.sleep(0.5)
    assert published() == [0, 1, 2, 3]
