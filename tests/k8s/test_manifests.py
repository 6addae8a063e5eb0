"""What lies in k8s/ is as it is rendered, builds, and keeps all rules."""

import shutil
import subprocess

import pytest
import yaml

from ingest.kubernetes import schemas
from ingest.kubernetes.manifest import Manifest
from ingest.kubernetes.validating import validate
from tests.k8s.examples import EXAMPLES, FORMS, ROOT, example
from tests.k8s.kustomize import build

K8S = ROOT / "k8s"
OVERLAYS = sorted(file.parent for file in (K8S / "overlays").rglob("kustomization.yaml"))
BUILT = [folder for folder in OVERLAYS if folder.name in {"examples", "kind", "gcp"}]
KUBECTL = shutil.which("kubectl")


@pytest.mark.parametrize("folder", FORMS)
def test_an_example_is_as_it_is_rendered(folder, request):
    texts = example(folder)
    if request.config.getoption("--update-golden"):
        (EXAMPLES / folder).mkdir(exist_ok=True)
        for name, text in texts.items():
            (EXAMPLES / folder / name).write_text(text, encoding="utf-8")
    written = {
        file.name: file.read_text(encoding="utf-8") for file in (EXAMPLES / folder).iterdir()
    }
    assert written == texts, "write it anew: pytest tests/k8s --update-golden"


def test_there_is_an_overlay_for_each_platform():
    names = {
        folder.parent.name if folder.name == "examples" else folder.name for folder in OVERLAYS
    }
    assert names == {"onprem-minio", "aws", "gcp", "azure", "kind"}


@pytest.mark.parametrize("folder", OVERLAYS, ids=lambda folder: str(folder.relative_to(K8S)))
def test_an_overlay_keeps_all_rules(folder):
    report = validate([Manifest(folder.name, each) for each in build(folder)])
    assert not report.violations
    assert not report.unknown
    assert report.checked >= 8


@pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")
@pytest.mark.parametrize("folder", BUILT, ids=lambda folder: str(folder.relative_to(K8S)))
def test_kubectl_builds_the_same(folder):
    done = subprocess.run([KUBECTL, "kustomize", folder], capture_output=True, check=True)
    assert key_by_name(yaml.load_all(done.stdout, yaml.CSafeLoader)) == key_by_name(build(folder))


def key_by_name(objects):
    return {(each["kind"], each["metadata"]["name"]): each for each in objects}


def test_the_base_has_what_a_namespace_for_runs_needs():
    kinds = {each["kind"] for each in build(K8S / "overlays/aws")}
    assert kinds == {
        "Namespace", "ServiceAccount", "Role", "RoleBinding", "NetworkPolicy",
        "PodDisruptionBudget", "PodMonitor", "PrometheusRule",
    }  # fmt: skip


def test_the_alerts_are_those_for_every_prometheus_and_those_of_kubernetes():
    base = {each["kind"]: each for each in build(K8S / "overlays/aws")}
    alerts = yaml.safe_load((K8S / "monitoring/alerts.yaml").read_text())
    own, *others = base["PrometheusRule"]["spec"]["groups"]
    assert own["name"] == "ingest-kubernetes"
    assert others == alerts["groups"]
    names = [rule["alert"] for group in (own, *others) for rule in group["rules"]]
    assert len(set(names)) == len(names)


def test_every_port_that_is_scraped_is_one_of_a_pod_and_open():
    objects = [*build(K8S / "overlays/aws"), *build(K8S / "overlays/aws/examples")]
    (monitor,) = [each for each in objects if each["kind"] == "PodMonitor"]
    scraped = {each["port"] for each in monitor["spec"]["podMetricsEndpoints"]}
    (job, _) = [Manifest("x", each) for each in objects if each["kind"] == "RayJob"]
    ports = {
        port["name"]: port["containerPort"]
        for _, container in job.containers()
        for port in container.get("ports", ())
    }
    assert scraped == {"metrics", "run-metrics"}
    policies = str([each for each in objects if each["kind"] == "NetworkPolicy"])
    assert all(f"'port': {ports[name]}" in policies for name in scraped)


def test_the_examples_have_all_kinds_of_rays_objects():
    kinds = {each["kind"] for each in build(K8S / "overlays/aws/examples")}
    assert kinds == {"RayJob", "RayCluster", "CronJob", "RayCronJob", "ConfigMap"}
    assert all(f"ray.io/v1 {kind}" in schemas.kinds() for kind in kinds if kind.startswith("Ray"))


@pytest.mark.parametrize(
    ("overlay", "parts"),
    [
        ("aws", ["eks.amazonaws.com/capacityType", "AWS_REGION"]),
        ("gcp", ["iam.gke.io/gke-metadata-server-enabled", "cloud.google.com/gke-spot"]),
        ("azure", ["azure.workload.identity/use", "kubernetes.azure.com/scalesetpriority"]),
        ("onprem-minio", ["minio-credentials", "AWS_ENDPOINT_URL", "kueue.x-k8s.io/queue-name"]),
        ("kind", ["'image': 'ingest:0.1.0'"]),
    ],
)
def test_a_patch_reaches_every_object_of_ray(overlay, parts):
    for each in build(K8S / "overlays" / overlay / "examples"):
        if each["kind"].startswith("Ray"):
            text = str(each)
            is_run = each["kind"] == "RayJob" and "ingest/template" not in text
            for part in parts:
                assert part in text or (part.startswith("kueue") and not is_run)


def test_identities_are_annotations_of_the_account():
    found = {
        overlay: next(
            each["metadata"].get("annotations", {})
            for each in build(K8S / "overlays" / overlay)
            if (each["kind"], each["metadata"]["name"]) == ("ServiceAccount", "ingest")
        )
        for overlay in ("aws", "gcp", "azure")
    }
    assert {overlay: next(iter(annotations)) for overlay, annotations in found.items()} == {
        "aws": "eks.amazonaws.com/role-arn",
        "gcp": "iam.gke.io/gcp-service-account",
        "azure": "azure.workload.identity/client-id",
    }


def test_what_kustomize_is_told_of_rays_objects_is_the_same_everywhere():
    told = (ROOT / "ingest/kubernetes/kustomizeconfig.yaml").read_text()
    assert (K8S / "components/kind/kustomizeconfig.yaml").read_text() == told
