"""`ingest init-project`: a repository whose checks pass and whose example publishes, at once."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import yaml

from ingest import __main__ as console
from ingest import __version__
from ingest.testing.golden import read_golden, work_sample
from tests.k8s.dockerfile import copied, read
from tests.k8s.examples import ROOT

CI = ".github/workflows/check.yaml"
DEPLOY = ".github/workflows/deploy.yaml"
GITLAB = ".gitlab-ci.yml"
BUILT = ("kubectl apply -k", "kubectl kustomize")  # there is no cluster
FILES = {
    ".gitignore", CI, DEPLOY, GITLAB, "README.md", "requirements.txt", "Dockerfile",
    "conf/job/example.yaml", "conf/cluster/kubernetes.yaml",
    "jobs/example/sample/orders.csv", "jobs/example/expected/rows.jsonl",
    "jobs/example/expected/quarantine.jsonl",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("INGEST_CONF", raising=False)


@pytest.fixture
def shop(monkeypatch, capsys) -> Path:
    """Lay out a repository, with an owner, and go there."""
    owner = {"COUNT": "1", "KEY_0": "user.email", "VALUE_0": "me@example.org"}
    for name, value in owner.items():
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    assert ingest(capsys, "init-project", "shop")[0] == 0
    monkeypatch.chdir("shop")
    return Path.cwd()


def ingest(capsys, *words):
    code = console.main(words)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def written(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def test_what_it_says_to_type_next_publishes(tmp_path, monkeypatch, capsys):
    code, out, _ = ingest(capsys, "init-project", "shop")
    assert code == 0
    assert written(tmp_path / "shop") == FILES
    listed, following = out.split("\nnext:\n")
    assert set(listed.splitlines()[1:]) == {f"  {name}" for name in FILES}
    change, run, *_ = (line.split() for line in following.splitlines())
    assert change == ["cd", "shop"]
    monkeypatch.chdir("shop")
    code, _, err = ingest(capsys, *run[1:], "cluster=inline")
    assert code == 0, err
    assert pl.read_parquet("data/example/*.parquet")["total"].dtype == pl.Decimal
    assert pl.read_parquet("data/example_quarantine/*.parquet").height == 2


def test_the_example_makes_of_its_sample_what_is_expected(shop):
    assert work_sample("example") == read_golden("example")


def test_every_command_of_the_ci_file_is_one_and_the_jobs_are_valid(shop, capsys):
    steps = yaml.safe_load((shop / CI).read_text())["jobs"]["check"]["steps"]
    commands = [step["run"].split() for step in steps if "run" in step]
    ours = [words[1:] for words in commands if words[0] == "ingest"]
    checks = [name for name in ("validate", "test", "docs") if name in console.COMMANDS]
    assert [words[0] for words in ours] == checks
    for words in ours:
        code, out, err = ingest(capsys, *words)
        assert code == 0, err
        assert "example" in out or words == ["docs", "check"]


SCHEDULED = """\
# @package _global_
# A job that runs each night on Kubernetes.
defaults: [override /cluster: kubernetes, _self_]
name: nightly
owner: me@example.org
description: For a test.
source: {type: parquet, path: s3://bucket/raw}
sink: {type: parquet, path: s3://bucket/out, write_disposition: overwrite}
state: s3://bucket/state
schedule: {cron: "30 2 * * *"}
contract: {columns: {id: {type: int64, description: Number of the row.}}}
"""


def scripts(page: object) -> list[str]:
    """Return the lines of shell in a workflow, wherever they are."""
    if isinstance(page, dict):
        told = [page[key] for key in ("run", "script", "before_script") if key in page]
        lines = [line for text in told for line in ([text] if isinstance(text, str) else text)]
        return [*lines, *(line for each in page.values() for line in scripts(each))]
    return [line for each in page for line in scripts(each)] if isinstance(page, list) else []


@pytest.mark.parametrize("file", [DEPLOY, GITLAB])
@pytest.mark.parametrize("scheduled", [False, True])
def test_every_command_that_deploys_runs(shop, capsys, file, scheduled):
    if scheduled:
        (shop / "conf/job/nightly.yaml").write_text(SCHEDULED)
    lines = "\n".join(scripts(yaml.safe_load((shop / file).read_text())))
    ours = [words.split() for words in re.findall(r"\bingest ([^;\n]+)", lines)]
    checks = ["validate", "test", *(["docs"] if file == GITLAB else [])]
    assert [words[0] for words in ours] == [*checks, "k8s", "k8s"]
    for words in ours:
        if words == ["k8s", "validate", "deploy"] and not scheduled:
            assert not (shop / "deploy").exists()  # and the shell does not come here
            continue
        code, out, err = ingest(capsys, *words)
        assert code == 0, err
    if scheduled:
        assert out == "3 objects checked, 0 violations\n"
        assert {path.name for path in (shop / "deploy").iterdir()} == {
            "nightly", "kustomization.yaml",
        }  # fmt: skip
    assert "kubectl apply -k deploy" in lines


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")
def test_a_shell_runs_every_line_of_the_workflows(shop):
    """In an environment of its own, from the wheel; what is applied is only built."""
    (shop / "conf/job/nightly.yaml").write_text(SCHEDULED)
    build = ["hatchling", "build", "-t", "wheel", "-d", shop / "wheels"]
    subprocess.run([sys.executable, "-m", *build], cwd=ROOT, check=True, capture_output=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], check=True)
    pip = f"{sys.executable} -m uv pip install --quiet --python .venv/bin/python"
    environment = os.environ | {"PATH": f"{shop}/.venv/bin:/usr/bin:/bin"}
    of_ci = {"HOME": str(shop / "home"), "KUBECONFIG_TEXT": "a: b"}  # pip finds its index by HOME
    for file in (CI, DEPLOY, GITLAB):
        shutil.rmtree(shop / "deploy", ignore_errors=True)
        lines = scripts(yaml.safe_load((shop / file).read_text()))
        assert sum(line.startswith("pip install -r") for line in lines) == 1
        for line in sorted(lines, key=lambda line: not line.startswith("pip")):
            done = subprocess.run(
                ["bash", "-e", "-c", line.replace("pip install", pip).replace(*BUILT)],
                env=environment | ({} if "pip" in line else of_ci),
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, f"{line}\n{done.stdout}"
        assert (shop / "deploy/nightly/cronjob.yaml").is_file() == (file != CI)
    assert (shop / "home/.kube/config").read_text() == "a: b\n"


def test_the_image_of_the_jobs_has_what_they_need(shop):
    (stage,) = read(shop / "Dockerfile")
    assert stage.base == f"registry.example.org/ingest:{__version__}"
    assert all((shop / copied(text)[0][0]).is_dir() for text in stage.of("COPY"))


def test_git_takes_in_neither_rows_nor_records_of_runs(shop, capsys):
    assert ingest(capsys, "run", "+job=example", "cluster=inline")[0] == 0
    (shop / "conf/local").mkdir()
    (shop / "conf/local/default.yaml").write_text("# @package _global_\n{}\n")
    subprocess.run(["git", "init", "-q"], check=True)
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert set(listed.stdout.split()) == FILES


def test_the_version_is_pinned_and_nothing_is_left_to_fill_in(shop):
    assert f"ingest-{__version__}-py3" in (shop / "requirements.txt").read_text()
    left = [name for name in FILES if re.search(r"@[a-z]+@", (shop / name).read_text())]
    assert left == []


def test_what_is_there_stays_and_is_named(tmp_path, capsys):
    folder = tmp_path / "ours"
    folder.mkdir()
    (folder / "README.md").write_text("ours\n")
    (folder / ".gitignore").write_text("/.ingest\n.venv/\n")
    code, out, _ = ingest(capsys, "init-project", "ours")
    assert code == 0
    assert (folder / "README.md").read_text() == "ours\n"
    kept = out.partition("kept unchanged:\n")[2].splitlines()
    assert kept[:3] == [
        "  .gitignore", "  README.md",
        ".gitignore does not list these folders, so Git would track them: data",
    ]  # fmt: skip
    assert written(folder) == FILES
    (folder / "jobs/example/expected/rows.jsonl").unlink()
    assert (
        "written to ours:\n  jobs/example/expected/rows.jsonl\n"
        in ingest(capsys, "init-project", "ours")[1]
    )
    before = {name: (folder / name).read_bytes() for name in FILES}
    code, out, _ = ingest(capsys, "init-project", "ours")
    assert (code, out.splitlines()[0]) == (0, "ours: complete, nothing was written")
    assert {name: (folder / name).read_bytes() for name in FILES} == before


def test_a_repository_with_jobs_gets_no_example(tmp_path, capsys):
    job = tmp_path / "conf/job/team/own.yaml"
    job.parent.mkdir(parents=True)
    job.write_text("name: own\n")
    code, out, _ = ingest(capsys, "init-project", ".")
    assert code == 0
    assert "conf/job has jobs already: no example was written" in out
    assert "cd " not in out
    assert "+job=example" not in out
    examples = {name for name in FILES if name.startswith(("conf/", "jobs/"))}
    assert written(tmp_path) == FILES - examples | {"conf/job/team/own.yaml"}


@pytest.mark.parametrize(
    ("file", "folder"), [("conf", "."), ("shop", "shop"), ("shop", "shop/deep")]
)
def test_a_file_where_a_folder_is_to_be_is_refused_before_anything_is_written(
    tmp_path, capsys, file, folder
):
    (tmp_path / file).write_text("mine")
    code, _, err = ingest(capsys, "init-project", folder)
    assert code == 2
    assert err.startswith(f"error: {file}: is a file, but must be a folder. ")
    assert written(tmp_path) == {file}


def test_what_cannot_be_written_is_said(capsys):
    code, _, err = ingest(capsys, "init-project", "x" * 300)
    assert code == 2
    assert "cannot be written: File name too long. Written so far: nothing. " in err


def test_an_owner_whom_git_calls_oddly_is_written_so_that_yaml_reads_it(
    tmp_path, monkeypatch, capsys
):
    odd = 'no: "one" # {of} us'
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    subprocess.run(["git", "config", "--global", "user.email", odd], check=True)
    assert ingest(capsys, "init-project", "shop")[0] == 0
    job = yaml.safe_load((tmp_path / "shop/conf/job/example.yaml").read_text())
    assert job["owner"] == odd
    monkeypatch.chdir("shop")
    code, out, err = ingest(capsys, "plan", "+job=example", "--json")
    assert (code, json.loads(out)["files"]) == (0, 1), err


def test_a_run_where_no_jobs_are_says_how_to_get_some(tmp_path, capsys):
    for words in (("run", "+job=example"), ("plan", "+job=example"), ("validate",)):
        code, _, err = ingest(capsys, *words)
        assert code == 2
        assert "ingest init PATH" in err
        assert "ingest init-project DIR" in err
    (tmp_path / "conf/job").mkdir(parents=True)
    assert ingest(capsys, "validate")[2] == (
        "error: conf/job: contains no jobs. Write the first one: ingest init PATH\n"
    )
    _, _, err = ingest(capsys, "run", "+job=example")
    assert 'there is no job "example". Known jobs: none. Write the first one: ' in err
