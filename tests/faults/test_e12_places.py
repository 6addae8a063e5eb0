"""E12: loops of links, folders that may not be read, no /proc: exit code 2 with a reason."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.bad_input.bench import ROOT
from tests.bad_input.test_storage import ORDINARY, as_nobody_special


@pytest.fixture
def filled(job):
    job.write("in/a.csv", "id\n1\n")
    job.define()
    return job


def refused(job, *texts, path="in"):
    job.refused(*texts)
    for result in (job.preview(), job.init(path)):
        assert result.code == 2, result
        assert "Traceback" not in result.err


def test_links_that_lead_to_each_other(filled):
    (filled.place / "in" / "x").symlink_to("y")
    (filled.place / "in" / "y").symlink_to("x")
    refused(filled, 'in/x" is a link that leads back to itself')


@pytest.mark.parametrize("path", ["in/self.csv", "in/*.csv"])
def test_a_link_to_itself(filled, path):
    (filled.place / "in" / "self.csv").symlink_to("self.csv")
    filled.define(path=path)
    refused(filled, "in/self.csv", path=path)


@pytest.mark.parametrize("path", ["in", "in/**/*.csv", "in/*"])
@pytest.mark.parametrize("target", ["..", "../../in", "../../../{here}"])
def test_a_link_to_a_folder_above(filled, path, target):
    filled.write("in/sub/b.csv", "id\n2\n")
    (filled.place / "in" / "sub" / "up").symlink_to(target.format(here=filled.place.name))
    filled.define(path=path)
    refused(filled, "a link to", "a folder above it. Remove the link", path=path)


def test_folders_that_lead_to_each_other(filled):
    filled.write("b/b.csv", "id\n2\n")
    (filled.place / "in" / "to_b").symlink_to("../b")
    (filled.place / "b" / "to_in").symlink_to("../in")
    refused(filled, "in/to_b/to_in", "a folder above it")


def test_a_link_to_nothing(filled):
    (filled.place / "in" / "gone.csv").symlink_to("nowhere.csv")
    refused(filled, 'in/gone.csv": a link to nothing')
    (filled.place / "in" / "gone.csv").rename(filled.place / "in" / "gone.log")
    assert filled.run().code == 0


@pytest.mark.parametrize("name", ["in/pipe.csv", "in"])
def test_what_is_no_file(filled, name):
    os.mkfifo(filled.place / "in" / "pipe.csv")
    filled.define(path=name)
    refused(filled, "neither a regular file nor a folder", path=name)


def test_a_name_that_is_too_long(filled):
    filled.define(path="in/" + "x" * 300 + ".csv")
    refused(filled, "cannot be listed: File name too long", path="in/" + "x" * 300)


def test_a_home_that_nobody_has(filled):
    filled.define(path="~nobody_is_called_so/in")
    filled.refused("no such file or folder")


def typed_in_a_shell(words):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)


@as_nobody_special
@pytest.mark.parametrize(
    ("path", "command"),
    [("in", "plan"), ("in/locked", "init"), ("in/*/b.csv", "preview"), ("in/locked/b.csv", "run")],
)
def test_a_folder_that_may_not_be_read(filled, path, command):
    filled.write("in/locked/b.csv", "id\n2\n")
    filled.define(path=path)
    (filled.place / "in" / "locked").chmod(0)
    arguments = [path, "--name", "made"] if command == "init" else ["+job=x"]
    typed = [*ORDINARY, sys.executable, "-m", "ingest", command, *arguments]
    result = typed_in_a_shell(typed)
    (filled.place / "in" / "locked").chmod(0o755)
    assert result.returncode == 2, result.stderr
    assert "no permission to list" in result.stderr
    assert "Traceback" not in result.stderr
    assert filled.run_ids == []


NO_PROC = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]


@pytest.mark.skipif(
    not shutil.which("unshare")
    or subprocess.run([*NO_PROC, "true"], capture_output=True, check=False).returncode != 0,
    reason="needs the right to hide /proc",
)
@pytest.mark.parametrize("command", ["run +job=x cluster=inline", "init in --name made"])
def test_no_proc(filled, command):
    typed = [*NO_PROC, sys.executable, "-m", "ingest", *command.split()]
    result = typed_in_a_shell(typed)
    assert result.returncode == 2, result.stderr
    assert "/proc: not found" in result.stderr
    assert "Mount it: mount -t proc proc /proc" in result.stderr
    assert "Traceback" not in result.stderr
    assert filled.run_ids == []
