"""What Kubernetes refuses in objects beside the runs."""

from collections.abc import Iterator

from ingest.kubernetes.manifest import Manifest, mapping
from ingest.kubernetes.rules.base import rule


@rule("one-budget", "PodDisruptionBudget")
def one_budget(manifest: Manifest) -> Iterator[str]:
    """A disruption budget says how many pods may go, or how many must stay, not both."""
    given = [name for name in ("minAvailable", "maxUnavailable") if name in manifest.spec]
    if len(given) != 1:
        yield "spec: write either minAvailable or maxUnavailable"
    if not mapping(manifest.spec.get("selector")):
        yield "spec.selector: is empty, which means no pod. Write matchLabels"


@rule("role-of-binding", "RoleBinding")
def role_of_binding(manifest: Manifest) -> Iterator[str]:
    """A binding names a role and at least one subject, each in its API group."""
    if mapping(manifest.body.get("roleRef")).get("apiGroup") != "rbac.authorization.k8s.io":
        yield "roleRef.apiGroup: write rbac.authorization.k8s.io"
    if not manifest.body.get("subjects"):
        yield "subjects: is empty. Write a service account"


@rule("secret-not-in-git", "Secret")
def secret_not_in_git(manifest: Manifest) -> Iterator[str]:
    """Files hold no secrets: a Secret with values is made by a command or another operator."""
    values = {**mapping(manifest.body.get("data")), **mapping(manifest.body.get("stringData"))}
    if any(values.values()):
        yield (
            "data: contains secrets. Create it with kubectl create secret, or with an operator "
            "for secrets"
        )


RULES = (one_budget, role_of_binding, secret_not_in_git)
