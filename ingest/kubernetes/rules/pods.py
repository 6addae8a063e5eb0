"""What Kubernetes refuses in pods, and what no pod of a run may have: root, secrets as text."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import yaml

from ingest.kubernetes.manifest import Manifest, Spec, environment, items, mapping
from ingest.kubernetes.quantities import number
from ingest.kubernetes.rules.base import JOBS, PODS, rule

_VARIABLE = re.compile(r"[A-Za-z_.-][A-Za-z0-9_.-]*")
_SECRET = re.compile(
    r"PASSWORD|PASSWD|SECRET|TOKEN|ACCESS_KEY|API_KEY|PRIVATE_KEY|ACCOUNT_KEY|CREDENTIAL",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"(_FILE|_PATH|_ID)$|^(AWS_WEB_IDENTITY_TOKEN_FILE)$", re.IGNORECASE)
_IN_TEXT = re.compile(
    r"://[^/\s:@]+:[^/\s@]+@"  # a password in a URL
    r"|\bAKIA[0-9A-Z]{16}\b"  # a key of AWS
    r"|(?:password|secret|token|access_key|account_key)[\w.]*[=:]\s*(?!null|\{)[^\s,}]+",
    re.IGNORECASE,
)


@rule("no-secret-as-text", *PODS)
def no_secret_as_text(manifest: Manifest) -> Iterator[str]:
    """Secrets are references. An entrypoint, metadata or runtime environment is shown to many."""
    for where, container in manifest.containers():
        for name, value in environment(container).items():
            if value and is_secret(name, str(value)):
                yield f"{where}.env.{name}: {_REFER}"
    job = manifest.job or {}
    for name in ("entrypoint", "runtimeEnvYAML"):
        if _IN_TEXT.search(str(job.get(name) or "")):
            yield f"{name}: contains a secret. {_REFER}"
    for name, value in {**mapping(job.get("metadata")), **_runtime_variables(job)}.items():
        if is_secret(str(name), str(value)):
            yield f"{name}: contains a secret. {_REFER}"


_REFER = "Put it into a Secret, and write valueFrom: {secretKeyRef: {name: NAME, key: KEY}}"


def is_secret(name: str, value: str) -> bool:
    """Say whether a variable has a secret as its text, by its name or what is in it."""
    named = _SECRET.search(name) and not _PLAIN.search(name)
    return bool(named or _IN_TEXT.search(value))


def _runtime_variables(job: Spec) -> Spec:
    try:
        page = yaml.safe_load(str(job.get("runtimeEnvYAML") or ""))
    except yaml.YAMLError:
        return {}  # another rule says so
    return mapping(mapping(page).get("env_vars"))


@rule("pod-security", *PODS)
def pod_security(manifest: Manifest) -> Iterator[str]:
    """Pods run as a user without rights, on a root file system that cannot be written."""
    for where, pod in manifest.pods():
        whole = mapping(pod.get("securityContext"))
        for key in ("hostNetwork", "hostPID", "hostIPC"):
            if pod.get(key):
                yield f"{where}.{key}: is not allowed. Remove it"
        for number_, container in enumerate(map(mapping, items(pod.get("containers")))):
            own = mapping(container.get("securityContext"))
            at = f"{where}.containers[{number_}].securityContext"
            if own.get("runAsNonRoot", whole.get("runAsNonRoot")) is not True:
                yield f"{at}.runAsNonRoot: write true"
            if own.get("allowPrivilegeEscalation") is not False:
                yield f"{at}.allowPrivilegeEscalation: write false"
            if own.get("readOnlyRootFilesystem") is not True:
                yield f"{at}.readOnlyRootFilesystem: write true"
            if "ALL" not in items(mapping(own.get("capabilities")).get("drop")):
                yield f"{at}.capabilities: write {{drop: [ALL]}}"
            profile = mapping(own.get("seccompProfile", whole.get("seccompProfile"))).get("type")
            if profile not in {"RuntimeDefault", "Localhost"}:
                yield f"{at}.seccompProfile: write {{type: RuntimeDefault}}"


@rule("image-version", *PODS)
def image_version(manifest: Manifest) -> Iterator[str]:
    """Images have a tag that does not change, or a digest: a resumed run needs the same one."""
    for where, container in manifest.containers():
        image = str(container.get("image") or "")
        tag = image.rpartition("/")[2].partition(":")[2]
        if not image or ("@sha256:" not in image and tag in {"", "latest"}):
            yield f'{where}.image: "{image}". Write NAME:TAG or NAME@sha256:DIGEST'


@rule("quantities", *PODS)
def quantities(manifest: Manifest) -> Iterator[str]:
    """Amounts are written as `500m`, `2` or `8Gi`, and a request is not above its limit."""
    for where, container in manifest.containers():
        resources = mapping(container.get("resources"))
        amounts: dict[tuple[str, str], Any] = {}
        for part in ("requests", "limits"):
            for name, text in mapping(resources.get(part)).items():
                amounts[part, name] = number(str(text))
                if amounts[part, name] is None:
                    yield f'{where}.resources.{part}.{name}: "{text}". Write such as 2, 500m or 8Gi'
        for (part, name), amount in amounts.items():
            most = amounts.get(("limits", name))
            if part == "requests" and None not in (amount, most) and amount > most:
                yield f"{where}.resources.requests.{name}: is above the limit. Write at most that"


@rule("variables", *PODS)
def variables(manifest: Manifest) -> Iterator[str]:
    """Environment variables have valid names, and each is set once."""
    for where, container in manifest.containers():
        names = [str(mapping(each).get("name")) for each in items(container.get("env"))]
        for name, times in Counter(names).items():
            if not _VARIABLE.fullmatch(name):
                yield f'{where}.env: "{name}" is not a valid name. Write letters, digits and _'
            elif times > 1:
                yield f"{where}.env.{name}: is set {times} times. Keep one"


@rule("volume-mounts", *PODS)
def volume_mounts(manifest: Manifest) -> Iterator[str]:
    """What a container mounts is a volume of its pod, each at a path of its own."""
    for where, pod in manifest.pods():
        volumes = {mapping(each).get("name") for each in items(pod.get("volumes"))}
        for key in ("initContainers", "containers"):
            for each in map(mapping, items(pod.get(key))):
                mounts = [mapping(mount) for mount in items(each.get("volumeMounts"))]
                at = f"{where}.{key}.{each.get('name')}.volumeMounts"
                for mount in mounts:
                    if mount.get("name") not in volumes:
                        yield f'{at}: the pod has no volume "{mount.get("name")}". Add it'
                for path, times in Counter(mount.get("mountPath") for mount in mounts).items():
                    if times > 1:
                        yield f"{at}: {times} volumes at {path}. Write different paths"


@rule("end-in-time", *JOBS, "RayCluster")
def end_in_time(manifest: Manifest) -> Iterator[str]:
    """Pods of Ray stop in order: a `preStop` hook, and a grace period that leaves time for it."""
    for where, group in manifest.groups():
        pod = mapping(mapping(group.get("template")).get("spec"))
        grace = pod.get("terminationGracePeriodSeconds", 30)
        if isinstance(grace, int) and grace < LEAST_GRACE_S:
            yield (
                f"{where}.template.spec.terminationGracePeriodSeconds: {grace}. Write at least "
                f"{LEAST_GRACE_S}"
            )
        for container in map(mapping, items(pod.get("containers"))[:1]):
            if not mapping(container.get("lifecycle")).get("preStop"):
                yield f"{where}.template.spec.containers[0].lifecycle.preStop: is missing"


LEAST_GRACE_S = 30

RULES = (
    no_secret_as_text,
    pod_security,
    image_version,
    quantities,
    variables,
    volume_mounts,
    end_in_time,
)
