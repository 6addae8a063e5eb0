"""Installed as a wheel, in an empty directory, it runs a team's own job, and has none itself."""

import ast
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.__main__ import COMMANDS

ROOT = Path(__file__).parents[2]
CONF = ROOT / "conf"
STARTED = {
    "ingest.__main__",
    "ingest.run",
    "ingest.k8s",
    "ingest.workers.on_ray.birth",
    "ingest.workers.on_ray.idle_agent",
    "ingest.workers.on_ray.nursery",
}
PIECES = ("config.yaml", "cluster/", "execution/")
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
    pieces = ["cluster=inline", "execution=patient"]
    done = ingest(site, tmp_path, "run", "--conf", "team", "+job=own", *pieces)
    assert done.returncode == 0, done.stderr
    rows = "".join(path.read_text() for path in (tmp_path / "out").glob("*.jsonl"))
    assert sorted(rows.splitlines()) == ['{"a":"1","b":"x"}', '{"a":"2","b":"y"}']
    done = ingest(site, tmp_path, "run", "--conf", "team", "+job=flights")
    assert done.returncode == 2
    assert done.stderr.endswith('there is no job "flights". Known jobs: own.\n')


@pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
def test_compiled_code_is_in_it_and_is_found(site):
    asks = "from ingest.compiled import library; print(library.__file__, library.is_there())"
    environment = {**os.environ, "PYTHONPATH": str(site)}
    asked = subprocess.run(
        [sys.executable, "-P", "-c", asks],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stdout.split() == [str(site / "ingest/compiled/library.py"), "True"]


@pytest.mark.parametrize("compiler", ["no-such-compiler", "false"])
def test_without_a_compiler_it_is_made_all_the_same_and_says_so(compiler, tmp_path):
    names = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in names.stdout.splitlines():
        if name.startswith(("ingest/", "conf/")) or "/" not in name:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"]
    environment = {**os.environ, "CC": compiler}
    done = subprocess.run(
        build, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert "ingest/compiled: cannot be compiled" in done.stderr + done.stdout
    with zipfile.ZipFile(next((tmp_path / "dist").glob("*.whl"))) as wheel:
        assert not [name for name in wheel.namelist() if name.endswith(".so")]


def test_a_new_repository_is_laid_out_validated_and_run(site, tmp_path):
    for where, *words in (
        (".", "init-project", "shop"),
        ("shop", "validate"),
        ("shop", "run", "+job=example"),
    ):
        done = ingest(site, tmp_path / where, *words)
        assert done.returncode == 0, done.stderr
    assert list((tmp_path / "shop/data/example").glob("*.parquet"))
    done = ingest(site, tmp_path, "run", "+job=example")
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: conf: there is no such folder in {tmp_path}. ")


def test_the_pieces_are_in_the_wheel_and_no_job(site):
    inside = {str(file.relative_to(site / "ingest/_conf")) for file in files(site / "ingest/_conf")}
    shared = {str(file.relative_to(CONF)) for file in files(CONF)}
    assert inside == {name for name in shared if name.startswith(PIECES)}
    assert any(name.startswith("job/") for name in shared)


def test_the_types_of_its_functions_are_in_the_wheel(site):
    assert (site / "ingest/py.typed").is_file()


def test_nothing_but_the_package_is_in_the_wheel(site):
    names = {path.name for path in Path(site).iterdir()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"ingest"}


def test_what_only_our_own_tests_use_is_not_in_the_wheel(site):
    """Each module is imported by another, is started, or is public and named so in its package."""
    modules = {
        module_name(file, site): file
        for file in (site / "ingest").rglob("*.py")
        if file.name != "__init__.py"
    }
    used = {name for file in (site / "ingest").rglob("*.py") for name in imported(file)}
    text, _, _ours = (site / "ingest/testing/__init__.py").read_text().partition("What only")
    public = {f"ingest.testing.{name}" for name in re.findall(r"`([a-z]+)`", text)}
    commands = {f"ingest.commands.{name.replace('-', '_')}" for name in COMMANDS}
    assert set(modules) - used - public - commands - STARTED == set()
    assert {name for name in used if name.startswith(("tests", "benchmarks"))} == set()


def module_name(file: Path, site: Path) -> str:
    return ".".join(file.relative_to(site).with_suffix("").parts)


def imported(file: Path) -> Iterator[str]:
    """Name each module that a file imports, at its top or later, also by a name in a text."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.Constant) and str(node.value).startswith("ingest."):
            yield str(node.value).partition(":")[0]


def files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]
