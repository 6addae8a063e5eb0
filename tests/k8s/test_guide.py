"""The guide to Kubernetes: its commands run here, or are read by the programs they are for.

`ingest` runs in this process. What is applied is built, and checked by schemas and rules; `kubectl`
makes the Secrets without a cluster, where it is installed. Nothing pushes, installs or connects.
"""

import json
import re
import shlex
import subprocess

import pytest
import yaml

from ingest import __main__ as console
from ingest import __version__
from ingest.kubernetes.manifest import Manifest
from ingest.kubernetes.validating import read, validate
from tests.k8s.examples import ROOT
from tests.k8s.kustomize import build
from tests.k8s.test_manifests import KUBECTL, OVERLAYS

PAGE = (ROOT / "docs/guides/kubernetes.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [
    shlex.split(line.removeprefix("$ "))
    for kind, text in BLOCKS
    if kind == "console"
    for line in text.splitlines()
]
OF_INGEST = [words for words in COMMANDS if words[0] == "ingest"]
INLINE = [shlex.split(text) for text in re.findall(r"`((?:kubectl|ingest) [^`]+)`", PAGE)]
READ_ONLY = {"get", "logs"}
"""What only looks at a cluster, and there is none."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A repository of jobs, with the files of the guide in it."""
    folder = tmp_path_factory.mktemp("guide")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert console.main(["init-project", "shop"]) == 0
    shop = folder / "shop"
    for kind, text in BLOCKS:
        if kind == "yaml":
            first, _, rest = text.partition("\n")
            path = re.search(r"conf/\S+\.yaml", first)[0]
            before = (shop / path).read_text() if first.startswith("# added") else ""
            (shop / path).write_text(before + rest)
    return shop


def test_the_commands_of_ingest_run_one_after_the_other(shop, monkeypatch, capsys):
    monkeypatch.chdir(shop)
    (shop / "k8s").symlink_to(ROOT / "k8s")
    said = []
    for words in OF_INGEST:
        own, _, rest = " ".join(words).partition(" | ")
        words = ["state" if word.startswith("s3://") else word for word in own.split()]  # noqa: PLW2901
        assert console.main(words[1:]) == 0, capsys.readouterr().err
        said.append(capsys.readouterr().out)
        if rest:
            assert rest == "kubectl apply -f -"
            assert not validate(read(said[-1], "stdin")).violations
    checks = [
        text
        for words, text in zip(OF_INGEST, said, strict=True)
        if "k8s validate" in " ".join(words)
    ]
    assert len(checks) == 3
    assert all(text.endswith(" checked, 0 violations\n") for text in checks)
    for words in COMMANDS:
        if words[:3] == ["kubectl", "apply", "-k"]:
            objects = build(shop / words[3])
            report = validate([Manifest(words[3], each) for each in objects])
            assert report.checked == len(objects)
            assert not report.violations
    if KUBECTL:
        (words,) = [words for words in COMMANDS if words[:2] == ["kubectl", "patch"]]
        file = shop / f"deploy/{words[3]}/cronjob.yaml"
        local = [KUBECTL, "patch", "--local", f"--filename={file}", *words[4:], "--output=json"]
        done = subprocess.run(local, check=True, capture_output=True)
        assert json.loads(done.stdout)["spec"]["suspend"] is True


def test_what_is_applied_belongs_together():
    """The names that pods refer to are those that the guide creates."""
    base = build(ROOT / "k8s/overlays/aws")
    names = {each["metadata"]["name"] for each in base if each["kind"] == "ServiceAccount"}
    assert names == {"ingest", "ingest-starter"}
    secrets = {words[4] for words in COMMANDS if words[1:4] == ["create", "secret", "generic"]}
    assert secrets == {"ingest-ray-token", "lake-credentials"}
    for words in COMMANDS:
        if "--namespace" in words and words[0] == "kubectl":
            namespace = "monitoring" if words[1] == "exec" else "ingest"
            assert words[words.index("--namespace") + 1] == namespace
    overlays = {f"k8s/{folder.relative_to(ROOT / 'k8s')}" for folder in OVERLAYS}
    assert set(re.findall(r"`(k8s/overlays/[\w-]+)`", PAGE)) == {
        each for each in overlays if not each.endswith("examples")
    }


@pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")
def test_kubectl_makes_the_secrets():
    made = [words for words in COMMANDS if words[:2] == ["kubectl", "create"]]
    assert len(made) == 2
    for words in made:
        done = subprocess.run(
            [KUBECTL, *words[1:], "--dry-run=client", "--output=yaml"],
            capture_output=True, check=True,
        )  # fmt: skip
        page = yaml.safe_load(done.stdout)
        assert (page["kind"], page["metadata"]["namespace"]) == ("Secret", "ingest")


@pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")
def test_kubectl_knows_every_option():
    for words in [*COMMANDS, *INLINE]:
        if words[0] == "kubectl":
            shown = subprocess.run(
                [KUBECTL, words[1], "--help"], capture_output=True, text=True, check=True
            ).stdout
            ours = words[: words.index("--")] if "--" in words else words
            own = [word.partition("=")[0] for word in ours if word.startswith("--")]
            common = {"--namespace", "--from-literal"}
            assert all(f"{option}=" in shown for option in own if option not in common), words
    for words in INLINE:
        assert words[0] != "ingest" or words[1] in console.COMMANDS, words
    others = {words[1] for words in COMMANDS if words[0] == "kubectl"} - READ_ONLY
    assert others == {"apply", "create", "exec", "patch"}


def test_images_are_built_from_files_that_are_there(shop):
    built = [words for words in COMMANDS if words[:2] == ["docker", "build"]]
    ours, jobs = built
    assert (ROOT / ours[ours.index("-f") + 1]).is_file()
    assert (shop / "Dockerfile").is_file()
    assert ours[ours.index("-t") + 1] == f"registry.example.org/ingest:{__version__}"
    assert f"FROM {ours[ours.index('-t') + 1]}" in (shop / "Dockerfile").read_text()
    pushed = [words[2] for words in COMMANDS if words[:2] == ["docker", "push"]]
    assert pushed == [words[words.index("-t") + 1] for words in built]
    cluster = yaml.safe_load((shop / "conf/cluster/kubernetes.yaml").read_text())
    assert cluster["image"] == jobs[jobs.index("-t") + 1]


def test_the_operators_are_pinned_and_kuberay_has_the_version_of_the_schemas():
    installed = {
        words[3]: words[words.index("--version") + 1]
        for words in COMMANDS
        if words[:2] == ["helm", "install"]
    }
    assert list(installed) == [
        "prometheus-community/kube-prometheus-stack", "kuberay/kuberay-operator",
    ]  # fmt: skip
    version = installed["kuberay/kuberay-operator"]
    assert f"KubeRay {version}" in (ROOT / "ingest/kubernetes/schemas.py").read_text()
    added = {words[3] for words in COMMANDS if words[:3] == ["helm", "repo", "add"]}
    assert {name.partition("/")[0] for name in installed} == added


def test_prometheus_is_given_a_file_and_lets_kuberay_add_a_monitor():
    prometheus, kuberay = [words for words in COMMANDS if words[:2] == ["helm", "install"]]
    assert (ROOT / prometheus[prometheus.index("--values") + 1]).is_file()
    assert "metrics.serviceMonitor.enabled=true" in kuberay  # see values.yaml of KubeRay's chart
    (asked,) = [words for words in COMMANDS if words[:2] == ["kubectl", "exec"]]
    for words in prometheus, asked:
        assert words[words.index("--namespace") + 1] == "monitoring"
    release = f"{prometheus[2]}-kube-prometheus-stack"[:26].rstrip("-")  # as the chart does
    assert f"alertmanager-{release}-alertmanager-0" in asked


def test_every_alert_of_the_guide_is_one():
    named = set(re.findall(r"`(Ingest\w+)`", PAGE))
    rule = (ROOT / "k8s/base/prometheusrule.yaml").read_text()
    assert named <= set(re.findall(r"alert: (\w+)", rule))
    kubernetes = rule.partition("- name: ingest-runs")[0]
    assert set(re.findall(r"alert: (\w+)", kubernetes)) <= named


def test_no_other_program_is_asked_for():
    assert {words[0] for words in COMMANDS} == {"helm", "ingest", "kubectl", "docker", "cd"}
