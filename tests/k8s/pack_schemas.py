"""Makes ingest/kubernetes/schemas.json: what manifests are checked against, without descriptions.

    python -m tests.k8s.pack_schemas CRD.yaml... --core FOLDER

The CRDs are those of KubeRay (ray.io_*.yaml of its release) and of the Prometheus operator
(PodMonitor, PrometheusRule). FOLDER is a folder of JSON schemas of Kubernetes' own kinds, as
`pip download kubernetes-validate` brings it: `kubernetes-json-schema/v1.37.0-local-strict`. Parts
that several kinds have, such as a pod's, are kept once. All of them are under the Apache License.
"""

import argparse
import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

TARGET = Path(__file__).parents[2] / "ingest/kubernetes/schemas.json"
CORE = {
    ("v1", "ConfigMap"): "configmap-v1",
    ("v1", "Namespace"): "namespace-v1",
    ("v1", "PersistentVolumeClaim"): "persistentvolumeclaim-v1",
    ("v1", "Pod"): "pod-v1",
    ("v1", "ResourceQuota"): "resourcequota-v1",
    ("v1", "Secret"): "secret-v1",
    ("v1", "Service"): "service-v1",
    ("v1", "ServiceAccount"): "serviceaccount-v1",
    ("batch/v1", "CronJob"): "cronjob-batch-v1",
    ("batch/v1", "Job"): "job-batch-v1",
    ("networking.k8s.io/v1", "NetworkPolicy"): "networkpolicy-networking-v1",
    ("policy/v1", "PodDisruptionBudget"): "poddisruptionbudget-policy-v1",
    ("rbac.authorization.k8s.io/v1", "Role"): "role-rbac-v1",
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): "rolebinding-rbac-v1",
    ("scheduling.k8s.io/v1", "PriorityClass"): "priorityclass-scheduling-v1",
}
KEPT = ("type", "enum", "pattern", "minimum", "maximum", "minLength", "maxLength", "minItems")
SHARED_CHARACTERS = 160
"""A part that is at least that long and occurs twice is kept once."""


def main() -> None:
    """Read the schemas, and write them packed."""
    options = argparse.ArgumentParser()
    options.add_argument("crds", nargs="+", type=Path)
    options.add_argument("--core", type=Path, required=True)
    arguments = options.parse_args()
    kinds: dict[str, Any] = {}
    for path in arguments.crds:
        crd = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["spec"]
        version = next(each for each in crd["versions"] if each["storage"])
        name = f"{crd['group']}/{version['name']} {crd['names']['kind']}"
        kinds[name] = stripped(version["schema"]["openAPIV3Schema"])
    definitions = json.loads((arguments.core / "_definitions.json").read_text())["$defs"]
    for (version, kind), name in CORE.items():
        schema = json.loads((arguments.core / f"{name}.json").read_text())
        kinds[f"{version} {kind}"] = stripped(unfolded(schema, definitions))
    for schema in kinds.values():  # names, labels and annotations are the rules' business
        schema["properties"]["metadata"] = {"type": "object"}
        schema["required"] = sorted({*schema.get("required", ()), "metadata"})
    TARGET.write_text(lines(packed(kinds)), encoding="utf-8")
    print(f"{TARGET}: {len(kinds)} kinds, {TARGET.stat().st_size:,} bytes")


def lines(page: dict[str, dict[str, Any]]) -> str:
    """Return JSON with a line for each kind and each definition, so that changes can be read."""
    parts = (
        f"{json.dumps(part)}:{{\n"
        + ",\n".join(
            f"{json.dumps(name)}:{json.dumps(schema, separators=(',', ':'), sort_keys=True)}"
            for name, schema in sorted(schemas.items())
        )
        + "\n}"
        for part, schemas in page.items()
    )
    return "{\n" + ",\n".join(parts) + "\n}\n"


def unfolded(schema: Any, definitions: dict[str, Any]) -> Any:
    """Return a schema with what it refers to in its place."""
    if isinstance(schema, list):
        return [unfolded(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if reference := schema.get("$ref"):
        return unfolded(definitions[reference.rpartition("/")[2]], definitions)
    return {key: unfolded(each, definitions) for key, each in schema.items()}


def stripped(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what of a schema decides whether a value is right; unknown fields are not.

    A field with a default need not be there: the server fills it in before it checks.
    """
    result = {key: schema[key] for key in KEPT if key in schema}
    if schema.get("x-kubernetes-int-or-string") or schema.get("format") == "int-or-string":
        return {"type": ["integer", "string"]}
    if "oneOf" in schema and "type" not in schema:  # int-or-string and quantities, in the core
        return {"type": ["integer", "number", "string", "null"]}
    if schema.get("nullable") and "type" in result:
        usual = result["type"]
        result["type"] = ["null", *([usual] if isinstance(usual, str) else usual)]
    if "items" in schema:
        result["items"] = stripped(schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        result["additionalProperties"] = stripped(schema["additionalProperties"])
    fields = schema.get("properties")
    if fields:
        result["properties"] = {name: stripped(each) for name, each in fields.items()}
        free = schema.get("x-kubernetes-preserve-unknown-fields") or schema.get(
            "x-kubernetes-embedded-resource"
        )
        if not free and "additionalProperties" not in result:
            result["additionalProperties"] = False
    required = [name for name in schema.get("required", ()) if "default" not in fields[name]]
    if required:
        result["required"] = required
    return result


def packed(kinds: dict[str, Any]) -> dict[str, Any]:
    """Return the kinds, with parts that occur more than once as definitions."""
    seen: Counter[str] = Counter()
    count(kinds, seen)
    names = {
        text: hashlib.sha256(text.encode()).hexdigest()[:8]
        for text, number in seen.items()
        if number > 1
    }
    definitions: dict[str, Any] = {}
    page = {name: shared(schema, names, definitions) for name, schema in kinds.items()}
    return {"kinds": page, "definitions": definitions}


def count(schema: Any, seen: Counter[str]) -> None:
    """Count how often each long part occurs."""
    if isinstance(schema, dict):
        text = json.dumps(schema, sort_keys=True)
        if len(text) >= SHARED_CHARACTERS and is_schema(schema):
            seen[text] += 1
            if seen[text] > 1:
                return  # what is in it is shared with it
        for each in schema.values():
            count(each, seen)


def shared(schema: Any, names: dict[str, str], definitions: dict[str, Any]) -> Any:
    """Return a schema that refers to definitions, which are filled in."""
    if not isinstance(schema, dict):
        return schema
    text = json.dumps(schema, sort_keys=True)
    name = names.get(text) if is_schema(schema) else None
    if name and name in definitions:
        return {"$ref": f"#/definitions/{name}"}
    result = {key: shared(each, names, definitions) for key, each in schema.items()}
    if name is None:
        return result
    definitions[name] = result
    return {"$ref": f"#/definitions/{name}"}


def is_schema(schema: dict[str, Any]) -> bool:
    """Say whether it is the schema of a value, and not a mapping of field names to schemas."""
    return isinstance(schema.get("type"), str | list)


if __name__ == "__main__":
    main()
