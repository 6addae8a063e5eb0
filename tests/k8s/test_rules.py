"""Each rule refuses the mistake that it is named for, and says what to write."""

import copy
from typing import Any

import pytest

from ingest.kubernetes.manifest import Manifest
from ingest.kubernetes.rules import RULES
from ingest.kubernetes.validating import SCHEMA, UNIQUE, validate
from tests.k8s.kustomize import build
from tests.k8s.test_manifests import K8S

SOUND = {
    (each["kind"], "ingest/template" in each["metadata"].get("labels", {})): each
    for folder in ("overlays/aws", "overlays/aws/examples")
    for each in build(K8S / folder)
}
HEAD = "spec.rayClusterSpec.headGroupSpec"
WORKERS = "spec.rayClusterSpec.workerGroupSpecs"
POD = f"{HEAD}.template.spec"
RAY = f"{POD}.containers.0"
RULES_OF_DELETION = "spec.deletionStrategy.deletionRules"
GONE = object()


def condition(status: str, seconds: int, policy: str) -> dict[str, Any]:
    return {"policy": policy, "condition": {"jobStatus": status, "ttlSeconds": seconds}}


def rules(*each: dict[str, Any]) -> dict[str, Any]:
    """Return the changes that give a job deletion rules in place of a time to keep its cluster."""
    return {
        "spec.shutdownAfterJobFinishes": False,
        "spec.ttlSecondsAfterFinished": 0,
        "spec.deletionStrategy": {"deletionRules": list(each)},
    }


SUCCEEDED = condition("SUCCEEDED", 60, "DeleteCluster")
MISTAKES: list[tuple[str, str, dict[str, Any]]] = [
    # names
    ("has-name", "RayJob", {"metadata.name": GONE, "metadata.generateName": "orders-"}),
    ("has-name", "ConfigMap", {"metadata.name": GONE}),
    ("name-length", "RayJob", {"metadata.name": "a" * 48}),
    ("name-length", "RayCronJob", {"metadata.name": "a" * 37}),
    ("name-length", "RayCluster", {"metadata.name": "a" * 54}),
    ("name-form", "RayJob", {"metadata.name": "1-orders"}),
    ("name-form", "RayJob", {"metadata.name": "orders_daily"}),
    ("name-form", "ConfigMap", {"metadata.name": "Orders"}),
    ("label-form", "RayJob", {"metadata.labels.version": 1.0}),
    ("label-form", "RayJob", {"metadata.labels.owner": "me@example.org"}),
    # jobs
    ("cluster-or-selector", "RayJob", {"spec.rayClusterSpec": GONE}),
    ("cluster-or-selector", "RayJob", {"spec.clusterSelector": {"name": "x"}}),
    ("selector-limits", "RayJob", {"spec.clusterSelector": {"ray.io/cluster": "x"}}),
    ("suspend-needs-shutdown", "RayJob",
     {"spec.suspend": True, "spec.shutdownAfterJobFinishes": GONE,
      "spec.ttlSecondsAfterFinished": GONE}),
    ("ttl-needs-shutdown", "RayJob", {"spec.shutdownAfterJobFinishes": False}),
    ("positive-times", "RayJob", {"spec.activeDeadlineSeconds": 0}),
    ("positive-times", "RayJob", {"spec.backoffLimit": -1}),
    ("interactive-mode", "RayJob", {"spec.submissionMode": "InteractiveMode"}),
    ("sidecar-mode", "RayJob", {"spec.submissionMode": "SidecarMode"}),
    ("runtime-env-yaml", "RayJob", {"spec.runtimeEnvYAML": "env_vars: {A: 1"}),
    ("managed-by", "RayJob", {"spec.managedBy": "me"}),
    ("queue-limits", "RayJob",
     {"metadata.labels.kueue\\.x-k8s\\.io/queue-name": "q",
      "spec.shutdownAfterJobFinishes": False, "spec.ttlSecondsAfterFinished": 0}),
    ("cron-form", "CronJob", {"spec.schedule": "61 * * * *"}),
    ("cron-form", "RayCronJob", {"spec.timeZone": "Berlin"}),
    # what is deleted after a run
    ("deletion-form", "RayJob",
     {"spec.deletionStrategy": {"onSuccess": {"policy": "DeleteSelf"}}}),
    ("deletion-rules-or-shutdown", "RayJob",
     {"spec.deletionStrategy": {"deletionRules": [SUCCEEDED]}}),
    ("deletion-condition", "RayJob",
     rules({"policy": "DeleteCluster",
            "condition": {"jobStatus": "FAILED", "jobDeploymentStatus": "Failed"}})),
    ("deletion-unique", "RayJob", rules(SUCCEEDED, SUCCEEDED)),
    ("deletion-order", "RayJob", rules(SUCCEEDED, condition("SUCCEEDED", 30, "DeleteSelf"))),
    ("deletion-of-workers", "RayJob", rules(condition("SUCCEEDED", 0, "DeleteWorkers"))),
    # clusters
    ("has-containers", "RayJob", {f"{POD}.containers": []}),
    ("group-names", "RayJob", {f"{WORKERS}.1.groupName": "spot"}),
    ("group-sizes", "RayJob", {f"{WORKERS}.0.minReplicas": 9}),
    ("group-sizes", "RayJob", {f"{WORKERS}.0.replicas": 9}),
    ("resources-once", "RayJob", {f"{HEAD}.resources": {"CPU": "0"}}),
    ("labels-of-group", "RayJob", {f"{HEAD}.rayStartParams.labels": "a=b"}),
    ("autoscaler-restart-policy", "RayJob", {f"{POD}.restartPolicy": "Always"}),
    ("autoscaler-version", "RayJob",
     {f"{RAY}.env": [{"name": "RAY_enable_autoscaler_v2", "value": "1"}]}),
    ("autoscaler-suspend", "RayJob", {f"{WORKERS}.0.suspend": True}),
    ("autoscaler-group-options", "RayJob", {"spec.rayClusterSpec.rayVersion": "2.55.0"}),
    ("autoscaler-group-options", "RayJob",
     {"spec.rayClusterSpec.autoscalerOptions.version": "v1"}),
    ("token-authentication", "RayJob", {"spec.rayClusterSpec.rayVersion": "2.51.0"}),
    ("token-authentication", "RayJob",
     {"spec.rayClusterSpec.authOptions.enableK8sTokenAuth": True}),
    ("fault-tolerance", "RayJob", {f"{RAY}.env": [{"name": "RAY_REDIS_ADDRESS", "value": "r:1"}]}),
    # pods
    ("no-secret-as-text", "RayJob",
     {f"{RAY}.env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "abc"}]}),
    ("no-secret-as-text", "RayJob",
     {"spec.entrypoint": "python -m ingest.run sink.path=postgresql://me:hush@db/x"}),
    ("no-secret-as-text", "RayJob", {"spec.runtimeEnvYAML": "env_vars: {DB_PASSWORD: hush}"}),
    ("no-secret-as-text", "RayJob", {"spec.metadata": {"token": "abc"}}),
    ("pod-security", "RayJob", {f"{POD}.securityContext": {}, f"{RAY}.securityContext": {}}),
    ("pod-security", "CronJob", {"spec.jobTemplate.spec.template.spec.hostNetwork": True}),
    ("image-version", "RayJob", {f"{RAY}.image": "registry.example.org/ingest:latest"}),
    ("quantities", "RayJob", {f"{RAY}.resources.limits.memory": "8GB"}),
    ("quantities", "RayJob", {f"{RAY}.resources.requests.memory": "64Gi"}),
    ("variables", "RayJob", {f"{RAY}.env": [{"name": "A", "value": "1"}] * 2}),
    ("volume-mounts", "RayJob", {f"{POD}.volumes": []}),
    ("end-in-time", "RayJob", {f"{POD}.terminationGracePeriodSeconds": 5}),
    ("end-in-time", "RayCluster",
     {"spec.headGroupSpec.template.spec.containers.0.lifecycle": GONE}),
    # others
    ("one-budget", "PodDisruptionBudget", {"spec.minAvailable": 1}),
    ("role-of-binding", "RoleBinding", {"roleRef.apiGroup": "rbac"}),
    # schemas
    (SCHEMA, "RayJob", {"spec.rayClusterSpec.enableInTreeAutoscalin": True}),
    (SCHEMA, "RayJob", {f"{WORKERS}.0.replicas": "1"}),
    (SCHEMA, "RayJob", {f"{RAY}.volumMounts": []}),
    (SCHEMA, "RayJob", {"spec.rayClusterSpec.autoscalerOptions.version": "v3"}),
    (SCHEMA, "RayCronJob", {"spec.concurrencyPolicy": "Forbid"}),
    (SCHEMA, "NetworkPolicy", {"spec.policyTypess": ["Ingress"]}),
    (SCHEMA, "PodMonitor", {"spec.podMetricsEndpoint": []}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "kind", "changes"), MISTAKES, ids=lambda each: each if isinstance(each, str) else ""
)
def test_a_mistake_is_refused_by_the_rule_of_that_name(rule, kind, changes):
    page = copy.deepcopy(SOUND[kind, False])
    for path, value in changes.items():
        change(page, path, value)
    (violations,) = [
        [each for each in validate([Manifest("x.yaml", page)]).violations if each.rule == rule]
    ]
    assert violations
    for each in violations:
        assert str(each).startswith(f"x.yaml: {kind}")
        assert f": {rule}: " in str(each)


def change(page: Any, path: str, value: Any) -> None:
    """Set what is at a path, or remove it; `\\.` is a dot in a key."""
    parts = path.replace("\\.", "\0").split(".")
    for part in parts[:-1]:
        page = page[int(part)] if isinstance(page, list) else page[part]
    last = parts[-1].replace("\0", ".")
    if value is GONE:
        del page[last]
    else:
        page[int(last) if isinstance(page, list) else last] = value


def test_every_rule_has_a_mistake_here():
    assert {rule.name for rule in RULES} - {"secret-not-in-git"} == {
        name for name, _, _ in MISTAKES
    } - {SCHEMA}
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.text.endswith(".") for rule in RULES)


def test_the_sound_objects_break_no_rule():
    assert not validate([Manifest("x.yaml", each) for each in SOUND.values()]).violations


def test_a_secret_is_not_written_into_a_file():
    page = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}
    assert not validate([Manifest("x.yaml", page)]).violations
    (violation,) = validate([Manifest("x.yaml", page | {"stringData": {"a": "hush"}})]).violations
    assert violation.rule == "secret-not-in-git"
    assert "hush" not in str(violation)


def test_two_objects_of_one_name_are_refused_once():
    page = SOUND["ConfigMap", False]
    (violation,) = validate([Manifest("a.yaml", page), Manifest("b.yaml", page)]).violations
    assert violation.rule == UNIQUE


def test_an_unknown_field_is_answered_with_the_one_that_is_near():
    page = copy.deepcopy(SOUND["RayJob", False])
    change(page, "spec.entrypont", "x")
    (violation,) = validate([Manifest("x.yaml", page)]).violations
    assert violation.text == 'spec.entrypont: unknown field. Did you mean "entrypoint"?'
