"""The image: what its Dockerfile copies is there, and what it runs, runs, as far as it can here.

There is no Docker here. `RUN` lines are executed with their folders in a scratch root. Those that
need the root of a machine are done there, too: apt's packages are unpacked without their scripts.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile

import pytest

from ingest import __version__
from ingest.clusters.kuberay import RAY_VERSION
from ingest.kubernetes.pods import USER
from tests.k8s.dockerfile import copied, read
from tests.k8s.examples import ROOT

FILE = ROOT / "k8s/Dockerfile"
BUILD, IMAGE = read(FILE)
FOLDERS = ("/src", "/dist", "/opt")
PACKAGES = re.compile(r"apt-get update && apt-get install -y --no-install-recommends ([\w ]+?) &&")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_what_is_copied_is_there_and_is_sent_to_the_build():
    kept = [
        line.removeprefix("!")
        for line in (ROOT / "k8s/Dockerfile.dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    sources = [source for text in BUILD.of("COPY") for source in copied(text)[0]]
    assert sorted(sources) == sorted(kept)
    assert all((ROOT / source).exists() for source in sources)
    for text in IMAGE.of("COPY"):
        (source,), target, stage = copied(text)
        assert (stage, source) == (BUILD.name, target), "a venv does not work elsewhere"
    needed = {PROJECT["project"]["readme"], *PROJECT["project"]["license-files"], "pyproject.toml"}
    forced = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    needed |= {name.partition("/")[0] for name in forced}
    assert needed <= set(sources)


def test_it_is_pinned_and_runs_without_rights():
    for line in BUILD.of("RUN"):
        assert "pip install" not in line or "-c constraints.txt" in line
    locked = (ROOT / "constraints.txt").read_text().splitlines()
    for name in ("hatchling", "cyclonedx-bom", f"ray=={RAY_VERSION}"):
        assert any(line.startswith(name) for line in locked)
    extras = re.search(r"\[([a-z,]+)\]", " ".join(BUILD.of("RUN")))
    assert set(extras[1].split(",")) <= set(PROJECT["project"]["optional-dependencies"])
    assert "cluster" in extras[1], "Ray's dashboard takes the jobs"
    assert IMAGE.of("USER") == [f"{USER}:{USER}"]
    assert f"--uid {USER}" in "".join(IMAGE.of("RUN"))
    assert BUILD.base == IMAGE.base == "${PYTHON}"
    minor = re.search(r"PYTHON=python:3\.(\d+)-slim", FILE.read_text())
    assert 11 <= int(minor[1]) <= 13


def test_the_examples_in_it_name_this_version():
    names = re.findall(r"ingest:(\d\S*)", FILE.read_text())
    assert set(names) == {__version__}


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_every_step_that_needs_no_machine_runs(tmp_path):
    """The wheel is built, installed with its extras, listed, and started."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    base = tmp_path / "base"
    subprocess.run([sys.executable, "-m", "venv", base], check=True)
    path = f"{base}/bin:/usr/bin:/bin"
    (tmp_path / "src").mkdir()
    for text in BUILD.of("COPY"):
        for source in copied(text)[0]:
            copy(source, tmp_path / "src")
    for line in BUILD.of("RUN"):
        run(line, tmp_path, {**environment, "PATH": path})
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    assert f"-{__version__}-" in wheel.name
    with zipfile.ZipFile(wheel) as parts:
        assert "ingest/kubernetes/schemas.json" in parts.namelist()
    sbom = json.loads((tmp_path / "opt/ingest/sbom.json").read_text())
    parts = {each["name"]: each["version"] for each in sbom["components"]}
    assert (parts["ray"], parts["ingest"]) == (RAY_VERSION, __version__)
    assert not {"cyclonedx-bom", "hatchling"} & parts.keys()
    path = f"{tmp_path}/opt/ingest/bin:{path}"
    ran = [line for line in IMAGE.of("RUN") if not PACKAGES.match(line) and "useradd" not in line]
    assert ran == ["ingest --version"]
    for line in ran:
        run(line, tmp_path, {**environment, "PATH": path})
    for words in (["ray", "--version"], ["python", "-m", "ingest.k8s", "drain"]):
        subprocess.run(words, check=True, cwd=tmp_path, env={**environment, "PATH": path})


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("apt-get") or os.geteuid(), reason="needs Debian, and root")
def test_the_steps_that_need_a_machine_are_done_in_a_scratch_root(tmp_path):
    apt, useradd = IMAGE.of("RUN")[:2]
    packages = PACKAGES.match(apt)[1].split()
    subprocess.run(["apt-get", "download", *packages], cwd=tmp_path, check=True)
    for file in tmp_path.glob("*.deb"):
        subprocess.run(["dpkg-deb", "--extract", file, tmp_path], check=True)
    subprocess.run([tmp_path / "usr/bin/wget", "--version"], check=True, capture_output=True)
    for name in ("passwd", "group", "shadow", "gshadow"):
        (tmp_path / "etc" / name).touch()
    (tmp_path / "srv").mkdir()
    words = useradd.split()
    subprocess.run([words[0], "--prefix", tmp_path, *words[1:]], check=True)
    (entry,) = (tmp_path / "etc/passwd").read_text().splitlines()
    assert entry.split(":")[2:6] == [str(USER), str(USER), "", *IMAGE.of("WORKDIR")]
    assert (tmp_path / "srv/jobs").stat().st_uid == USER


def copy(source, target):
    """Copy a file or folder, without what Python leaves."""
    if (ROOT / source).is_dir():
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / source, target / source, ignore=ignored)
    else:
        shutil.copy(ROOT / source, target)


def run(line, root, environment):
    """Run a line as Docker would, with its folders below a root.

    uv takes the place of pip, because it keeps what it has downloaded: pip would take minutes.
    """
    for folder in FOLDERS:
        line = re.sub(rf"(?<![\w/]){folder}\b", f"{root}{folder}", line)
    line = re.sub(r"(\S+/)?pip install --no-cache-dir", lambda pip: uv(pip[1], root), line)
    done = subprocess.run(
        ["/bin/sh", "-c", line], cwd=root / "src", env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


def uv(folder, root):
    """Return how uv installs into the environment of a pip in a folder; the base's without one."""
    python = f"{folder or f'{root}/base/bin/'}python"
    return f"{sys.executable} -m uv pip install --quiet --python {python}"
