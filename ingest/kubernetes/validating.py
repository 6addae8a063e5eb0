"""Manifests against their schemas and all rules."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import yaml

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError
from ingest.kubernetes import schemas
from ingest.kubernetes.manifest import Manifest
from ingest.kubernetes.rules import RULES

SCHEMA = "schema"
UNIQUE = "unique-objects"
BEYOND_RULES = {
    SCHEMA: "Fields are those of the CRDs of KubeRay 1.7.0, of PodMonitor and PrometheusRule, or "
    "of Kubernetes 1.37; unknown fields are refused.",
    UNIQUE: "No two objects have the same kind, namespace and name.",
}
"""The rules that are not about the fields of one object, with what they say."""
NOT_OBJECTS = ("Kustomization", "Component")
"""Kinds that kustomize reads, and no cluster sees."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: in which file and object, and a sentence with what to write."""

    file: str
    object: str
    rule: str
    text: str

    def __str__(self) -> str:
        end = "" if self.text.endswith("?") else "."
        return f"{self.file}: {self.object}: {self.rule}: {self.text}{end}"


@dataclass(frozen=True, slots=True)
class Report:
    """What came out: the violations, how many objects were checked, and which had no schema."""

    violations: tuple[Violation, ...]
    checked: int
    unknown: tuple[Manifest, ...]


def read(text: str, file: str) -> list[Manifest]:
    """Return the objects of a file of YAML documents, those of a `List` one by one.

    Raises:
        ConfigError: it is not YAML, or a document is not an object.
    """
    try:
        documents = [each for each in yaml.load_all(text, yaml.CSafeLoader) if each is not None]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        why = getattr(error, "problem", None) or "cannot be read"
        raise ConfigError(f"{file}{line}: not YAML: {why}. Fix it") from None
    manifests = []
    for document in documents:
        if not isinstance(document, dict) or not isinstance(document.get("kind"), str):
            raise ConfigError(
                f"{file}: a document is not an object of Kubernetes: it has no kind. Name files or "
                "folders of manifests"
            )
        is_list = document["kind"] == "List" and isinstance(document.get("items"), list)
        bodies = document["items"] if is_list else [document]
        manifests += [Manifest(file, body) for body in bodies if isinstance(body, dict)]
    return [each for each in manifests if each.kind not in NOT_OBJECTS]


def validate(manifests: Sequence[Manifest]) -> Report:
    """Check all of them against schemas and rules."""
    known = schemas.kinds()
    violations = [each for manifest in manifests for each in _violations(manifest)]
    violations += _repeated(manifests)
    unknown = tuple(each for each in manifests if each.type not in known)
    return Report(tuple(violations), len(manifests) - len(unknown), unknown)


def _violations(manifest: Manifest) -> Iterator[Violation]:
    for text in schemas.violations(manifest):
        yield Violation(manifest.file, manifest.title, SCHEMA, text)
    for rule in RULES:
        if rule.applies(manifest):
            for text in dict.fromkeys(rule.check(manifest)):
                yield Violation(manifest.file, manifest.title, rule.name, text)


def _repeated(manifests: Iterable[Manifest]) -> Iterator[Violation]:
    keys = Counter(
        (each.type, str(each.metadata.get("namespace", "")), each.name)
        for each in manifests
        if each.name
    )
    for each in manifests:
        key = (each.type, str(each.metadata.get("namespace", "")), each.name)
        if keys.pop(key, 1) > 1:
            text = "several objects have this kind, namespace and name. Rename or remove one"
            yield Violation(each.file, each.title, UNIQUE, text)
