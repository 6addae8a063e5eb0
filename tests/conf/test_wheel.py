"""Installed as a wheel, in an empty directory, it runs a team's own job; `conf/` comes with it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

JOB = """# @package _global_
# A team's own job, in its own repository.
name: own
owner: team@example.org
description: For a test.
source: {type: csv, path: in.csv}
sink: {type: jsonl, path: out, write_disposition: append}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with the wheel unpacked: what pip would put into site-packages."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, check=True, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def ingest(site, where, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, "-P", "-m", "ingest", *arguments]
    return subprocess.run(
        command, cwd=where, env=environment, capture_output=True, text=True, check=False
    )


def test_a_job_from_a_teams_folder_runs_with_the_shipped_groups(site, tmp_path):
    (tmp_path / "team/job").mkdir(parents=True)
    (tmp_path / "team/job/own.yaml").write_text(JOB)
    (tmp_path / "in.csv").write_text("a,b\n1,x\n2,y\n")
    done = ingest(site, tmp_path, "run", "--conf", "team", "+job=own", "cluster=inline")
    assert done.returncode == 0, done.stderr
    rows = "".join(path.read_text() for path in (tmp_path / "out").glob("*.jsonl"))
    assert sorted(rows.splitlines()) == ['{"a":"1","b":"x"}', '{"a":"2","b":"y"}']


def test_the_shipped_jobs_are_in_the_wheel(site, tmp_path):
    done = ingest(site, tmp_path, "validate")
    assert "flights: ok" in done.stdout, done.stderr
    assert (site / "ingest/_conf/config.yaml").is_file()


def test_nothing_but_the_package_is_in_the_wheel(site):
    names = {path.name for path in Path(site).iterdir()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"ingest"}
