"""`ingest k8s validate`: what it reads, what it prints, how it ends."""

import io
import subprocess
import sys

import pytest

from ingest import __main__ as console
from ingest.kubernetes import building
from tests.k8s.test_manifests import K8S

RAYJOB = (K8S / "examples/run/rayjob.yaml").read_text()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_violation_has_file_object_rule_and_what_to_write(folder, capsys):
    (folder / "k8s").mkdir()
    (folder / "k8s/job.yaml").write_text(
        RAYJOB.replace("ttlSecondsAfterFinished", "ttlSecondAfterFinished").replace(
            "name: example-once-20261130-023000", f"name: {'a' * 48}"
        )
    )
    assert console.main(["k8s", "validate"]) == 1
    said = capsys.readouterr().out.splitlines()
    name = "a" * 48
    where = f"k8s/job.yaml: RayJob/{name}: "
    field = "spec.ttlSecondAfterFinished: unknown field. "
    assert said == [
        f'{where}schema: {field}Did you mean "ttlSecondsAfterFinished"?',
        f'{where}name-length: metadata.name: "{name}" has 48 characters. Write at most 47.',
        "1 object checked, 2 violations",
    ]


def test_stdin_is_read_and_the_count_comes_last(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO(RAYJOB))
    assert console.main(["k8s", "validate", "-"]) == 0
    assert capsys.readouterr().out == "1 object checked, 0 violations\n"


def test_an_object_of_another_kind_is_named_and_not_counted(folder, capsys):
    (folder / "x.yaml").write_text("apiVersion: argoproj.io/v1\nkind: App\nmetadata: {name: x}\n")
    assert console.main(["k8s", "validate", "x.yaml"]) == 0
    said = capsys.readouterr()
    assert said.out == "0 objects checked, 0 violations\n"
    assert "x.yaml: App/x: not checked: there is no schema for argoproj.io/v1 App" in said.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "x.yaml:2: not YAML: "),
        ("- op: add\n", "x.yaml: a document is not an object of Kubernetes: it has no kind"),
        (None, "x.yaml: cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_read_is_a_wrong_request(folder, capsys, text, said):
    if text is not None:
        (folder / "x.yaml").write_text(text)
    assert console.main(["k8s", "validate", "x.yaml"]) == 2
    assert said in capsys.readouterr().err


def test_without_a_builder_the_files_are_read_as_they_are(monkeypatch, capsys):
    monkeypatch.setattr(building.shutil, "which", lambda _: None)
    assert console.main(["k8s", "validate", str(K8S)]) == 0
    said = capsys.readouterr()
    assert said.out.endswith(" objects checked, 0 violations\n")
    assert "kustomizations not built: install kubectl" in said.err


def test_the_module_is_the_command():
    words = [sys.executable, "-m", "ingest.k8s", "validate", str(K8S / "examples/run/rayjob.yaml")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout == "1 object checked, 0 violations\n"
